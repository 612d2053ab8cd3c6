import CPlatform
import Testing

@testable import AEZip

@Suite struct SymbolsTests {
  @Test func zigzagAlternates() {
    for (code, u) in [
      (0, 0), (-1, 1), (1, 2), (-2, 3), (.max, .max - 1), (.min, .max),
    ] as [(Int32, UInt32)] {
      #expect(zigzag(code) == u)
    }
  }

  /// What the kernels make of codes: symbols, and the bits that these leave out.
  private func packed(_ codes: [Int32], shift: Int) -> (symbols: [UInt8], raw: [UInt8], bits: Int) {
    let kernels = Kernels().call
    var symbols = [UInt8](repeating: 0, count: codes.count)
    let left = Int(kernels.symbols(&symbols, codes, codes.count, Int32(shift)))
    let bits = left + shift * codes.count
    var raw = [UInt8](repeating: 0, count: bits / 8 + 16)
    var state = aezk_bits()
    let written = kernels.raw(&raw, codes, codes.count, Int32(shift), &state)
    #expect(written == bits / 8 && state.count == bits % 8)
    if state.count > 0 { raw[written] = UInt8(truncatingIfNeeded: state.pending) }
    return (symbols, Array(raw[..<((bits + 7) / 8)]), bits)
  }

  private func codes(_ symbols: [UInt8], _ raw: [UInt8], shift: Int) -> (codes: [Int32], end: Int) {
    var codes = [Int32](repeating: 0, count: symbols.count)
    var position = 0
    let padded = raw + [UInt8](repeating: 0, count: 16)
    Kernels().call.codes(
      &codes, symbols, symbols.count, Int32(shift), padded, &position, 8 * raw.count)
    return (codes, position)
  }

  private func expectBack(_ values: [Int32], shift: Int) {
    let (symbols, raw, bits) = packed(values, shift: shift)
    let back = codes(symbols, raw, shift: shift)
    #expect(back.codes == values && back.end == bits)
    for (index, value) in values.enumerated() {
      #expect(symbols[index] == Symbols.symbol(zigzag(value) >> UInt32(shift)).symbol)
    }
  }

  @Test(arguments: [0, 1, 5, 17, 24]) func everyOctaveComesBack(shift: Int) {
    var values: [Int32] = [0, -1, 1, .max, .min, .max - 1]
    for h in 0..<700 as Range<Int32> { values += [h, -h] }
    for octave in 7...30 as ClosedRange<Int32> {
      let first = Int32(1) << octave
      values += [first - 1, first, first + 1, first + first / 4, first + first / 2, -first]
    }
    expectBack(values, shift: shift)
  }

  @Test(arguments: 0..<20 as Range<UInt64>) func codesOfAnySizeComeBack(seed: UInt64) {
    var random = Seeded(seed)
    let values = (0..<Int.random(in: 0...300, using: &random)).map { _ in
      Int32(truncatingIfNeeded: random.next()) >> Int32.random(in: 0...31, using: &random)
    }
    expectBack(values, shift: Int.random(in: 0...24, using: &random))
  }

  /// The low bits come first, and bytes are filled from their low ends.
  @Test func bitsAreFilledFromTheLowEnd() {
    // Zig-zag 10 = 0b1010 and 3 = 0b11; of 161 = 0b10100001 five bits are raw.
    #expect(packed([5, -2], shift: 2).raw == [0b1110])
    #expect(packed([-81], shift: 0).raw == [1])
  }

  /// Beyond the end there are zeros, and symbols that do not exist read as large ones.
  @Test func missingBitsAndStrangeSymbolsAreHarmless() {
    let all = (0...255).map { UInt8($0) }
    for shift in [0, 24] {
      let (values, end) = codes(all, [], shift: shift)
      #expect(values.count == 256)
      #expect(end > 0)
    }
    #expect(codes([128], [], shift: 0).codes == [64])
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
}
