import CPlatform

/// Joins groups of codes as long as one table for both costs fewer bits than two.
struct GroupMerge {
  /// For each of the groups at the start, the one that it is part of now; numbered from 0.
  private(set) var places: List<UInt8> = List()
  private(set) var bits = 0.0

  /// - Parameters:
  ///   - histograms: `count` times 256 counts of symbols; those of joined groups are added up.
  ///   - most: how many groups may be left.
  ///   - cost: bits of a group from so many counts, what its table costs included.
  init(
    _ histograms: UnsafeMutablePointer<Int>, count: Int, most: Int,
    cost: (UnsafePointer<Int>, Int) -> Double
  ) throws(AEZipError) {
    // Symbols above the largest one that occurs need no look.
    var used = 1
    for group in 0..<count {
      for symbol in used..<256 where histograms[256 * group + symbol] > 0 { used = symbol + 1 }
    }
    let sum = try Memory<Int>(used + 3)
    let costs = try Memory<Double>(count)
    let gains = try Memory<Double>(count * count)
    var alive = List<Int>()
    func join(_ a: Int, _ b: Int, into target: UnsafeMutablePointer<Int>) {
      let (a, b) = (histograms + 256 * a, histograms + 256 * b)
      aezk_add_counts(target, a, b, used)
    }
    // What a pair would save.
    func note(_ a: Int, _ b: Int) {
      join(a, b, into: sum.base)
      gains.base[b * count + a] = costs.base[a] + costs.base[b] - cost(sum.base, used)
    }
    for group in 0..<count {
      costs.base[group] = cost(histograms + 256 * group, used)
      alive.append(group)
      places.append(UInt8(group))
    }
    for b in 0..<count { for a in 0..<b { note(a, b) } }
    while alive.count > 1 {
      var (first, second, best) = (0, 1, -Double.infinity)
      for b in 1..<alive.count {
        let row = gains.base + alive[b] * count
        for a in 0..<b where row[alive[a]] > best { (first, second, best) = (a, b, row[alive[a]]) }
      }
      guard best > 0 || alive.count > most else { break }
      let kept = alive[first]
      join(kept, alive[second], into: histograms + 256 * kept)
      costs.base[kept] = cost(histograms + 256 * kept, used)
      alive.remove(at: second)
      for place in 0..<places.count {
        if Int(places[place]) == second { places[place] = UInt8(first) }
        if Int(places[place]) > second { places[place] -= 1 }
      }
      for place in 0..<alive.count where place != first {
        note(min(kept, alive[place]), max(kept, alive[place]))
      }
    }
    for group in alive { bits += costs.base[group] }
  }
}
