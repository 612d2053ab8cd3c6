import CPlatform
import CZlib
import Testing

@testable import AEZip

/// Format.md, section 6.6.
@Suite struct RisingCodeTests {
  /// Packs the bytes, and returns their codes and how many have each length.
  private func packed(_ bytes: [UInt8]) throws -> (codes: [UInt8], counts: [UInt8], bits: Int) {
    let code = try RisingCode()
    var counts = [Int](repeating: 0, count: BlockCode.endOfBlock + 1)
    for byte in bytes { counts[Int(byte)] += 1 }
    counts[BlockCode.endOfBlock] = 1
    let bits = code.choose(counts)
    let output = try ByteBuffer()
    let size = try bytes.withUnsafeBytes { try code.pack($0, to: output) }
    #expect(size == output.count)
    var header = ByteWriter()
    code.describe(to: &header)
    return ([UInt8](output.bytes), header.bytes, bits)
  }

  private func unpacked(_ codes: [UInt8], _ counts: [UInt8], count: Int) throws -> [UInt8] {
    let perLength = try counts.withUnsafeBytes {
      var reader = ByteReader($0, what: "a test")
      let perLength = try RisingCode.read(&reader)
      try reader.expectEnd()
      return perLength
    }
    var bytes = [UInt8](repeating: 0xEE, count: count)
    try codes.withUnsafeBytes { codes in
      try bytes.withUnsafeMutableBytes { try Zlib().unpack(codes, perLength, into: $0) }
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
    #expect(throws: AEZipError.self) {
      try counts.withUnsafeBytes {
        var reader = ByteReader($0, what: "a test")
        _ = try RisingCode.read(&reader)
        try reader.expectEnd()
      }
    }
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
