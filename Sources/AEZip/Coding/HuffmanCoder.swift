import CPlatform
import CZlib

/// Writes zlib streams (RFC 1950, 1951) of symbols that do not depend on each other: Huffman codes
/// alone, in as few blocks as the symbols' distribution changes. Ten times as fast as zlib, and
/// smaller, since zlib starts new code tables every 32,767 symbols.
final class HuffmanCoder {
  /// Symbols that are looked at together; a block holds one or several such runs.
  private static let runLength = 1 << 15
  /// About what a block's code tables cost.
  private static let tableBits = 420.0
  private static let endOfBlock = 256

  private let kernels = Kernels.common
  /// Counts of literals: of the run that was read last, and of the block before it with the block's
  /// end.
  private let counts: Memory<Int>
  private let merged: Memory<Int>
  private let lengthCounts: Memory<Int>
  private let lengths: Memory<UInt8>
  private let table: Memory<UInt32>
  private let tree: PrefixCode

  init() throws(AEZipError) {
    counts = try Memory(1024)
    merged = try Memory(257)
    lengthCounts = try Memory(19)
    lengths = try Memory(PrefixCode.most)
    table = try Memory(PrefixCode.most)
    tree = try PrefixCode()
  }

  /// Appends a zlib stream of `bytes` to `output`.
  ///
  /// - Returns: its size; 0, and nothing is appended, if the bytes are as good as noise.
  func pack(_ bytes: UnsafeRawBufferPointer, to output: ByteBuffer) throws(AEZipError) -> Int {
    let source = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
    let start = output.count
    // No code is longer than 15 bits.
    let target = try output.reserve(2 * bytes.count + 1024)
    target[0] = 0x78
    target[1] = 0x9C
    var state = aezk_bits()
    var written = 2
    var first = 0
    var end = 0
    var bits = 0.0
    var total = 0.0
    while end < bytes.count {
      // As many runs in a block as are alike.
      let next = min(end + Self.runLength, bytes.count)
      memset(counts.base, 0, 8 * 1024)
      kernels.call.histogram(counts.base, source + end, next - end)
      let runBits = Entropy.bits(counts.base, 256)
      if first == end {
        memcpy(merged.base, counts.base, 8 * 256)
        bits = runBits
      } else {
        add()
        let together = Entropy.bits(merged.base, 256)
        if together <= bits + runBits + Self.tableBits {
          bits = together
        } else {
          subtract()
          total += bits + Self.tableBits
          written += block(source, first..<end, isLast: false, target + written, &state)
          first = end
          memcpy(merged.base, counts.base, 8 * 256)
          bits = runBits
        }
      }
      end = next
    }
    guard total + bits + Self.tableBits < 7.99 * Double(bytes.count) else { return 0 }
    written += block(source, first..<end, isLast: true, target + written, &state)
    if state.count > 0 {
      target[written] = UInt8(truncatingIfNeeded: state.pending)
      written += 1
    }
    let sum = UInt32(truncatingIfNeeded: adler32_z(1, source, bytes.count))
    UnsafeMutableRawPointer(target + written).storeBytes(of: sum.bigEndian, as: UInt32.self)
    output.commit(written + 4)
    return output.count - start
  }

  private func add() { for symbol in 0..<256 { merged.base[symbol] += counts.base[symbol] } }

  private func subtract() { for symbol in 0..<256 { merged.base[symbol] -= counts.base[symbol] } }

  /// A block of the literals in `range`, whose counts are in `merged`; returns the bytes completed.
  private func block(
    _ source: UnsafePointer<UInt8>, _ range: Range<Int>, isLast: Bool,
    _ target: UnsafeMutablePointer<UInt8>, _ state: inout aezk_bits
  ) -> Int {
    merged.base[Self.endOfBlock] = 1
    tree.assign(merged.base, Self.endOfBlock + 1, limit: 15, lengths.base, table.base)
    // The only distance has no code.
    lengths.base[Self.endOfBlock + 1] = 0
    var writer = DeflateBits(target: target, state: state)
    writer.put(isLast ? 1 : 0, 1)
    writer.put(2, 2)
    putLengths(&writer)
    state = writer.state
    var written = writer.written
    written += kernels.call.huffman(
      target + written, source + range.lowerBound, range.count, table.base, &state)
    writer = DeflateBits(target: target + written, state: state)
    let end = table.base[Self.endOfBlock]
    writer.put(end >> 8, Int(end & 255))
    state = writer.state
    return written + writer.written
  }

