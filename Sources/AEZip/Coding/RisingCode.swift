import CPlatform

/// A prefix code of bytes of which the lengths rise with the byte's number, as they nearly do in a
/// ``ByteOrder``: how many codes have each length tells all of it, in a dozen bytes where a deflate
/// block takes forty. Format.md, section 6.6.
final class RisingCode {
  static let mostLength = 15
  /// The bit of a stream's grouping that says that its codes are of this kind.
  static let flag = 16
  /// What it takes to tell how many codes have a length, in bits, once the header is packed.
  private static let countBits = 6

  private let tree: PrefixCode
  private let pooled: Memory<Int>
  private let lengths: Memory<UInt8>
  private let table: Memory<UInt32>
  /// How many codes have each length.
  private var counts = List<Int>()

  init() throws(AEZipError) {
    tree = try PrefixCode()
    pooled = try Memory(BlockCode.endOfBlock + 1)
    lengths = try Memory(BlockCode.endOfBlock + 1)
    table = try Memory(BlockCode.endOfBlock + 1)
  }

  /// Chooses the code.
  ///
  /// - Parameter counts: of 256 bytes, of which at least one occurs, and of the end of the block.
  /// - Returns: bits of all codes and of their description.
  func choose(_ counts: UnsafePointer<Int>) -> Int {
    pool(counts)
    tree.lengths(pooled.base, BlockCode.endOfBlock + 1, limit: Self.mostLength, lengths.base)
    var perLength = List(repeating: 0, count: Self.mostLength + 1)
    for symbol in 0...BlockCode.endOfBlock { perLength[Int(lengths[symbol])] += 1 }
    perLength[0] = 0
    var longest = Self.mostLength
    while perLength[longest] == 0 { longest -= 1 }
    perLength.shorten(to: longest + 1)
    self.counts = perLength
    Self.lengths(perLength, lengths.base)
    return Self.countBits * longest + BlockCode.bits(counts, lengths.base)
  }

  /// Sets ``pooled``: the counts that never rise and are nearest to these, means of neighbours (the
  /// pool of adjacent violators).
  private func pool(_ counts: UnsafePointer<Int>) {
    var pools = List<(length: Int, sum: Int)>()
    for symbol in 0..<BlockCode.endOfBlock {
      var (length, sum) = (1, counts[symbol])
      while let last = pools.last, last.sum * length < sum * last.length {
        length += last.length
        sum += last.sum
        pools.shorten(to: pools.count - 1)
      }
      pools.append((length, sum))
    }
    var symbol = 0
    for pool in pools {
      let mean = pool.sum == 0 ? 0 : max(1, 16 * pool.sum / pool.length)
      for _ in 0..<pool.length {
        pooled[symbol] = mean
        symbol += 1
      }
    }
    pooled[BlockCode.endOfBlock] = 1
  }

  /// Appends the codes of `bytes`, whose counts ``choose(_:)`` was given, and of the end of the block
  /// to `output`; returns their size.
  func pack(
    _ bytes: UnsafeRawBufferPointer, to output: ByteBuffer
  ) throws(AEZipError) -> Int {
    let source = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
    tree.codes(lengths.base, BlockCode.endOfBlock + 1, table.base)
    let target = try output.reserve(2 * bytes.count + 64)
    var state = aezk_bits()
    let written = Kernels.common.call.huffman(target, source, bytes.count, table.base, &state)
    var writer = DeflateBits(target: target + written, state: state)
    let end = table[BlockCode.endOfBlock]
    writer.put(end >> 8, Int(end & 255))
    // To the next byte.
    writer.put(0, -writer.state.count & 7)
    output.commit(written + writer.written)
    return written + writer.written
  }

  /// Appends how many codes have each length, from 1 on.
  func describe(to header: inout ByteWriter) {
    for length in 1..<counts.count { header.count(counts[length]) }
  }

  /// Sets the lengths of 256 bytes and the end of the block.
  ///
  /// - Parameter perLength: how many codes have each length.
  static func lengths(_ perLength: List<Int>, _ lengths: UnsafeMutablePointer<UInt8>) {
    memset(lengths, 0, BlockCode.endOfBlock + 1)
    var symbol = 0
    for length in 1..<perLength.count {
      for _ in 0..<perLength[length] {
        lengths[symbol] = UInt8(length)
        symbol += 1
      }
    }
    // The last code, one of the longest, is that of the end.
    lengths[symbol - 1] = 0
    lengths[BlockCode.endOfBlock] = UInt8(perLength.count - 1)
  }

  /// Reads how many codes have each length, from 1 on until no more have room.
  static func read(_ header: inout ByteReader) throws(AEZipError) -> List<Int> {
    var counts = List(repeating: 0, count: 1)
    var (room, total) = (1, 0)
    while room > 0 {
      room *= 2
      let count = try header.count(limit: room)
      room -= count
      total += count
      counts.append(count)
      guard counts.count <= mostLength + (room > 0 ? 0 : 1), total <= BlockCode.endOfBlock + 1
      else {
        throw .corrupted(
          what: "the code lengths of a stream", declared: total, computed: counts.count - 1)
      }
    }
    return counts
  }
}
