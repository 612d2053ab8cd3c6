import Testing

@testable import AEZip

@Suite struct BytesTests {
  private func read<T>(_ bytes: [UInt8], _ body: (inout ByteReader) throws -> T) throws -> T {
    try bytes.withUnsafeBytes {
      var reader = ByteReader($0, what: "a test")
      return try body(&reader)
    }
  }

  @Test func writesLittleEndian() {
    var writer = ByteWriter()
    writer.byte(1)
    writer.u32(0x0403_0201)
    writer.u64(0x0807_0605_0403_0201)
    writer.f32(1)
    writer.f64(-2)
    #expect(
      writer.bytes == [
        1, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0x80, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0,
      ])
  }

  @Test func writesCountsInSevensOfBits() {
    let known: [(Int, [UInt8])] = [
      (0, [0]), (127, [127]), (128, [0x80, 1]), (300, [0xAC, 2]), (16383, [0xFF, 0x7F]),
      (16384, [0x80, 0x80, 1]), (.max, [UInt8](repeating: 0xFF, count: 8) + [0x7F]),
    ]
    for (value, bytes) in known {
      var writer = ByteWriter()
      writer.count(value)
      #expect(writer.bytes == bytes)
    }
  }

  @Test func writesSignedNumbersByTurns() {
    for (value, byte) in [(0, 0), (-1, 1), (1, 2), (-2, 3), (-64, 127)] as [(Int, UInt8)] {
      var writer = ByteWriter()
      writer.signed(value)
      #expect(writer.bytes == [byte])
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func readsWhatItWrote(seed: UInt64) throws {
    var random = Seeded(seed)
    let counts = (0..<50).map { _ in
      Int(random.next() >> UInt64.random(in: 1...63, using: &random))
    }
    let blocks = (0..<5).map { _ in random.bytes(Int.random(in: 0...200, using: &random)) }
    var writer = ByteWriter()
    for count in counts {
      writer.count(count)
      writer.signed(count >> 1)
      writer.signed(-(count >> 1))
      writer.u64(UInt64(count))
      writer.u32(UInt32(truncatingIfNeeded: count))
      writer.f64(Double(count))
      writer.f32(Float(count))
    }
    for block in blocks { writer.block(block) }
    try read(writer.bytes) { reader in
      for count in counts {
        #expect(try reader.count() == count)
        #expect(try reader.signed() == count >> 1)
        #expect(try reader.signed() == -(count >> 1))
        #expect(try reader.u64() == UInt64(count))
        #expect(try reader.u32() == UInt32(truncatingIfNeeded: count))
        #expect(try reader.f64() == Double(count))
        #expect(try reader.f32() == Float(count))
      }
      for block in blocks { #expect(Array(try reader.block(limit: 200)) == block) }
      #expect(reader.remaining == 0)
      try reader.expectEnd()
    }
  }

  @Test func refusesToReadPastTheEnd() {
    #expect(status { _ = try read([]) { try $0.byte() } } == 5)
    #expect(status { _ = try read([1, 2, 3]) { try $0.u32() } } == 5)
    #expect(status { _ = try read([1, 2, 3, 4, 5, 6, 7]) { try $0.u64() } } == 5)
    #expect(status { _ = try read([0x80]) { try $0.count() } } == 5)
    #expect(status { _ = try read([5, 1, 2]) { try $0.block(limit: 10).count } } == 5)
    #expect(status { _ = try read([1]) { try $0.take(-1).count } } == 5)
    #expect(status { _ = try read([1]) { try $0.take(.max).count } } == 5)
  }

  @Test func refusesCountsBeyondTheirLimit() {
    #expect(status { _ = try read([100]) { try $0.count(limit: 99) } } == 7)
    #expect(status { _ = try read([100]) { try $0.count(limit: 100) } } == 0)
    #expect(status { _ = try read([9]) { try $0.byte(below: 9) } } == 7)
    #expect(
      status {
        _ = try read([11] + [UInt8](repeating: 0, count: 11)) {
          try $0.block(limit: 10).count
        }
      } == 7)
  }

  @Test func refusesCountsOfMoreThanNineBytes() throws {
    let nine = [UInt8](repeating: 0xFF, count: 8) + [0x7F]
    #expect(try read(nine) { try $0.count() } == .max)
    for bytes in [9, 10, 20] {
      let long = [UInt8](repeating: 0x80, count: bytes) + [1]
      #expect(status { _ = try read(long) { try $0.count() } } == 6)
    }
  }

  @Test func refusesLeftovers() {
    #expect(status { try read([1]) { try $0.expectEnd() } } == 6)
  }
}
