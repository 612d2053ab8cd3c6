import CPlatform

/// A prefix code of bytes of which the lengths rise with the byte's number, as they nearly do in a
/// ``ByteOrder``, but for some likely bytes that have the first codes whatever their numbers: these
/// bytes, and how many codes have each length, tell all of it, in a dozen bytes where a deflate block
/// takes forty. Format.md, section 6.6.
final class RisingCode {
  /// What a stream's line tells of its code.
  struct Description {
    /// How many codes have each length, from 0 on; none if there is no such code.
    var counts = List<Int>()
    /// The bytes with the first codes.
    var first = List<UInt8>()
  }

  static let mostLength = 15
  /// The bit of a stream's grouping that says that its codes are of this kind; that some bytes have the
  /// first codes.
  static let flag = 16
  static let firstFlag = 32
  /// What it takes to tell how many codes have a length, in bits, once the header is packed.
  private static let countBits = 6
  /// What it takes to name a byte.
  private static let firstBits = 12
  private static let mostFirst = 32
  private static let rounds = 2

  private let tree: PrefixCode
  private let keys: Memory<Int>
  private let pooled: Memory<Int>
  /// Of each pool of bytes how many there are, and their counts together.
  private let spans: Memory<Int>
  private let sums: Memory<Int>
  private let lengths: Memory<UInt8>
  private let table: Memory<UInt32>
  private var description = Description()
  /// The bytes from here on do not occur.
  private var end = 0

  /// What a stream's grouping says of the code.
  var flags: Int { description.first.count > 0 ? Self.flag | Self.firstFlag : Self.flag }

  init() throws(AEZipError) {
    tree = try PrefixCode()
    keys = try Memory(2 * BlockCode.endOfBlock + Int(AEZK_SORT_TABLE))
    pooled = try Memory(BlockCode.endOfBlock + 1)
    spans = try Memory(BlockCode.endOfBlock)
    sums = try Memory(BlockCode.endOfBlock)
    lengths = try Memory(BlockCode.endOfBlock + 1)
    table = try Memory(BlockCode.endOfBlock + 1)
  }

  /// Chooses the code.
  ///
  /// - Parameters:
  ///   - counts: of 256 bytes, of which at least one occurs, and of the end of the block.
  ///   - namesBytes: whether to look for bytes that should have the first codes.
  /// - Returns: bits of all codes and of their description.
  func choose(_ counts: UnsafePointer<Int>, namesBytes: Bool) -> Int {
    end = BlockCode.endOfBlock
    while counts[end - 1] == 0 { end -= 1 }
    for byte in end..<BlockCode.endOfBlock { pooled.base[byte] = 0 }
    pool(counts, List())
    description.first = namesBytes ? likely(counts) : List()
    tree.lengths(pooled.base, BlockCode.endOfBlock + 1, limit: Self.mostLength, lengths.base)
    var perLength = List(repeating: 0, count: Self.mostLength + 1)
    for symbol in 0...BlockCode.endOfBlock { perLength[Int(lengths[symbol])] += 1 }
    perLength[0] = 0
    var longest = Self.mostLength
    while perLength[longest] == 0 { longest -= 1 }
    perLength.shorten(to: longest + 1)
    description.counts = perLength
    Self.lengths(description, lengths.base)
    return Self.countBits * longest + Self.bits(description.first.count)
      + BlockCode.bits(counts, lengths.base)
  }

  /// What it takes to name so many bytes.
  private static func bits(_ firstCount: Int) -> Int {
    firstCount > 0 ? firstBits * (firstCount + 1) : 0
  }

  /// The bytes that should have the first codes, the most frequent one first; ``pooled``, which is that
  /// without them, becomes that with them.
  private func likely(_ counts: UnsafePointer<Int>) -> List<UInt8> {
    var first = List<UInt8>()
    var bits = 0.0
    // What is left is nearer to codes that rise, so that others stand out.
    for round in 0..<Self.rounds {
      let outliers = self.outliers(counts, first)
      guard outliers.count > 0 else { break }
      if round == 0 { bits = pooledBits(counts) }
      for byte in outliers { first.append(byte) }
      pool(counts, first)
    }
    guard first.count > 0, pooledBits(counts) + Double(Self.bits(first.count)) >= bits else {
      return first
    }
    pool(counts, List())
    return List()
  }

