import CPlatform

/// Huffman's code with limited lengths, canonical as deflate wants it.
final class PrefixCode {
  /// Room for 260 symbols, and 19 behind them.
  static let most = 288
  private let sums: Memory<Int>
  private let parents: Memory<Int>
  private let keys: Memory<Int>

  init() throws(AEZipError) {
    sums = try Memory(2 * Self.most)
    parents = try Memory(2 * Self.most)
    keys = try Memory(2 * Self.most + Int(AEZK_SORT_TABLE))
  }

  /// Joins the two rarest nodes again and again.
  ///
  /// - Parameters:
  ///   - sums: the counts of `used` leaves, ascending; those of inner nodes, which arise in ascending
  ///     order too, are put behind them, the root's last.
  ///   - parents: receives the inner node that each node is joined in.
  /// - Returns: the bits of all symbols: each count times the length of its code.
  static func merge(
    _ sums: UnsafeMutablePointer<Int>, _ used: Int, parents: UnsafeMutablePointer<Int>?
  ) -> Int {
    var total = 0
    var (leaf, node) = (0, used)
    for inner in used..<max(2 * used - 1, used) {
      var sum = 0
      for _ in 0..<2 {
        var taken = leaf
        if leaf < used && (node >= inner || sums[leaf] <= sums[node]) {
          leaf += 1
        } else {
          taken = node
          node += 1
        }
        sum += sums[taken]
        parents?[taken] = inner
      }
      sums[inner] = sum
      total += sum
    }
    return total
  }

  /// Sets the length of each symbol's code, 0 for symbols that do not occur. At least two must occur.
  ///
  /// - Parameter limit: the largest length.
  func lengths(
    _ counts: UnsafePointer<Int>, _ count: Int, limit: Int, _ lengths: UnsafeMutablePointer<UInt8>
  ) {
    // Symbols in ascending order of counts.
    var used = 0
    for symbol in 0..<count {
      lengths[symbol] = 0
      guard counts[symbol] > 0 else { continue }
      keys.base[used] = counts[symbol] << 9 | symbol
      used += 1
    }
    aezk_sort(keys.base, keys.base + Self.most, used)
    for leaf in 0..<used { sums.base[leaf] = keys.base[leaf] >> 9 }
    _ = Self.merge(sums.base, used, parents: parents.base)
    // Depths from the root down; then how many codes have each length.
    let depths = sums.base
    depths[2 * used - 2] = 0
    var perLength = List(repeating: 0, count: 65)
    var place = 2 * used - 3
    while place >= 0 {
      depths[place] = depths[parents.base[place]] + 1
      if place < used { perLength[min(depths[place], limit)] += 1 }
      place -= 1
    }
    // Codes cut to the limit take more room than there is: lengthen shorter ones.
    var room = 0
    for length in 1...limit { room += perLength[length] << (limit - length) }
    while room > 1 << limit {
      var length = limit - 1
      while perLength[length] == 0 { length -= 1 }
      perLength[length] -= 1
      perLength[length + 1] += 2
      perLength[limit] -= 1
      room -= 1
    }
    // The rarest symbols get the longest codes.
    place = 0
    var length = limit
    while length > 0 {
      for _ in 0..<perLength[length] {
        lengths[keys.base[place] & 511] = UInt8(length)
        place += 1
      }
      length -= 1
    }
  }

  /// Sets the codes of these lengths: bits reversed, times 256, plus the length.
  func codes(
    _ lengths: UnsafePointer<UInt8>, _ count: Int, _ codes: UnsafeMutablePointer<UInt32>
  ) {
    var next = List(repeating: 0, count: 17)
    for symbol in 0..<count { next[Int(lengths[symbol])] += 1 }
    next[0] = 0
    var (code, before) = (0, 0)
    for length in 1..<17 {
      code = (code + before) << 1
      before = next[length]
      next[length] = code
    }
    for symbol in 0..<count {
      codes[symbol] = 0
      guard lengths[symbol] > 0 else { continue }
      let length = Int(lengths[symbol])
      var reversed = 0
      for bit in 0..<length { reversed |= (next[length] >> bit & 1) << (length - 1 - bit) }
      next[length] += 1
      codes[symbol] = UInt32(reversed << 8 | length)
    }
  }
}
