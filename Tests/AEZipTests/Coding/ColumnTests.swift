import Testing

@testable import AEZip

/// Format.md, sections 6.3 and 6.3.2.
@Suite struct ColumnTests {
  private static let places = [(0, 0), (2, 0), (1, 1), (3, 1), (5, 1), (0, 2), (5, 2)]

  private func column() -> Column {
    let column = Column()
    column.field = 3
    column.coefficientExponent = 4
    for (number, place) in Self.places.enumerated() {
      column.regressors.append(
        Regressor(column: place.0, lag: place.1, coefficient: Double(number * 9 - 20) / 16))
    }
    return column
  }

  private func read(_ bytes: [UInt8], _ head: Column.Head, index: Int = 3) throws -> Column {
    try bytes.withUnsafeBytes {
      var reader = ByteReader($0, what: "a column")
      let column = try Column(
        field: index, index: index, columnCount: 6, head: head, from: &reader)
      try reader.expectEnd()
      return column
    }
  }

  @Test func regressorsComeBack() throws {
    let column = column()
    var writer = ByteWriter()
    column.write(to: &writer, columnCount: 6)
    // Origin, number, exponent, then a byte for each rank and each coefficient.
    #expect(writer.bytes.count == 1 + 2 + 2 * Self.places.count)
    let back = try read(writer.bytes, column.head)
    #expect(back.regressors.map { $0.column } == column.regressors.map { $0.column })
    #expect(back.regressors.map { $0.lag } == column.regressors.map { $0.lag })
    #expect(back.regressors.map { $0.coefficient } == column.regressors.map { $0.coefficient })
  }

  /// As files of versions 3 and 4 have them: column * 3 + lag, in any order.
  @Test func regressorsOfOlderFilesComeBack() throws {
    var head = column().head
    head.isAscending = false
    let back = try read([0, 3, 2, 7, 8, 1, 6, 17, 1], head)
    #expect(back.regressors.map { $0.column } == [2, 0, 5])
    #expect(back.regressors.map { $0.lag } == [1, 1, 2])
    #expect(back.regressors.map { $0.coefficient } == [1, 0.75, -0.25])
  }

  /// Ranks 3 to 5 are columns that are not there yet, from 18 on there are none.
  @Test(arguments: [3, 5, 18, 19] as [UInt8]) func refusesUnknownRanks(rank: UInt8) {
    #expect(throws: AEZipError.self) { try read([0, 1, 0, rank, 2], column().head) }
    #expect(throws: AEZipError.self) { try read([0, 2, 0, 1, 2, rank - 2, 2], column().head) }
  }

  @Test func acceptsTheLastRank() throws {
    let back = try read([0, 2, 0, 6, 2, 10, 2], column().head)
    #expect(back.regressors[1].column == 5 && back.regressors[1].lag == 2)
  }
}
