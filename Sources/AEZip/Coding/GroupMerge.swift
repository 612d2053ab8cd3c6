/// Joins groups of codes as long as one table for both costs fewer bits than two.
struct GroupMerge {
  /// For each of the groups at the start, the one that it is part of now; numbered from 0.
  private(set) var places: List<UInt8> = List()
  private(set) var bits = 0.0

  /// - Parameters:
  ///   - histograms: `count` times 256 counts of symbols.
  ///   - most: how many groups may be left.
  ///   - cost: bits of a group from its histogram, what its table costs included.
  init(
    _ histograms: UnsafeMutablePointer<Int64>, count: Int, most: Int, cost: ([Int]) -> Double
  ) {
    var groups: [[Int]] = []
    for group in 0..<count {
      var counts = [Int](repeating: 0, count: Symbols.count)
      for symbol in 0..<Symbols.count { counts[symbol] = Int(histograms[256 * group + symbol]) }
      groups.append(counts)
      places.append(UInt8(group))
    }
    var costs = groups.map(cost)
    func together(_ a: Int, _ b: Int) -> [Int] {
      var sum = groups[a]
      for symbol in 0..<sum.count { sum[symbol] += groups[b][symbol] }
      return sum
    }
    // What each pair would save.
    var gains = [[Double]](repeating: [Double](repeating: 0, count: count), count: count)
    func note(_ a: Int, _ b: Int) { gains[b][a] = costs[a] + costs[b] - cost(together(a, b)) }
    for b in 0..<count { for a in 0..<b { note(a, b) } }
    while groups.count > 1 {
      var (first, second, best) = (0, 1, -Double.infinity)
      for b in 1..<groups.count {
        for a in 0..<b where gains[b][a] > best { (first, second, best) = (a, b, gains[b][a]) }
      }
      guard best > 0 || groups.count > most else { break }
      groups[first] = together(first, second)
      costs[first] = cost(groups[first])
      groups.remove(at: second)
      costs.remove(at: second)
      gains.remove(at: second)
      for row in 0..<gains.count { gains[row].remove(at: second) }
      for place in 0..<places.count {
        if Int(places[place]) == second { places[place] = UInt8(first) }
        if Int(places[place]) > second { places[place] -= 1 }
      }
      for a in 0..<first { note(a, first) }
      for b in first + 1..<max(groups.count, first + 1) { note(first, b) }
    }
    for cost in costs { bits += cost }
  }
}
