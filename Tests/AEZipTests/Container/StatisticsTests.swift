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

  private func encoded(_ statistics: [FieldStatistics], _ layout: Layout) -> [UInt8] {
    var cuts = List<Int>()
    let bytes = FieldStatistics.encode(statistics, layout, cuts: &cuts)
    var last = 0
    for cut in cuts {
      #expect(cut > last && cut < bytes.count)
      last = cut
    }
    return bytes
  }

  @Test func comeBackFromTheFileWithErrorsRoundedUp() throws {
    let layout = try Layout(matrixOf: .f64, fieldCount: 6, bound: .absolute(0.5))
    var statistics = [FieldStatistics](repeating: FieldStatistics(), count: 6)
    for index in 0..<6 { statistics[index].absoluteBound = 0.5 }
    statistics[0].minimum = -1.5
    statistics[0].maximum = 2
    statistics[0].largestError = 0.4321
    statistics[0].rmse = 0.1
    statistics[1].minimum = 0.1
    statistics[1].maximum = 1e300
    statistics[1].missingCount = 12345
    statistics[1].largestError = 1e-300
    statistics[2].missingCount = 1
    statistics[3].absoluteBound = 0.25
    statistics[4].minimum = 15596.1621
    statistics[4].maximum = 170_000.25
    statistics[4].largestError = 0.5
    statistics[4].rmse = 0.5
    statistics[5].absoluteBound = .infinity
    statistics[5].minimum = -Double(Float.greatestFiniteMagnitude)
    statistics[5].maximum = Double(Float.pi)
    statistics[5].largestError = 123.456
    statistics[5].rmse = 0.001
    let bytes = encoded(statistics, layout)
    let back = try bytes.withUnsafeBytes { try FieldStatistics.decode($0, layout) }
    for (a, b) in zip(statistics, back) {
      #expect(a.absoluteBound == b.absoluteBound && a.missingCount == b.missingCount)
      #expect(a.minimum == b.minimum || a.minimum.isNaN && b.minimum.isNaN)
      #expect(a.maximum == b.maximum || a.maximum.isNaN && b.maximum.isNaN)
      let unit = a.absoluteBound.isFinite ? a.absoluteBound / 254 : 0
      #expect(b.largestError >= a.largestError && b.largestError <= a.largestError + unit)
      #expect(b.rmse >= a.rmse && b.rmse <= a.rmse + unit)
      #expect(b.largestError <= a.absoluteBound)
    }
    for count in 0..<bytes.count {
      let cut = Array(bytes[..<count])
      #expect(
        status { _ = try cut.withUnsafeBytes { try FieldStatistics.decode($0, layout) } } == 5)
    }
  }

  /// 15596.1621 is no Float: eight bytes, or four as a decimal; pi takes all of them, 3.14 as a Float
  /// three at most.
  @Test func tellDecimalsInFewBytes() throws {
    func size(_ type: ElementType, _ values: (Double, Double)) throws -> Int {
      let layout = try Layout(matrixOf: type, fieldCount: 1, bound: .absolute(0.5))
      var s = FieldStatistics()
      s.absoluteBound = 0.5
      (s.minimum, s.maximum) = values
      let bytes = encoded([s], layout)
      let back = try bytes.withUnsafeBytes { try FieldStatistics.decode($0, layout)[0] }
      #expect(back.minimum.bitPattern == values.0.bitPattern)
      #expect(back.maximum.bitPattern == values.1.bitPattern)
      return bytes.count
    }
    #expect(try size(.f64, (-15596.1621, 15596.1621)) == 2 + 1 + 5 + 5)
    #expect(try size(.f64, (-.pi, .pi)) == 2 + 16)
    #expect(try size(.f64, (-Double(Float.pi), Double(Float.pi))) == 2 + 8)
    #expect(try size(.f32, (Double(Float(-3.14)), Double(Float(3.14)))) == 2 + 1 + 2 + 2)
    #expect(try size(.f32, (-0.0, 0.0)) == 2 + 8)
    #expect(try size(.i16, (-32768, 32767)) == 2 + 1 + 3 + 3)
    #expect(try size(.f64, (-1e308, 1e308)) == 2 + 16)
    #expect(try size(.f64, (-0x1p63, 0x1p64)) == 2 + 8)
  }

  /// One field after the other, as files of versions 1 to 5 have them.
  @Test func comeBackFromOlderFiles() throws {
    let layout = try Layout(matrixOf: .f32, fieldCount: 2, bound: .absolute(0.5))
    var writer = ByteWriter()
    writer.byte(1 | 2 | 8 | 16)
    writer.f32(-1.5)
    writer.f32(2)
    writer.count(300)
    for byte in [0xFF, 0x7F, 1, 0] as [UInt8] { writer.byte(byte) }
    writer.byte(4)
    writer.f64(0.25)
    let back = try writer.bytes.withUnsafeBytes { try FieldStatistics.decode($0, layout) }
    #expect(back[0].minimum == -1.5 && back[0].maximum == 2 && back[0].missingCount == 300)
    #expect(back[0].largestError == 32767 / 65535 * 0.5 && back[0].rmse == 1 / 65535 * 0.5)
    #expect(back[1].minimum.isNaN && back[1].absoluteBound == 0.25 && back[1].largestError == 0)
  }

  @Test func tellWhatTheRecordsHold() throws {
    // More than those whose statistics are short.
    var values = (0..<2000).map { Double($0) * 0.37 }
    values[10] = .nan
    values[11] = .infinity
    values[12] = -1e6
    let container = try Table.column(values, .absolute(0.01)).compressed()
    let back = try Table(restoring: container).values(as: Double.self)
    let s = try container.withUnsafeBytes { try ContainerReader(bytes: $0).statistics[0] }
    #expect(s.minimum == -1e6 && s.maximum == 1999 * 0.37 && s.missingCount == 1)
    var largest = 0.0
    var squares = 0.0
    for (a, b) in zip(values, back) where a.isFinite {
      largest = max(largest, (a - b).magnitude)
      squares += (a - b) * (a - b)
    }
    #expect(s.largestError >= largest && s.largestError <= largest + 0.01 / 254)
    let rmse = (squares / 1998).squareRoot()
    // Values that are not finite count as kept.
    #expect(s.rmse >= rmse * 0.998 && s.rmse <= rmse + 0.01 / 254)
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
