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
  /// Blocks of so many symbols are worth a search for tables that cost less.
  private static let searched = 1 << 15

  private let kernels = Kernels.common
  /// Counts of literals: of the run that was read last, and of the block before it with the block's
  /// end.
  private let counts: Memory<Int>
  private let merged: Memory<Int>
  private let code: BlockCode

  init() throws(AEZipError) {
    counts = try Memory(1024)
    merged = try Memory(257)
    code = try BlockCode()
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
      let runBits = kernels.call.entropy(counts.base, 256, nil)
      if first == end {
        memcpy(merged.base, counts.base, 8 * 256)
        bits = runBits
      } else {
        add()
        let together = kernels.call.entropy(merged.base, 256, nil)
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

  private func add() { aezk_add_counts(merged.base, merged.base, counts.base, 256) }

  private func subtract() { for symbol in 0..<256 { merged.base[symbol] -= counts.base[symbol] } }

  /// A block of the literals in `range`, whose counts are in `merged`; returns the bytes completed.
  private func block(
    _ source: UnsafePointer<UInt8>, _ range: Range<Int>, isLast: Bool,
    _ target: UnsafeMutablePointer<UInt8>, _ state: inout aezk_bits
  ) -> Int {
    merged.base[BlockCode.endOfBlock] = 1
    _ = code.choose(merged.base, isSmoothed: range.count <= Self.searched)
    var writer = DeflateBits(target: target, state: state)
    writer.put(isLast ? 1 : 0, 1)
    writer.put(2, 2)
    code.write(to: &writer)
    state = writer.state
    var written = writer.written
    let codes = code.codes
    written += kernels.call.huffman(
      target + written, source + range.lowerBound, range.count, codes, &state)
    writer = DeflateBits(target: target + written, state: state)
    let end = codes[BlockCode.endOfBlock]
    writer.put(end >> 8, Int(end & 255))
    state = writer.state
    return written + writer.written
  }
}

/// Bits into bytes, low bits first.
struct DeflateBits {
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
