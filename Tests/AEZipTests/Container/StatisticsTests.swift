import Testing

@testable import AEZip

@Suite struct StatisticsTests {
  @Test func relativeBoundsAreSharesOfTheRange() {
    #expect(FieldStatistics.absolute(.relative(0.01), minimum: -50, maximum: 50) == 1)
    #expect(FieldStatistics.absolute(.absolute(0.3), minimum: 1, maximum: 2) == 0.3)
    #expect(FieldStatistics.absolute(.exact, minimum: 1, maximum: 2) == 0)
  }

  @Test func fieldsWithoutARangeAreExact() {
    #expect(FieldStatistics.absolute(.relative(0.01), minimum: 5, maximum: 5) == 0)
    #expect(FieldStatistics.absolute(.relative(0.01), minimum: .infinity, maximum: -.infinity) == 0)
    #expect(FieldStatistics.absolute(.relative(0.01), minimum: .nan, maximum: .nan) == 0)
  }

  @Test func rangesBeyondDoubleGiveFiniteBounds() {
    let huge = FieldStatistics.absolute(.relative(0.1), minimum: -1.7e308, maximum: 1.7e308)
    #expect(huge == 0.1 * 1.7e308 + 0.1 * 1.7e308)
    let most = FieldStatistics.absolute(.relative(5), minimum: -1.7e308, maximum: 1.7e308)
    #expect(most == .greatestFiniteMagnitude)
  }

  @Test func comeBackFromTheFileWithErrorsRoundedUp() throws {
    let layout = try Layout(matrixOf: .f64, fieldCount: 4, bound: .absolute(0.5))
    var statistics = [FieldStatistics](repeating: FieldStatistics(), count: 4)
    for index in 0..<4 { statistics[index].absoluteBound = 0.5 }
    statistics[0].minimum = -1.5
    statistics[0].maximum = 2
    statistics[0].largestError = 0.4321
    statistics[0].rmse = 0.1
    statistics[1].minimum = 0.1
    statistics[1].maximum = 1e300
    statistics[1].missingCount = 12345
    statistics[2].missingCount = 1
    statistics[3].absoluteBound = 0.25
    let bytes = FieldStatistics.encode(statistics, layout)
    let back = try bytes.withUnsafeBytes { try FieldStatistics.decode($0, layout) }
    for (a, b) in zip(statistics, back) {
      #expect(a.absoluteBound == b.absoluteBound && a.missingCount == b.missingCount)
      #expect(a.minimum == b.minimum || a.minimum.isNaN && b.minimum.isNaN)
      #expect(a.maximum == b.maximum || a.maximum.isNaN && b.maximum.isNaN)
      #expect(b.largestError >= a.largestError && b.largestError <= a.largestError + 1e-5)
      #expect(b.rmse >= a.rmse && b.rmse <= a.rmse + 1e-5)
    }
    for count in 0..<bytes.count {
      let cut = Array(bytes[..<count])
      #expect(
        status { _ = try cut.withUnsafeBytes { try FieldStatistics.decode($0, layout) } } == 5)
    }
  }

  @Test func tellWhatTheRecordsHold() throws {
    var values = (0..<1000).map { Double($0) * 0.37 }
    values[10] = .nan
    values[11] = .infinity
    values[12] = -1e6
    let container = try Table.column(values, .absolute(0.01)).compressed()
    let back = try Table(restoring: container).values(as: Double.self)
    let s = try container.withUnsafeBytes { try ContainerReader(bytes: $0).statistics[0] }
    #expect(s.minimum == -1e6 && s.maximum == 999 * 0.37 && s.missingCount == 1)
    var largest = 0.0
    var squares = 0.0
    for (a, b) in zip(values, back) where a.isFinite {
      largest = max(largest, (a - b).magnitude)
      squares += (a - b) * (a - b)
    }
    #expect(s.largestError >= largest && s.largestError <= largest + 0.01 * 2e-5)
    let rmse = (squares / 998).squareRoot()
    // Values that are not finite count as kept.
    #expect(s.rmse >= rmse * 0.998 && s.rmse <= rmse + 0.01 * 2e-5)
  }

  @Test func tellTheRangeOfWideIntegers() throws {
    let wide: [Int64] = [.min, 0, 5, .max, -7] + (0..<100).map { $0 * 1_000_003 }
    let container = try Table.column(wide, .exact).compressed()
    let s = try container.withUnsafeBytes { try ContainerReader(bytes: $0).statistics[0] }
    #expect(s.minimum == -0x1p63 && s.maximum == 0x1p63)
    let high: [UInt64] = (0..<100).map { UInt64.max - $0 * 3 }
    let second = try Table.column(high, .exact).compressed()
    let t = try second.withUnsafeBytes { try ContainerReader(bytes: $0).statistics[0] }
    #expect(t.minimum >= 0x1.fp63 && t.maximum == 0x1p64)
  }
}
