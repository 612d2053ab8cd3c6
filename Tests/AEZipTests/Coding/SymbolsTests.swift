import Testing

@testable import AEZip

@Suite struct SymbolsTests {
  @Test func zigzagAlternates() {
    for (code, u) in [
      (0, 0), (-1, 1), (1, 2), (-2, 3), (.max, .max - 1), (.min, .max),
    ] as [(Int32, UInt32)] {
      #expect(zigzag(code) == u)
      #expect(unzigzag(u) == code)
    }
  }

  /// Back from a symbol and its raw bits.
  private func back(_ h: UInt32) -> UInt32 {
    let (symbol, rawBits) = Symbols.symbol(h)
    guard symbol >= 128 else { return UInt32(symbol) }
    let (base, bits) = Symbols.range(symbol)
    #expect(bits == rawBits)
    return base | (h & ((1 << UInt32(bits)) - 1))
  }

  @Test func everyOctaveComesBack() {
    for h in 0..<2000 as Range<UInt32> { #expect(back(h) == h) }
    for octave in 7...31 as ClosedRange<UInt32> {
      let first = UInt32(1) << octave
      for h in [first - 1, first, first + 1, first + first / 4, first + first / 2, first &* 2 &- 1]
      {
        #expect(back(h) == h)
      }
    }
    #expect(back(.max) == .max)
  }

  /// Format.md, section 6.6: 128 + 4 (o - 7) + the two bits after the leading one.
  @Test func symbolsAreThoseOfTheFormat() {
    for (h, symbol, bits) in [
      (127, 127, 0), (128, 128, 5), (159, 128, 5), (160, 129, 5), (255, 131, 5), (256, 132, 6),
      (1 << 31, 224, 29), (.max, 227, 29),
    ] as [(UInt32, UInt8, Int)] {
      #expect(Symbols.symbol(h) == (symbol, bits))
    }
    #expect(Symbols.count == 228)
  }

  @Test func symbolsBeyondTheLastAreHarmless() {
    for symbol in 228...255 as ClosedRange<UInt8> {
      let (_, bits) = Symbols.range(symbol)
      #expect(bits <= 29)
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func bitsComeBackInOrder(seed: UInt64) throws {
    var random = Seeded(seed)
    let writer = try BitWriter()
    var numbers: [(UInt32, Int)] = []
    for _ in 0..<Int.random(in: 0...300, using: &random) {
      let size = Int.random(in: 0...32, using: &random)
      let value = size == 0 ? 0 : UInt32(truncatingIfNeeded: random.next()) >> UInt32(32 - size)
      numbers.append((value, size))
      try writer.write(value, size)
    }
    try writer.flush()
    let total = numbers.reduce(0) { $0 + $1.1 }
    #expect(writer.bytes.count == (total + 7) / 8)
    var reader = BitReader(writer.bytes.base, count: writer.bytes.count)
    for (value, size) in numbers { #expect(reader.read(size) == value) }
    #expect(reader.isExhausted)
  }

  @Test func bitsAreFilledFromTheLowEnd() throws {
    let writer = try BitWriter()
    for (value, size) in [(1, 1), (0, 1), (3, 2), (0x5A, 8), (7, 3)] as [(UInt32, Int)] {
      try writer.write(value, size)
    }
    try writer.flush()
    #expect(Array(writer.bytes.bytes) == [0xAD, 0x75])
  }

  @Test func bitsThatAreMissingOrLeftOverAreNoticed() throws {
    let writer = try BitWriter()
    try writer.write(0xABCDE, 20)
    try writer.flush()
    var short = BitReader(writer.bytes.base, count: 3)
    _ = short.read(16)
    #expect(!short.isExhausted || writer.bytes.count == 2)
    var long = BitReader(writer.bytes.base, count: 2)
    _ = long.read(20)
    #expect(!long.isExhausted)
    var empty = BitReader(writer.bytes.base, count: 0)
    #expect(empty.isExhausted)
    #expect(empty.read(32) == 0)
    #expect(!empty.isExhausted)
  }
}
