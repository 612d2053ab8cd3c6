/// The order of a chunk's columns, where it is not that of the layout; Format.md, section 6.2.1.
enum ColumnOrder {
  /// Writes for each column how far its field lies from the one that follows the column before.
  ///
  /// - Parameter order: for each column the number of its field among the coded ones.
  static func write(_ order: List<Int>, to writer: inout ByteWriter) {
    var expected = 0
    writer.lane = .places
    for place in order {
      writer.signed(place - expected)
      expected = place + 1
    }
    writer.lane = .general
  }

  /// The inverse: the fields of the columns, of those that are `coded`.
  static func read(
    _ coded: [Int], from reader: inout ByteReader
  ) throws(AEZipError) -> [Int] {
    var seen = List<Bool>(repeating: false, count: coded.count)
    var fields: [Int] = []
    var expected = 0
    reader.lane = .places
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
    reader.lane = .general
    return fields
  }

  /// The order in which columns that take many bits come first.
  ///
  ///     bits of a normal variable with the variance of the column's y, or of its differences
  static func falling(
    _ columns: [Column], _ planes: List<Plane>, _ strands: Strands
  ) -> List<Int> {
    var ranks: [Double] = []
    let step = max(1, strands.blockCount / 32)
    for index in 0..<columns.count {
      let plane = planes[index]
      var (count, sum, squares, differences) = (1e-9, 0.0, 0.0, 0.0)
      var block = 1
      while block < strands.blockCount {
        for lane in 0..<strands.activeLanes(block) {
          let place = block * Strands.width + lane
          let now = plane.float.map { Double($0[place]) } ?? plane.double![place]
          let before =
            plane.float.map { Double($0[place - Strands.width]) }
            ?? plane.double![place - Strands.width]
          guard now.isFinite, before.isFinite else { continue }
          let x = (now - columns[index].origin) / columns[index].scaledUnit
          let difference = (now - before) / columns[index].scaledUnit
          count += 1
          sum += x
          squares += x * x
          differences += difference * difference
        }
        block += step
      }
      let variance = min(squares - sum * sum / count, differences) / count
      ranks.append(-Planner.bits(max(0, variance), columns[index].multiple))
    }
    return List(ascending(ranks))
  }
}