  /// The bytes after those of `first`, in falling order of counts, that save most beside ``pooled``.
  private func outliers(_ counts: UnsafePointer<Int>, _ first: List<UInt8>) -> List<UInt8> {
    var least = Int.max
    for byte in 0..<end where 16 * counts[byte] > pooled.base[byte] {
      // At least 2 * pooled * counts * log2(16 * counts / pooled): log2(x) < 1.5 * (x - 1).
      let saved = 3 * counts[byte] * (16 * counts[byte] - pooled.base[byte])
      if saved > 2 * Self.firstBits * pooled.base[byte] { least = min(least, counts[byte]) }
    }
    var outliers = List<UInt8>()
    guard least < .max else { return outliers }
    var count = 0
    for byte in 0..<end where counts[byte] >= least {
      keys.base[count] = -counts[byte] << 8 | byte
      count += 1
    }
    aezk_sort(keys.base, keys.base + BlockCode.endOfBlock, count)
    var (sum, best) = (0.0, 0.0)
    var taken = first.count
    for place in first.count..<max(first.count, min(count, Self.mostFirst)) {
      let byte = keys.base[place] & 255
      let weight = Double(16 * counts[byte]) / Double(pooled.base[byte])
      if weight > 1 { sum += Double(counts[byte]) * Entropy.log2(weight) }
      sum -= Double(Self.firstBits)
      if sum > best { (best, taken) = (sum, place + 1) }
    }
    for place in first.count..<taken { outliers.append(UInt8(keys.base[place] & 255)) }
    return outliers
  }

  /// What a code for ``pooled`` takes for all bytes, but for a part that depends on their number alone.
  private func pooledBits(_ counts: UnsafePointer<Int>) -> Double {
    var bits = 0.0
    for byte in 0..<end where counts[byte] > 0 {
      bits -= Double(counts[byte]) * Entropy.log2(Double(pooled.base[byte]))
    }
    return bits
  }

  /// Sets ``pooled``: of the bytes of `first` 16 times their own counts, of all others 16 times the
  /// counts that never rise and are nearest to these, means of neighbours (the pool of adjacent
  /// violators).
  private func pool(_ counts: UnsafePointer<Int>, _ first: List<UInt8>) {
    for byte in 0..<end { pooled.base[byte] = -1 }
    for byte in first { pooled.base[Int(byte)] = 16 * counts[Int(byte)] }
    var poolCount = 0
    for byte in 0..<end where pooled.base[byte] < 0 {
      var (length, sum) = (1, counts[byte])
      while poolCount > 0, sums.base[poolCount - 1] * length < sum * spans.base[poolCount - 1] {
        poolCount -= 1
        length += spans.base[poolCount]
        sum += sums.base[poolCount]
      }
      (spans.base[poolCount], sums.base[poolCount]) = (length, sum)
      poolCount += 1
    }
    var byte = 0
    for pool in 0..<poolCount {
      let sum = sums.base[pool]
      let mean = sum == 0 ? 0 : max(1, 16 * sum / spans.base[pool])
      var rest = spans.base[pool]
      while rest > 0 {
        if pooled.base[byte] < 0 {
          pooled.base[byte] = mean
          rest -= 1
        }
        byte += 1
      }
    }
    pooled.base[BlockCode.endOfBlock] = 1
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

  /// Appends what the stream's line tells of the code.
  func describe(to header: inout ByteWriter) {
    for length in 1..<description.counts.count { header.count(description.counts[length]) }
    guard description.first.count > 0 else { return }
    header.byte(UInt8(description.first.count))
    for byte in description.first { header.byte(byte) }
  }

  /// Sets the lengths of 256 bytes and the end of the block.
  static func lengths(_ description: Description, _ lengths: UnsafeMutablePointer<UInt8>) {
    memset(lengths, 0, BlockCode.endOfBlock + 1)
    let (counts, first) = (description.counts, description.first)
    var (place, other) = (0, 0)
    for length in 1..<counts.count {
      for _ in 0..<counts[length] {
        if place < first.count {
          lengths[Int(first[place])] = UInt8(length)
          place += 1
        } else {
          while lengths[other] > 0 { other += 1 }
          lengths[other] = UInt8(length)
        }
      }
    }
    // The last code, one of the longest, is that of the end.
    lengths[other] = 0
    lengths[BlockCode.endOfBlock] = UInt8(counts.count - 1)
  }

  /// Reads what ``describe(to:)`` wrote.
  ///
  /// - Parameter hasFirst: whether some bytes have the first codes.
  static func read(
    _ header: inout ByteReader, hasFirst: Bool
  ) throws(AEZipError) -> Description {
    var description = Description(counts: List(repeating: 0, count: 1))
    var (room, total) = (1, 0)
    while room > 0 {
      room *= 2
      let count = try header.count(limit: room)
      room -= count
      total += count
      description.counts.append(count)
      let lengthCount = description.counts.count - 1
      guard lengthCount < mostLength + (room > 0 ? 0 : 1), total <= BlockCode.endOfBlock + 1
      else {
        throw .corrupted(
          what: "the code lengths of a stream", declared: total, computed: lengthCount)
      }
    }
    guard hasFirst else { return description }
    let count = try header.byte(below: total)
    for _ in 0..<count {
      let byte = UInt8(try header.byte(below: 256))
      guard !description.first.contains(byte) else {
        throw .corrupted(
          what: "a byte that is named twice", declared: Int(byte),
          computed: description.first.count)
      }
      description.first.append(byte)
    }
    return description
  }
}
