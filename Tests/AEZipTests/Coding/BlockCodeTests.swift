import CPlatform
import Testing

@testable import AEZip

@Suite struct BlockCodeTests {
  private static let shapes: [@Sendable (Int) -> Int] = [
    { _ in 1 }, { 1 << (min($0, 40) / 2) }, { $0 % 3 == 0 ? 1000 / ($0 + 1) : 0 },
    { 4000 / ($0 * $0 + 1) }, { $0 == 200 ? 9 : 0 }, { ($0 * 7919) % 61 }, { 100_000 >> ($0 / 8) },
  ]

  private func counts(_ shape: Int) -> [Int] { (0..<256).map(Self.shapes[shape]) + [1] }

  /// Writes the description; returns its bits.
  @discardableResult private func write(_ code: BlockCode) -> Int {
    var output = [UInt8](repeating: 0, count: 1000)
    return output.withUnsafeMutableBufferPointer {
      var writer = DeflateBits(target: $0.baseAddress!, state: aezk_bits())
      code.write(to: &writer)
      return 8 * writer.written + writer.state.count
    }
  }

  /// Kraft: no code is another one's beginning, and none is left over.
  @Test(arguments: 0..<7, [false, true]) func codesAreComplete(shape: Int, isSmoothed: Bool) throws
  {
    let code = try BlockCode()
    let counts = counts(shape)
    _ = code.choose(counts, isSmoothed: isSmoothed)
    write(code)
    var room = 0
    for symbol in 0...256 {
      let length = Int(code.codes[symbol] & 255)
      #expect(length > 0 || counts[symbol] == 0)
      #expect(length <= 15)
      if length > 0 { room += 1 << (15 - length) }
    }
    #expect(room == 1 << 15)
  }

  /// The bits that are promised are those that are written.
  @Test(arguments: 0..<7, [false, true]) func bitsAreThoseOfTheBlock(shape: Int, isSmoothed: Bool)
    throws
  {
    let code = try BlockCode()
    let counts = counts(shape)
    let bits = code.choose(counts, isSmoothed: isSmoothed)
    let described = write(code)
    let coded = (0...256).reduce(0) { $0 + counts[$1] * Int(code.codes[$1] & 255) }
    #expect(bits == described + coded)
  }

  @Test(arguments: 0..<7) func smoothingNeverCosts(shape: Int) throws {
    let code = try BlockCode()
    let counts = counts(shape)
    let plain = code.choose(counts, isSmoothed: false)
    #expect(code.choose(counts, isSmoothed: true) <= plain)
  }

  /// Counts that fall, but for chance: their lengths differ by one here and there, in vain.
  @Test func smoothCodesTakeFewBitsToDescribe() throws {
    var random = Seeded(5)
    var counts = [Int](repeating: 0, count: 257)
    for symbol in 0..<256 {
      counts[symbol] = Int(max(0, 600 / Double(symbol + 30) * (1 + 0.3 * random.normal())))
    }
    counts[256] = 1
    let code = try BlockCode()
    func description(isSmoothed: Bool) -> Int {
      let bits = code.choose(counts, isSmoothed: isSmoothed)
      write(code)
      return bits - (0...256).reduce(0) { $0 + counts[$1] * Int(code.codes[$1] & 255) }
    }
    #expect(description(isSmoothed: true) * 3 < description(isSmoothed: false) * 2)
  }
}
