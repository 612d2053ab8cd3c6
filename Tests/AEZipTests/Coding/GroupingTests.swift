import Testing

@testable import AEZip

@Suite struct GroupingTests {
  @Test func everyGroupFitsInAByte() {
    for grouping in Grouping.all {
      var values = 1
      for _ in 0..<grouping.size { values *= grouping.alphabet }
      #expect(values <= 256)
    }
    #expect(Grouping.all.count == Grouping.zeroRuns)
  }

  @Test func countsBytesRoundedUp() {
    for grouping in Grouping.all {
      #expect(grouping.byteCount(0) == 0)
      #expect(grouping.byteCount(1) == 1)
      #expect(grouping.byteCount(grouping.size) == 1)
      #expect(grouping.byteCount(grouping.size + 1) == (grouping.size == 1 ? 2 : 2))
    }
  }

  private func runs(_ symbols: [UInt8]) throws -> (bytes: [UInt8], escapes: [UInt8]) {
    var bytes: [UInt8] = []
    var escapes: [UInt8] = []
    try ZeroRuns.encode(symbols, symbols.count) { (byte) throws(AEZipError) in
      bytes.append(byte)
    } escape: { (symbol) throws(AEZipError) in
      escapes.append(symbol)
    }
    return (bytes, escapes)
  }

  /// Format.md, section 6.6.
  @Test func zerosAreCounted() throws {
    #expect(try runs([]).bytes == [])
    #expect(try runs([0, 0, 0]).bytes == [])
    #expect(try runs([1, 2, 3]) == ([0, 1, 2], [3]))
    #expect(try runs([0, 0, 1, 0, 9, 0]) == ([6, 5], [9]))
    let zeros = [UInt8](repeating: 0, count: 83)
    #expect(try runs(zeros + [2]).bytes == [250])
    #expect(try runs(zeros + [0, 2]).bytes == [252, 1])
    #expect(try runs(zeros + zeros + [0, 0, 1]).bytes == [252, 252, 0])
  }
}
