/// The order of a chunk's columns, where it is not that of the layout; Format.md, section 6.2.1.
enum ColumnOrder {
  /// Writes for each column how far its field lies from the one that follows the column before.
  ///
  /// - Parameter order: for each column the number of its field among the coded ones.
  static func write(_ order: List<Int>, to writer: inout ByteWriter) {
    var expected = 0
    for place in order {
      writer.signed(place - expected)
      expected = place + 1
    }
  }

  /// The inverse: the fields of the columns, of those that are `coded`.
  static func read(
    _ coded: [Int], from reader: inout ByteReader
  ) throws(AEZipError) -> [Int] {
    var seen = List<Bool>(repeating: false, count: coded.count)
    var fields: [Int] = []
    var expected = 0
    for _ in coded {
      let move = try reader.signed()
      let (place, overflow) = expected.addingReportingOverflow(move)
      guard !overflow, place >= 0, place < coded.count, !seen[place] else {
        throw .corrupted(what: "the order of columns", declared: move, computed: expected)
      }
      seen[place] = true
      fields.append(coded[place])
      expected = place + 1
    }
    return fields
  }
}
