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

  /// Symbols of every distribution, in lengths around those where blocks begin: what Huffman codes
  /// alone write, zlib reads, and it is no larger than what zlib writes.
  @Test(arguments: 0..<60 as Range<UInt64>) func huffmanCodesAreRead(seed: UInt64) throws {
    var random = Seeded(seed)
    let lengths = [600, 601, 1000, 32767, 32768, 32769, 65536, 65537, 100_001, 140_000]
    let count = lengths[Int(seed) % lengths.count]
    let kinds = Int.random(in: 1...256, using: &random)
    let steepness = Double.random(in: 0...3, using: &random)
    var bytes = (0..<count).map { place -> UInt8 in
      // A power law; every other stretch is another one.
      let shift = place >> 15 & 1 == 1 && seed % 3 == 0 ? 77 : 0
      var share = 1.0
      for _ in 0..<Int(steepness * 3) { share *= Double(random.next() >> 11) / 0x1p53 }
      return UInt8(truncatingIfNeeded: Int(share * Double(kinds)) + shift)
    }
    if seed % 5 == 4 {
      // Counts like Fibonacci's numbers want codes longer than deflate's 15 bits.
      var (a, b) = (1, 1)
      bytes = []
      for symbol in 0..<24 as Range<UInt8> {
        bytes += [UInt8](repeating: symbol, count: a)
        (a, b) = (b, a + b)
      }
    }
    let zlib = Zlib()
    let stream = try pack(bytes, .huffman, zlib)
    #expect(try unpack(stream, to: bytes.count, zlib) == bytes, "seed \(seed)")
    #expect(stream.count <= bytes.count + bytes.count / 1000 + 64)
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
