import CPlatform
import CZlib
import Testing

@testable import AEZip

/// Format.md, section 6.6.
@Suite struct RisingCodeTests {
  /// Packs the bytes, and returns their codes and how many have each length.
  private func packed(_ bytes: [UInt8]) throws -> (codes: [UInt8], counts: [UInt8], bits: Int) {
    let (codes, line, bits, flags) = try packed(bytes, namesBytes: false)
    #expect(flags == RisingCode.flag)
    return (codes, line, bits)
  }

  /// The same where bytes may be named, with what their code is described by, and its flags.
  private func packed(
    _ bytes: [UInt8], namesBytes: Bool
  ) throws -> (codes: [UInt8], line: [UInt8], bits: Int, flags: Int) {
    let code = try RisingCode()
    var counts = [Int](repeating: 0, count: BlockCode.endOfBlock + 1)
    for byte in bytes { counts[Int(byte)] += 1 }
    counts[BlockCode.endOfBlock] = 1
    let bits = code.choose(counts, namesBytes: namesBytes)
    let output = try ByteBuffer()
    let size = try bytes.withUnsafeBytes { try code.pack($0, to: output) }
    #expect(size == output.count)
    var header = ByteWriter()
    code.describe(to: &header)
    return ([UInt8](output.bytes), header.bytes, bits, code.flags)
  }

  private func read(_ line: [UInt8], hasFirst: Bool) throws -> RisingCode.Description {
    try line.withUnsafeBytes {
      var reader = ByteReader($0, what: "a test")
      let description = try RisingCode.read(&reader, hasFirst: hasFirst)
      try reader.expectEnd()
      return description
    }
  }

  private func unpacked(
    _ codes: [UInt8], _ line: [UInt8], count: Int, hasFirst: Bool = false
  ) throws -> [UInt8] {
    let description = try read(line, hasFirst: hasFirst)
    var bytes = [UInt8](repeating: 0xEE, count: count)
    try codes.withUnsafeBytes { codes in
      try bytes.withUnsafeMutableBytes { try Zlib().unpack(codes, description, into: $0) }
    }
    return bytes
  }

  /// Bytes of which the small ones are likely, at different rates.
  private func falling(_ count: Int, _ rate: Int, seed: UInt64) -> [UInt8] {
    var random = Seeded(seed)
    return (0..<count).map { _ in
      var byte = 0
      while byte < 255 && Int.random(in: 0..<rate, using: &random) > 0 { byte += 1 }
      return UInt8(byte)
    }
  }

  @Test(arguments: [1, 2, 3, 5, 20, 60, 1000]) func bytesComeBack(rate: Int) throws {
    for count in [1, 2, 3, 100, 5000] {
      let bytes = falling(count, rate, seed: UInt64(rate))
      let (codes, counts, bits) = try packed(bytes)
      #expect(try unpacked(codes, counts, count: count) == bytes)
      // Each length was reckoned with six bits.
      #expect(codes.count == (bits - 6 * counts.count + 7) / 8 || counts.contains { $0 >= 128 })
    }
  }

  @Test func allBytesComeBack() throws {
    let bytes = (0...255).map { UInt8($0) }
    let (codes, counts, _) = try packed(bytes)
    #expect(counts == [0, 0, 0, 0, 0, 0, 0, 0xFF, 1, 2] && codes.count == 258)
    #expect(try unpacked(codes, counts, count: 256) == bytes)
  }

  /// Lengths rise even where counts do not fall, and bytes that do not occur have codes before others.
  @Test func lengthsRise() throws {
    let bytes = [UInt8](repeating: 9, count: 900) + falling(300, 3, seed: 1)
    let (codes, counts, _) = try packed(bytes)
    #expect(try unpacked(codes, counts, count: bytes.count) == bytes)
    #expect(counts.reduce(0) { $0 + Int($1) } == Int(bytes.max()!) + 2)
  }

