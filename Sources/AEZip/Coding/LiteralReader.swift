import CPlatform
import CZlib

/// Reads zlib streams (RFC 1950, 1951) of literals alone, as ``HuffmanCoder`` writes them, twice as
/// fast as zlib. Streams of any other kind, and damaged ones, are left to zlib.
final class LiteralReader {
  private static let literalCount = 257
  private let kernels = Kernels.common
  private let code: Memory<aezk_prefix>
  /// Of the codes of literals, the end of a block, and at most 32 distances.
  private let lengths: Memory<UInt8>
  private var stream = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The next bit.
  private var position = 0

  init() throws(AEZipError) {
    code = try Memory(1)
    lengths = try Memory(Self.literalCount + 32)
  }

  /// Fills `output` from a stream; false if it does not hold exactly that many literals, and
  /// nothing else, or if anything is wrong with it.
  func unpack(_ stream: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool
  {
    // The largest window, no dictionary.
    guard stream.count >= 8, stream[0] == 0x78, stream[1] & 32 == 0,
      (0x7800 + Int(stream[1])) % 31 == 0, let target = output.baseAddress
    else { return false }
    // Checksums are not codes.
    self.stream = UnsafeRawBufferPointer(rebasing: stream[..<(stream.count - 4)])
    position = 16
    let bytes = target.assumingMemoryBound(to: UInt8.self)
    var count = 0
    var isLast = false
    while !isLast {
      isLast = take(1) == 1
      guard take(2) == 2, readLengths() else { return false }
      let found = readLiterals(bytes + count, output.count - count)
      guard found >= 0 else { return false }
      count += found
    }
    let sum = stream.loadUnaligned(fromByteOffset: stream.count - 4, as: UInt32.self).bigEndian
    return (position + 7) / 8 == self.stream.count && count == output.count
      && sum == UInt32(truncatingIfNeeded: adler32_z(1, bytes, count))
  }

  /// Fills `output` from the codes of a ``RisingCode``; false if they are not of exactly that many
  /// literals, or are followed by anything.
  func unpack(
    _ stream: UnsafeRawBufferPointer, _ description: RisingCode.Description,
    into output: UnsafeMutableRawBufferPointer
  ) -> Bool {
    guard stream.count > 0, let target = output.baseAddress else { return false }
    self.stream = stream
    position = 0
    RisingCode.lengths(description, lengths.base)
    return readLiterals(target.assumingMemoryBound(to: UInt8.self), output.count) == output.count
      && (position + 7) / 8 == stream.count
  }

  /// Literals up to the end of the block, of the codes whose ``lengths`` are set; returns how many, or
  /// a negative number if there are more than `room`, or anything is wrong.
  private func readLiterals(_ bytes: UnsafeMutablePointer<UInt8>, _ room: Int) -> Int {
    // Larger tables give more literals at once, but take longer to make.
    let bits = room < 4096 ? 9 : room < 16384 ? 10 : 11
    guard kernels.call.prefix(code.base, lengths.base, Self.literalCount, bits) != 0 else {
      return -1
    }
    return kernels.call.literals(
      bytes, room, stream.baseAddress!.assumingMemoryBound(to: UInt8.self), stream.count, &position,
      code.base, bits)
  }

  /// The next bits, of which there are at most 16; zeros behind the end of the stream.
  private func take(_ count: Int) -> Int {
    var value = 0
    for place in 0..<3 where position / 8 + place < stream.count {
      value |= Int(stream[position / 8 + place]) << (8 * place)
    }
    value = value >> (position % 8) & (1 << count - 1)
    position += count
    return value
  }

  /// Reads the lengths of a block's codes; false if zlib would not, or if there may be more than
  /// literals.
  private func readLengths() -> Bool {
    guard take(5) == 0 else { return false }
    let distanceCount = take(5) + 1
    let used = take(4) + 4
    memset(lengths.base, 0, 19)
    for index in 0..<used { lengths[BlockCode.place(index)] = UInt8(take(3)) }
    guard kernels.call.prefix(code.base, lengths.base, 19, 7) != 0 else { return false }
    let count = Self.literalCount + distanceCount
    var index = 0
    while index < count {
      let start = position
      let entry = UnsafeRawPointer(code.base).load(fromByteOffset: 4 * take(7), as: UInt32.self)
      position = start + Int(entry & 63)
      let symbol = Int(entry >> 8)
      if symbol < 16 {
        lengths[index] = UInt8(symbol)
        index += 1
        continue
      }
      guard symbol > 16 || index > 0 else { return false }
      let value = symbol == 16 ? lengths[index - 1] : 0
      let run = symbol == 16 ? 3 + take(2) : symbol == 17 ? 3 + take(3) : 11 + take(7)
      guard run <= count - index else { return false }
      for _ in 0..<run {
        lengths[index] = value
        index += 1
      }
    }
    // Distances are not used; but zlib wants none of them, or one or two codes of one bit.
    var sum = 0
    for index in Self.literalCount..<count where lengths[index] > 0 {
      sum += lengths[index] == 1 ? 1 : 3
    }
    return sum <= 2 && lengths[Self.literalCount - 1] > 0 && position <= 8 * stream.count
  }
}
