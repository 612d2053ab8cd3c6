import Testing

@testable import AEZip

@Suite struct ByteOrderTests {
  /// All weights 0: nothing moves.
  @Test(arguments: 1...6) func equalBytesKeepTheirOrder(grouping: Int) {
    let weights = [UInt8](repeating: 0, count: ByteOrder.weightCount(grouping))
    #expect(ByteOrder(grouping, weights).bytes == Array(0..<256))
  }

  @Test(arguments: 1...6) func everyByteHasANumber(grouping: Int) {
    var random = Seeded(UInt64(grouping))
    let weights = random.bytes(ByteOrder.weightCount(grouping))
    #expect(ByteOrder(grouping, weights).bytes.sorted() == Array(0..<256))
  }

  /// Four digits to the base 4: with weights 3, 0, 9, 9 the byte of four ones comes first, then those
  /// of three ones and a zero, ascending.
  @Test func digitsAddUp() {
    let bytes = ByteOrder(3, [3, 0, 9, 9]).bytes
    let ones = 1 + 4 + 16 + 64
    #expect(bytes[..<5] == [ones, ones - 64, ones - 16, ones - 4, ones - 1])
    #expect(bytes[255] == 255)
  }

  /// 3^5 = 243: the other bytes are last.
  @Test func bytesThatStandForNothingAreLast() {
    #expect(ByteOrder(4, [200, 100, 0]).bytes[243...] == Array(243..<256)[...])
    #expect(ByteOrder(5, [255, 1, 2, 3]).bytes[253...] == [253, 254, 255])
  }

  /// A zero weighs 2, the symbol 1 weighs 5, the symbol 2 weighs 1, an escape 9.
  @Test func zerosAndWhatEndsThemAddUp() {
    let bytes = ByteOrder(5, [2, 5, 1, 9]).bytes
    // 1: 1; 4: 3; 0 and 7: 5; 3 and 10: 7; 2, 6 and 13: 9.
    #expect(bytes[..<9] == [1, 4, 0, 7, 3, 10, 2, 6, 13])
    // 84 zeros weigh 168: more than 81 zeros with a 2 behind them, 163, less than with a 1.
    #expect(bytes.firstIndex(of: 252)! > bytes.firstIndex(of: 81 * 3 + 1)!)
    #expect(bytes.firstIndex(of: 252)! < bytes.firstIndex(of: 82 * 3)!)
  }

  /// From version 7 on a zero's weight is told in parts of 128.
  @Test func zerosMayWeighLittle() {
    #expect(ByteOrder(6, [32, 5, 1, 9]).bytes == ByteOrder(5, [2, 5, 1, 9]).bytes)
    // 3 zeros are 18 of 128, less than an eighth of a bit and a half: only what ends them differs.
    #expect(ByteOrder(6, [6, 5, 5, 6]).bytes[..<7] == [0, 1, 3, 4, 6, 7, 2])
    // One symbol in 64 is not 0: log2(64 / 63) * 128 = 2.9, log2(64) * 8 = 48.
    var counts = [Int](repeating: 0, count: 256)
    counts[3 * 63] = 100
    #expect(ByteOrder(6, fitting: counts).weights[..<2] == [3, 48])
    #expect(ByteOrder(5, fitting: counts).weights[..<2] == [0, 48])
  }

  /// Eighths of bits: symbols of shares 1/2, 1/4, 1/8 and 1/8.
  @Test func weightsAreLengthsOfCodes() {
    var counts = [Int](repeating: 0, count: 256)
    counts[0 + 0 * 4 + 0 * 16 + 0 * 64] = 1
    counts[1 + 1 * 4 + 2 * 16 + 3 * 64] = 1
    let order = ByteOrder(3, fitting: counts)
    #expect(order.weights == [8, 16, 24, 24])
    #expect(order.bytes[0] == 0)
  }

  @Test func nothingFitsAll() {
    let order = ByteOrder(5, fitting: [Int](repeating: 0, count: 256))
    #expect(order.bytes.sorted() == Array(0..<256))
  }
}