  /// The order in which the lengths of code lengths' codes are stored.
  static func place(_ index: Int) -> Int {
    // 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
    if index < 3 { return 16 + index }
    if index == 3 { return 0 }
    return index & 1 == 0 ? 6 + index / 2 : 9 - index / 2
  }

  /// The code lengths of 257 literals and one distance, run-length coded and Huffman coded.
  private func putLengths(_ writer: inout DeflateBits) {
    let count = Self.endOfBlock + 2
    // Symbol, extra bits' value; 16: the last length 3-6 times, 17 and 18: zeros.
    var items = List<(symbol: UInt8, extra: UInt8)>()
    var index = 0
    while index < count {
      let length = lengths.base[index]
      var run = 1
      while index + run < count && lengths.base[index + run] == length { run += 1 }
      index += run
      if length > 0 {
        items.append((length, 0))
        run -= 1
      }
      while run >= 3 {
        let most = length > 0 ? 6 : 138
        let taken = min(run, most)
        if length > 0 {
          items.append((16, UInt8(taken - 3)))
        } else {
          items.append(taken < 11 ? (17, UInt8(taken - 3)) : (18, UInt8(taken - 11)))
        }
        run -= taken
      }
      for _ in 0..<run { items.append((length, 0)) }
    }
    for symbol in 0..<19 { lengthCounts.base[symbol] = 0 }
    for item in items { lengthCounts.base[Int(item.symbol)] += 1 }
    // The literals' codes are in the table; these go behind them.
    let small = lengths.base + 260
    let codes = table.base + 260
    tree.assign(lengthCounts.base, 19, limit: 7, small, codes)
    var used = 19
    while used > 4 && small[Self.place(used - 1)] == 0 { used -= 1 }
    writer.put(0, 5)
    writer.put(0, 5)
    writer.put(UInt32(used - 4), 4)
    for index in 0..<used { writer.put(UInt32(small[Self.place(index)]), 3) }
    for item in items {
      let code = codes[Int(item.symbol)]
      writer.put(code >> 8, Int(code & 255))
      if item.symbol >= 16 {
        writer.put(UInt32(item.extra), item.symbol == 16 ? 2 : item.symbol == 17 ? 3 : 7)
      }
    }
  }
}

/// Bits into bytes, low bits first.
private struct DeflateBits {
  let target: UnsafeMutablePointer<UInt8>
  var state: aezk_bits
  var written = 0

  init(target: UnsafeMutablePointer<UInt8>, state: aezk_bits) {
    self.target = target
    self.state = state
  }

  mutating func put(_ value: UInt32, _ count: Int) {
    state.pending |= UInt64(value) << UInt64(state.count)
    state.count += count
    while state.count >= 8 {
      target[written] = UInt8(truncatingIfNeeded: state.pending)
      written += 1
      state.pending >>= 8
      state.count -= 8
    }
  }
}

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
    keys = try Memory(Self.most)
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

  /// Sets the length of each symbol's code, 0 for symbols that do not occur, and the codes: bits
  /// reversed, times 256, plus the length. At least two symbols must occur.
  ///
  /// - Parameter limit: the largest length.
  func assign(
    _ counts: UnsafePointer<Int>, _ count: Int, limit: Int, _ lengths: UnsafeMutablePointer<UInt8>,
    _ codes: UnsafeMutablePointer<UInt32>
  ) {
    // Symbols in ascending order of counts.
    var used = 0
    for symbol in 0..<count {
      lengths[symbol] = 0
      codes[symbol] = 0
      guard counts[symbol] > 0 else { continue }
      keys.base[used] = counts[symbol] << 9 | symbol
      used += 1
    }
    aezk_sort(keys.base, used)
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
    var next = List(repeating: 0, count: 17)
    var code = 0
    for length in 1...limit {
      code = (code + (length > 1 ? perLength[length - 1] : 0)) << 1
      next[length] = code
    }
    for symbol in 0..<count where lengths[symbol] > 0 {
      let length = Int(lengths[symbol])
      var reversed = 0
      for bit in 0..<length { reversed |= (next[length] >> bit & 1) << (length - 1 - bit) }
      next[length] += 1
      codes[symbol] = UInt32(reversed << 8 | length)
    }
  }
}
