import Testing

@testable import AEZip

@Suite struct GroupingTests {
  @Test func everyGroupFitsInAByte() {
    for grouping in Grouping.all {
      var values = 1
      for _ in 0..<grouping.size { values *= grouping.alphabet }
      #expect(values <= 256)
    }
    #expect(Grouping.all.count == Grouping.oldZeroRuns)
  }

  @Test func countsBytesRoundedUp() {
    for grouping in Grouping.all {
      #expect(grouping.byteCount(0) == 0)
      #expect(grouping.byteCount(1) == 1)
      #expect(grouping.byteCount(grouping.size) == 1)
      #expect(grouping.byteCount(grouping.size + 1) == 2)
    }
  }

  private func runs(_ symbols: [UInt8]) throws -> (bytes: [UInt8], escapes: [UInt8]) {
    var bytes = [UInt8](repeating: 0, count: symbols.count + 1)
    var escapes = bytes
    var escapeCount = 0
    let count = Kernels().call.zero_runs(
      &bytes, symbols, symbols.count, &escapes, &escapeCount)
    bytes = Array(bytes[..<count])
    escapes = Array(escapes[..<escapeCount])
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

  private func lengthen(_ bytes: [UInt8], _ counts: [Int]) throws -> ZeroRuns.Long? {
    try counts.withUnsafeBufferPointer { try ZeroRuns.lengthen(ByteBuffer(bytes), $0) }
  }

  @Test func longRunsKeepTheirLowBits() throws {
    // Runs of 84 * 30 + 5, 84 * 20 and 7 zeros, again and again.
    var bytes: [UInt8] = []
    for _ in 0..<40 {
      bytes += [UInt8](repeating: 252, count: 30) + [15] + [UInt8](repeating: 252, count: 20)
      bytes += [1, 23]
    }
    let counts = (0..<256).map { byte in bytes.filter { Int($0) == byte }.count }
    let long = try #require(try lengthen(bytes, counts))
    #expect(long.runBits > 0)
    #expect(long.bytes.count < bytes.count / 4)
    let runs = Array(long.lows).map { Int($0) }
    var lengths: [Int] = []
    var kinds: [Int] = []
    var zeros = 0
    for byte in long.bytes.bytes {
      if byte == 252 {
        zeros += 84 << long.runBits
      } else {
        lengths.append(zeros + (Int(byte) / 3) << long.runBits + runs[lengths.count])
        kinds.append(Int(byte) % 3)
        zeros = 0
      }
    }
    #expect(lengths == (0..<40).flatMap { _ in [2525, 1680, 7] })
    #expect(kinds == (0..<40).flatMap { _ in [0, 1, 2] })
  }

  @Test func shortRunsAreCountedOneByOne() throws {
    let bytes = (0..<999).map { UInt8($0 % 253) }
    let counts = (0..<256).map { byte in bytes.filter { Int($0) == byte }.count }
    #expect(try lengthen(bytes, counts) == nil)
    let none = [Int](repeating: 0, count: 256)
    #expect(try lengthen([], none) == nil)
  }

  /// Digits to the base of the alphabet, the first symbol the lowest; the largest digit for more.
  @Test func symbolsAreJoinedAndOutliersFollow() {
    var bytes = [UInt8](repeating: 9, count: 2)
    let kernels = Kernels().call
    kernels.join(&bytes, [1, 2, 0, 9, 5, 3], 2, 6, 3)
    // 1 + 2 * 6, and 5 + 5 * 6 + 3 * 36.
    #expect(bytes == [13, 143])
    var found = [UInt8](repeating: 0, count: 7)
    #expect(kernels.outliers(&found, [1, 2, 0, 9, 5, 3], 6, 5) == 2)
    #expect(found[..<2] == [9, 5])
  }

  @Test(arguments: [0, 1, 4, 1001]) func bytesAreCounted(count: Int) {
    var random = Seeded(UInt64(count))
    let bytes = random.bytes(count)
    var counts = [Int](repeating: 0, count: 1024)
    Kernels().call.histogram(&counts, bytes, count)
    for symbol in 0..<256 { #expect(counts[symbol] == bytes.filter { Int($0) == symbol }.count) }
  }
}
