import AEZip

/// Writes restored records as a CSV file: the one that was compressed, or a table that numpy arrays
/// and raw values become.
final class CsvSink: RecordSink {
  private let output: OutputFile
  private let table: RestoredTable
  private let printer: CsvPrinter
  private let text = TextBuffer()

  private static let flushSize = 1 << 19

  init(_ output: OutputFile, table: RestoredTable, origin: Origin) throws {
    self.output = output
    self.table = table
    printer = CsvPrinter(table, origin)
    printer.printHeader(into: text)
  }

  func write(_ records: UnsafeRawBufferPointer) throws {
    for start in stride(from: 0, to: records.count, by: table.recordSize) {
      printer.printRecord(records, at: start, into: text)
      if text.count >= Self.flushSize { try flush() }
    }
    try flush()
  }

  func finish() throws { try flush() }

  private func flush() throws {
    try output.write(text.contents)
    text.clear()
  }
}

/// Prints restored values as cells.
struct CsvPrinter {
  private let table: RestoredTable
  private let origin: CsvOrigin
  private let columns: [Column]
  private let lineEnd: [UInt8]

  /// A column with everything that a cell needs ready in bytes.
  private struct Column {
    var field: Field
    var style: CsvStyle
    var missing: [[UInt8]]
    /// The texts by code, quoted where needed.
    var texts: [[UInt8]]
  }

  /// - Parameter quotes: false for cells that are compared, not written.
  init(_ table: RestoredTable, _ origin: Origin, quotes: Bool = true) {
    self.table = table
    let columns: [CsvOrigin.Column]
    if case .csv(let origin) = origin {
      self.origin = origin
      columns = table.indices.map { origin.columns[$0] }
    } else {
      columns = zip(table.fields, table.statistics).map {
        CsvOrigin.Column(style: CsvStyle(field: $0, statistics: $1), missing: [0])
      }
      self.origin = CsvOrigin(columns: columns)
    }
    let described = self.origin
    self.columns = zip(table.fields, columns).map { field, column in
      Column(
        field: field, style: column.style,
        missing: column.missing.map { Array(CsvMissing.spellings[$0].utf8) },
        texts: column.texts.map {
          let bytes = described.bytes($0)
          return quotes ? Self.quoted(bytes, described.delimiter) : bytes
        })
    }
    lineEnd = Array((described.endsLinesWithCarriageReturn ? "\r\n" : "\n").utf8)
  }

  /// Columns without a name are called by their number.
  func printHeader(into text: TextBuffer) {
    if origin.hasByteOrderMark { append([0xEF, 0xBB, 0xBF], to: text) }
    let isUnnamed = columns.allSatisfy { $0.field.name.isEmpty } && columns.count > 1
    for (index, column) in columns.enumerated() {
      if index > 0 { text.append(origin.delimiter) }
      let name = isUnnamed ? "\(table.indices[index])" : column.field.name
      append(Self.quoted(origin.bytes(name), origin.delimiter), to: text)
    }
    append(lineEnd, to: text)
  }

  func printRecord(_ records: UnsafeRawBufferPointer, at start: Int, into text: TextBuffer) {
    for index in columns.indices {
      if index > 0 { text.append(origin.delimiter) }
      printCell(index, records, at: start, into: text)
    }
    append(lineEnd, to: text)
  }

  func printCell(
    _ index: Int, _ records: UnsafeRawBufferPointer, at start: Int, into text: TextBuffer
  ) {
    let field = columns[index].field
    let place = start + field.offset
    switch field.type {
    case .f64:
      let value = records.loadUnaligned(fromByteOffset: place, as: Double.self)
      if value.isNaN { return printMissing(index, CsvMissing.which(value, of: 256), into: text) }
      print(value, columns[index].style, into: text)
    case .f32:
      let value = records.loadUnaligned(fromByteOffset: place, as: Float.self)
      if value.isNaN { return printMissing(index, CsvMissing.which(value, of: 256), into: text) }
      if case .shortest(let fewest) = columns[index].style {
        return text.append(shortest: value, fewestPlaces: fewest)
      }
      print(Double(value), columns[index].style, into: text)
    case .i8, .i16, .i32, .i64:
      printInteger(index, loadInteger(records, place, field.type), into: text)
    case .u8, .u16, .u32, .u64:
      let value = loadUnsigned(records, place, field.type)
      if case .integer = columns[index].style { return text.append(digits: value) }
      printInteger(index, Int64(clamping: value), into: text)
    }
  }

