import AEZip

/// What a container remembers of the CSV file that was compressed.
struct CsvOrigin {
  struct Column {
    var style: CsvStyle
    /// The largest |text - original| that was asked for; nil if every cell keeps its value.
    var bound: Double?
    /// The spellings of missing values, as numbers of ``CsvMissing/spellings``.
    var missing: [Int] = []
    /// The texts by their code.
    var texts: [String] = []
  }

  var columns: [Column]
  var delimiter = UInt8(ascii: ",")
  var endsLinesWithCarriageReturn = false
  var hasByteOrderMark = false
  /// The file is not UTF-8: texts and names hold a character for each of its bytes.
  var isBytes = false

  /// A table that was no CSV file before.
  init(columns: [Column]) { self.columns = columns }

  /// A text of this table as the bytes of the file.
  func bytes(_ text: String) -> [UInt8] {
    isBytes ? text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } : Array(text.utf8)
  }

  /// The inverse of ``bytes(_:)``.
  func text(_ bytes: some Collection<UInt8>) -> String {
    guard isBytes else { return String(decoding: bytes, as: UTF8.self) }
    var text = String.UnicodeScalarView()
    for byte in bytes { text.append(Unicode.Scalar(byte)) }
    return String(text)
  }

  var json: Json {
    var members: [(key: String, value: Json)] = []
    if delimiter != UInt8(ascii: ",") {
      members.append(("delimiter", .string(String(Character(Unicode.Scalar(delimiter))))))
    }
    if endsLinesWithCarriageReturn { members.append(("crlf", .bool(true))) }
    if hasByteOrderMark { members.append(("bom", .bool(true))) }
    if isBytes { members.append(("bytes", .bool(true))) }
    members.append(("columns", .array(columns.map(\.json))))
    return Origin.metadata(.csv, members)
  }

  /// Nil if it is damaged.
  init?(_ json: Json) {
    guard let columns = json["columns"]?.array?.map({ Column($0) }),
      columns.allSatisfy({ $0 != nil })
    else { return nil }
    self.columns = columns.map { $0! }
    if let mark = json["delimiter"]?.string?.utf8.first { delimiter = mark }
    endsLinesWithCarriageReturn = json["crlf"]?.bool ?? false
    hasByteOrderMark = json["bom"]?.bool ?? false
    isBytes = json["bytes"]?.bool ?? false
  }

  /// Whether it describes the fields of a container.
  func fits(_ layout: Layout) -> Bool {
    columns.count == layout.fields.count
      && zip(columns, layout.fields).allSatisfy { column, field in
        switch column.style {
        case .integer, .time: true
        case .decimal, .shortest: field.type.isFloat
        case .text: !field.type.isFloat
        }
      }
  }

  /// Puts restored numbers where their text says: floats that stand for integers or decimals are
  /// rounded as they would be printed, so that every format gives the same values.
  func round(_ records: UnsafeMutableRawBufferPointer, _ table: RestoredTable) {
    for (field, index) in zip(table.fields, table.indices) {
      let power: Double
      switch columns[index].style {
      case .integer, .time: power = 1
      case .decimal(let places): power = CsvNumber.powersOfTen[places.upperBound]
      case .shortest, .text: continue
      }
      let places = stride(from: field.offset, to: records.count, by: table.recordSize)
      if field.type == .f64 {
        for place in places {
          let value = records.loadUnaligned(fromByteOffset: place, as: Double.self)
          guard abs(value) * power < 0x1p53 else { continue }
          let rounded = (value * power).rounded() / power
          records.storeBytes(of: rounded, toByteOffset: place, as: Double.self)
        }
      } else if field.type == .f32, power == 1 {
        for place in places {
          let value = records.loadUnaligned(fromByteOffset: place, as: Float.self)
          guard value.isFinite else { continue }
          records.storeBytes(of: value.rounded(), toByteOffset: place, as: Float.self)
        }
      }
    }
  }
}

extension CsvOrigin.Column {
  var json: Json {
    var members: [(key: String, value: Json)] = []
    switch style {
    case .integer: members.append(("kind", .string("integer")))
    case .decimal(let places):
      members.append(("kind", .string("decimal")))
      let ends = [places.lowerBound, places.upperBound]
      members.append(("places", .array(ends.map { .number(Double($0)) })))
    case .shortest(let fewest):
      members.append(("kind", .string("decimal")))
      members.append(("places", .array([.number(Double(fewest))])))
    case .time(let time):
      members.append(("kind", .string("time")))
      members.append(("example", .string(time.example)))
    case .text:
      members.append(("kind", .string("text")))
      members.append(("texts", .array(texts.map { .string($0) })))
    }
    if let bound { members.append(("bound", .number(bound))) }
    if !missing.isEmpty {
      members.append(("missing", .array(missing.map { .string(CsvMissing.spellings[$0]) })))
    }
    return .object(members)
  }

  /// Nil if it is damaged.
  init?(_ json: Json) {
    switch json["kind"]?.string {
    case "integer": style = .integer
    case "decimal":
      let places = json["places"]?.array?.compactMap(\.integer) ?? []
      guard let fewest = places.first, (0...22).contains(fewest) else { return nil }
      if places.count == 2 {
        guard (fewest...22).contains(places[1]) else { return nil }
        style = .decimal(places: fewest...places[1])
      } else {
        style = .shortest(fewestPlaces: fewest)
      }
    case "time":
      guard let time = json["example"]?.string.flatMap({ CsvTime(example: $0) }) else { return nil }
      style = .time(time)
    case "text":
      guard let texts = json["texts"]?.array?.map(\.string), !texts.contains(nil) else {
        return nil
      }
      style = .text
      self.texts = texts.map { $0! }
    default: return nil
    }
    bound = json["bound"]?.number
    missing = (json["missing"]?.array ?? []).compactMap { spelling in
      CsvMissing.spellings.firstIndex { $0 == spelling.string }
    }
  }
}