  /// What Format.md says of the missing header: with it, zlib reads the codes.
  @Test func isADeflateStreamWithoutItsHeader() throws {
    let bytes = falling(3000, 12, seed: 4)
    let (codes, counts, _) = try packed(bytes)
    var header = [UInt8](repeating: 0, count: 142)
    var position = 0
    func put(_ value: Int, _ width: Int) {
      for bit in 0..<width {
        header[position / 8] |= UInt8(value >> bit & 1) << UInt8(position % 8)
        position += 1
      }
    }
    for _ in 0..<3 { put(2, 10) }
    put(5, 3)
    put(0, 10)
    put(15, 4)
    for place in 0..<19 { put(place < 3 ? 0 : 4, 3) }
    var lengths: [Int] = []
    for (index, count) in counts.enumerated() {
      lengths += [Int](repeating: index + 1, count: Int(count))
    }
    let literals = lengths.dropLast() + [Int](repeating: 0, count: 257 - lengths.count)
    for length in literals + [lengths.last!, 0] {
      for bit in (0..<4).reversed() { put(length >> bit & 1, 1) }
    }
    #expect(position == 8 * 142)
    var stream = header + codes
    var back = [UInt8](repeating: 0, count: bytes.count + 1)
    var inflater = z_stream()
    let status = stream.withUnsafeMutableBufferPointer { stream in
      back.withUnsafeMutableBufferPointer { back in
        inflater.next_in = stream.baseAddress
        inflater.avail_in = UInt32(stream.count)
        inflater.next_out = back.baseAddress
        inflater.avail_out = UInt32(back.count)
        inflateInit2_(&inflater, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        let status = inflate(&inflater, Z_FINISH)
        inflateEnd(&inflater)
        return status
      }
    }
    #expect(status == Z_STREAM_END && inflater.avail_in == 0 && inflater.avail_out == 1)
    #expect(Array(back.dropLast()) == bytes)
  }

  @Test(
    arguments: [
      [], [1], [3], [0, 1], [2, 1], [0, 0, 9], [0, 0, 7],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], [0, 0, 0, 0, 0, 0, 0, 0, 0x80, 4],
    ] as [[UInt8]])
  func refusesCodesThatDoNotFillTheirRoom(counts: [UInt8]) {
    #expect(throws: AEZipError.self) { try read(counts, hasFirst: false) }
  }

  /// Frequent bytes that come late in the order have the first codes, the most frequent one first.
  @Test func frequentBytesComeFirst() throws {
    let frequent = [UInt8](repeating: 200, count: 900) + [UInt8](repeating: 90, count: 1800)
    let bytes = frequent + falling(2000, 20, seed: 3)
    let (codes, line, bits, flags) = try packed(bytes, namesBytes: true)
    #expect(flags == RisingCode.flag | RisingCode.firstFlag)
    let description = try read(line, hasFirst: true)
    #expect(Array(description.first.prefix(2)) == [90, 200])
    #expect(try unpacked(codes, line, count: bytes.count, hasFirst: true) == bytes)
    let (plainCodes, plainLine, plainBits) = try packed(bytes)
    #expect(codes.count + line.count < (plainCodes.count + plainLine.count) * 4 / 5)
    #expect(bits < plainBits)
  }

  @Test func noByteIsNamedInVain() throws {
    for rate in [2, 20, 60] {
      let (_, _, _, flags) = try packed(falling(3000, rate, seed: 5), namesBytes: true)
      #expect(flags == RisingCode.flag)
    }
  }

  /// All bytes but the end of the block may have the first codes.
  @Test func allBytesMayBeNamed() throws {
    let bytes: [UInt8] = [7, 250, 7, 9, 250, 7]
    var code = RisingCode.Description(counts: List([0, 1, 1, 2]), first: List([7, 250, 9]))
    var lengths = [UInt8](repeating: 0xEE, count: 257)
    RisingCode.lengths(code, &lengths)
    #expect(lengths[7] == 1 && lengths[250] == 2 && lengths[9] == 3 && lengths[256] == 3)
    #expect(lengths.filter { $0 > 0 }.count == 4)
    // 0, 10, 0, 110, 10, 0, and 111 for the end, each from its first bit on.
    let codes: [UInt8] = [0b1011_0010, 0b1110_0]
    var back = [UInt8](repeating: 0, count: 6)
    try codes.withUnsafeBytes { codes in
      try back.withUnsafeMutableBytes { try Zlib().unpack(codes, code, into: $0) }
    }
    #expect(back == bytes)
    code.first = List([250, 7, 9])
    RisingCode.lengths(code, &lengths)
    #expect(lengths[7] == 2 && lengths[250] == 1)
  }

  @Test(
    arguments: [
      [1, 2], [1, 2, 2, 7, 9, 1], [1, 2, 2, 7, 7], [1, 2, 3, 7, 9], [1, 2, 0xFF],
    ] as [[UInt8]])
  func refusesWrongNames(line: [UInt8]) throws {
    #expect(Array(try read([1, 2, 2, 7, 9], hasFirst: true).first) == [7, 9])
    #expect(throws: AEZipError.self) { try read(line, hasFirst: true) }
  }

  @Test func refusesDamagedStreams() throws {
    let bytes = falling(2000, 6, seed: 2)
    let (codes, counts, _) = try packed(bytes)
    for count in 0..<codes.count {
      #expect(throws: AEZipError.self) {
        try unpacked(Array(codes[..<count]), counts, count: 2000)
      }
    }
    #expect(throws: AEZipError.self) { try unpacked(codes + [0], counts, count: 2000) }
    #expect(throws: AEZipError.self) { try unpacked(codes, counts, count: 1999) }
    #expect(throws: AEZipError.self) { try unpacked(codes, counts, count: 2001) }
  }
}
