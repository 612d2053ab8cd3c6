import AEZip
import ArgumentParser
import Glibc

/// A table to read, and how.
struct TableArguments: ParsableArguments {
  @Option(help: "The kind of INPUT [by its ending].")
  var format: TableFormat?

  @Option(help: ArgumentHelp("Values a record, for .f32 and .f64.", valueName: "D"))
  var fields: Int?

  func validate() throws {
    if let fields, !(1...Layout.largestFieldCount).contains(fields) {
      throw ValidationError("--fields \(fields) must be 1 to \(Layout.largestFieldCount)")
    }
  }

  /// - Parameter fieldCount: for raw values, if the user did not say it.
  func open(
    _ path: String, fieldCount: Int? = nil, log: Log
  ) throws -> (source: any RecordSource, format: TableFormat) {
    guard let format = format ?? TableFormat(endingOf: path) else {
      throw Failure(
        .usage, path == "-" ? "standard input" : path,
        "its kind is not known; give --format, one of \(TableFormat.choices)")
    }
    let file = try InputFile(path: path)
    try file.makeSeekable(because: "the number of its records must be known first", log: log)
    let source = try openRecordSource(
      file, format: format, fieldCount: fields ?? fieldCount, log: log)
    return (source, format)
  }
}

/// A model file.
struct Model {
  let name: String
  let model: Autoencoder
  let byteCount: Int

  init(path: String, log: Log) throws {
    let file = try InputFile(path: path)
    try file.makeSeekable(because: "a model is read from its end", log: log)
    let buffer = RecordBuffer(byteCount: file.size ?? 0)
    byteCount = try file.read(at: 0, into: buffer.bytes)
    let bytes = UnsafeRawBufferPointer(rebasing: buffer.bytes[..<byteCount])
    name = file.name
    guard byteCount > 0 else {
      throw Failure(.badData, name, "is empty; give a model that aezip train wrote")
    }
    model = try blaming(name) { () throws(AEZipError) in try Autoencoder(decoding: bytes) }
  }

  /// How the fields of the model lie in the records of a table: by their names if all have one,
  /// else in order. Other columns are left out, and so are texts and times.
  func layout(of source: any RecordSource) throws -> Layout {
    let own = model.layout.fields
    var chosen = numbers(of: source)
    let names = Dictionary(grouping: chosen, by: { source.fields[$0].name })
    if own.allSatisfy({ !$0.name.isEmpty }), !chosen.allSatisfy({ source.fields[$0].name.isEmpty })
    {
      chosen = try own.map { field in
        guard let matches = names[field.name], matches.count == 1 else {
          throw Failure(
            .badData, source.file.name,
            "has no column '\(field.name)' of numbers, which \(name) needs; give a table like the "
              + "one it learned from")
        }
        return matches[0]
      }
    }
    let layout = try sublayout(source, chosen)
    try blaming(source.file.name, as: .badData) { () throws(AEZipError) in
      try model.check(layout)
    }
    return layout
  }

  /// Its fields one after the other, without gaps.
  func packedLayout() throws -> Layout {
    var offset = 0
    let fields = model.layout.fields.map { field in
      defer { offset += field.type.size }
      return Field(nameBytes: field.nameBytes, type: field.type, offset: offset, bound: .exact)
    }
    return try blaming(name) { () throws(AEZipError) in
      try Layout(fields: fields, recordSize: offset)
    }
  }

  /// The title of a field for a reader.
  func title(_ field: Int) -> String {
    let name = model.layout.fields[field].name
    return name.isEmpty ? "\(field)" : name
  }
}

/// The fields that a model can learn from: all but texts and times.
func numbers(of source: any RecordSource) -> [Int] {
  source.fields.indices.filter { !(source is CsvSource && source.mustBeExact($0)) }
}

/// Some fields of a table's records, as they lie there.
func sublayout(_ source: any RecordSource, _ chosen: [Int], bound: Bound = .exact) throws -> Layout
{
  try blaming(source.file.name, as: .badData) { () throws(AEZipError) in
    try Layout(
      fields: chosen.map {
        let field = source.fields[$0]
        return Field(
          nameBytes: field.nameBytes, type: field.type, offset: field.offset, bound: bound)
      }, recordSize: source.recordSize)
  }
}

/// Columns of one type without gaps, for a sink.
func plainTable(_ names: [String], _ type: ElementType, recordCount: Int) -> RestoredTable {
  RestoredTable(
    fields: names.enumerated().map {
      Field(name: $1, type: type, offset: $0 * type.size, bound: .exact)
    },
    recordSize: names.count * type.size, recordCount: recordCount, indices: Array(names.indices),
    statistics: FieldStatistics.unknown(names.count), isComplete: true)
}

extension RestoredTable {
  /// All fields of records that nothing is known of.
  init(of layout: Layout, recordCount: Int) {
    self.init(
      fields: layout.fields, recordSize: layout.recordSize, recordCount: recordCount,
      indices: Array(layout.fields.indices),
      statistics: FieldStatistics.unknown(layout.fields.count), isComplete: true)
  }
}

extension FieldStatistics {
  /// Of values of which nothing is known.
  static func unknown(_ count: Int) -> [FieldStatistics] {
    [FieldStatistics](repeating: FieldStatistics(), count: count)
  }
}

/// The file that a command of models writes.
struct ResultArguments: ParsableArguments {
  @Flag(help: "Overwrite an existing file.")
  var force = false

  func create(_ path: String) throws -> OutputFile {
    let target = try OutputFile(path: path, overwrite: force)
    if path == "-", TableFormat(endingOf: path) != .csv, isatty(STDOUT_FILENO) == 1 {
      throw Failure(.usage, target.name, "is a terminal; give -o or redirect it")
    }
    return target
  }

  /// - Parameter usual: the format where neither the user nor the ending tells.
  func format(_ path: String, usual: TableFormat, log: Log) -> TableFormat {
    if let format = TableFormat(endingOf: path) { return format }
    if path != "-", !path.hasPrefix("/dev/") {
      log.note("\(path): its ending names no format; written as \(usual.rawValue)")
    }
    return usual
  }
}
