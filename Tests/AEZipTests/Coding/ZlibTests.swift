import Testing

@testable import AEZip

@Suite struct ZlibTests {
  private static let strategies: [PackingStrategy] = [
    .huffman, .runs, .full(1), .full(6), .full(9), .stored,
  ]

  private func pack(_ bytes: [UInt8], _ strategy: PackingStrategy, _ zlib: Zlib = Zlib()) throws
    -> [UInt8]
  {
    let output = try ByteBuffer()
    let size = try bytes.withUnsafeBytes { try zlib.pack($0, strategy, to: output) }
    #expect(size == output.count)
    return Array(output.bytes)
  }

  private func unpack(_ stream: [UInt8], to count: Int, _ zlib: Zlib = Zlib()) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { bytes in
      try stream.withUnsafeBytes { try zlib.unpack($0, into: bytes) }
    }
    return bytes
  }

  private func samples() -> [[UInt8]] {
    var random = Seeded(1)
    return [
      [7], random.bytes(1000), [UInt8](repeating: 0, count: 100_000),
      (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 100) },
      (0..<70_000).map { _ in UInt8.random(in: 0...3, using: &random) },
    ]
  }

  @Test func everyStrategyComesBack() throws {
    for bytes in samples() {
      for strategy in Self.strategies {
        #expect(try unpack(try pack(bytes, strategy), to: bytes.count) == bytes)
      }
    }
  }

  /// One object serves many streams, whatever came before, failures included.
  @Test func oneObjectPacksAsFreshOnesDo() throws {
    let zlib = Zlib()
    for bytes in samples() + samples().reversed() {
      for strategy in Self.strategies {
        let stream = try pack(bytes, strategy, zlib)
        #expect(stream == (try pack(bytes, strategy)))
        #expect(try unpack(stream, to: bytes.count, zlib) == bytes)
        #expect(status { _ = try unpack(stream, to: bytes.count + 1, zlib) } == 6)
      }
    }
  }

  @Test func rejectsWrongSizes() throws {
    for bytes in samples() {
      for strategy in Self.strategies {
        let stream = try pack(bytes, strategy)
        for wrong in [bytes.count - 1, bytes.count + 1, bytes.count * 2, 0] {
          #expect(status { _ = try unpack(stream, to: wrong) } == 6)
        }
      }
    }
  }

  @Test func rejectsTrailingBytes() throws {
    let bytes = samples()[1]
    let stream = try pack(bytes, .huffman)
    #expect(status { _ = try unpack(stream + [0], to: bytes.count) } == 6)
    #expect(status { _ = try unpack(stream + stream, to: bytes.count) } == 6)
  }

  @Test func rejectsEveryTruncationAndEveryFlippedBit() throws {
    var random = Seeded(2)
    let bytes = (0..<60).map { _ in UInt8.random(in: 0...5, using: &random) }
    for strategy in Self.strategies {
      let stream = try pack(bytes, strategy)
      for count in 0..<stream.count {
        #expect(status { _ = try unpack(Array(stream[..<count]), to: bytes.count) } == 6)
      }
      for bit in 0..<stream.count * 8 {
        var changed = stream
        changed[bit / 8] ^= 1 << (bit % 8)
        // Some bits (the level that the header names, the last byte's padding) do not matter.
        if let back = try? unpack(changed, to: bytes.count) { #expect(back == bytes) }
      }
    }
  }

  @Test func rejectsOtherBytes() {
    var random = Seeded(3)
    for size in [0, 1, 2, 6, 100] {
      #expect(status { _ = try unpack(random.bytes(size), to: 10) } == 6)
    }
  }

  @Test func checksumsAreThoseOfRFC1952() {
    let text = Array("123456789".utf8)
    #expect(text.withUnsafeBytes { crc32($0) } == 0xCBF4_3926)
    let first = text[..<4].withUnsafeBytes { crc32($0) }
    #expect(text[4...].withUnsafeBytes { crc32($0, from: first) } == 0xCBF4_3926)
    #expect(crc32(UnsafeRawBufferPointer(start: nil, count: 0), from: 5) == 5)
  }
}