  private func print(_ value: Double, _ style: CsvStyle, into text: TextBuffer) {
    switch style {
    case .decimal(let places): text.append(decimal: value, places: places)
    case .shortest(let fewest): text.append(shortest: value, fewestPlaces: fewest)
    case .integer, .text: text.append(decimal: value, places: 0...0)
    case .time(let time): text.append(time, Int64(max(min(value.rounded(), 0x1p62), -0x1p62)))
    }
  }

  private func printInteger(_ index: Int, _ value: Int64, into text: TextBuffer) {
    switch columns[index].style {
    case .integer, .decimal, .shortest: text.append(integer: value)
    case .time(let time): text.append(time, value)
    case .text:
      // A code without a text: only a container that others made can hold it.
      guard value >= 0, value < columns[index].texts.count else {
        return text.append(integer: value)
      }
      append(columns[index].texts[Int(value)], to: text)
    }
  }

  /// A NaN that stands for none of the column's spellings is an empty cell.
  private func printMissing(_ index: Int, _ which: Int, into text: TextBuffer) {
    let missing = columns[index].missing
    guard !missing.isEmpty else { return }
    append(missing[which < missing.count ? which : 0], to: text)
  }

  private func append(_ bytes: [UInt8], to text: TextBuffer) {
    bytes.withUnsafeBufferPointer { text.append($0) }
  }

  private static func quoted(_ bytes: [UInt8], _ delimiter: UInt8) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    guard bytes.contains(where: { $0 == delimiter || $0 == quote || $0 == 0x0A || $0 == 0x0D })
    else { return bytes }
    return [quote] + bytes.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
  }
}

extension CsvStyle {
  /// For a field that was no CSV column: rounding may use up what the codec left of the bound.
  init(field: Field, statistics: FieldStatistics) {
    guard field.type.isFloat else {
      self = .integer
      return
    }
    let slack = statistics.absoluteBound - statistics.largestError
    let powers = CsvNumber.powersOfTen
    let largest = max(-statistics.minimum, statistics.maximum) + statistics.absoluteBound
    if slack > 0, slack.isFinite, largest.isFinite,
      let places = (0...15).first(where: { powers[$0] * (slack - 4 * largest.ulp) >= 0.5 }),
      largest * powers[places] < (field.type == .f32 ? 0x1p23 : 0x1p52)
    {
      self = .decimal(places: 0...places)
    } else {
      self = .shortest(fewestPlaces: 0)
    }
  }
}

func loadInteger(_ records: UnsafeRawBufferPointer, _ offset: Int, _ type: ElementType) -> Int64 {
  switch type {
  case .i8: Int64(records.loadUnaligned(fromByteOffset: offset, as: Int8.self))
  case .i16: Int64(records.loadUnaligned(fromByteOffset: offset, as: Int16.self))
  case .i32: Int64(records.loadUnaligned(fromByteOffset: offset, as: Int32.self))
  case .i64: records.loadUnaligned(fromByteOffset: offset, as: Int64.self)
  case .u8, .u16, .u32, .u64: Int64(clamping: loadUnsigned(records, offset, type))
  case .f32, .f64: Int64(clamping: 0)
  }
}

func loadUnsigned(_ records: UnsafeRawBufferPointer, _ offset: Int, _ type: ElementType) -> UInt64 {
  switch type {
  case .u8: UInt64(records.loadUnaligned(fromByteOffset: offset, as: UInt8.self))
  case .u16: UInt64(records.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  case .u32: UInt64(records.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  case .u64: records.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  case .i8, .i16, .i32, .i64: UInt64(bitPattern: loadInteger(records, offset, type))
  case .f32, .f64: 0
  }
}
