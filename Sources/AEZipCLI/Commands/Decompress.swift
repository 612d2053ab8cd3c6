import AEZip
import ArgumentParser
import Glibc

struct Decompress: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Restore a table, or a part of it, from a container.",
    discussion: """
      Examples:
        aezip decompress flights.csv.aez
        aezip decompress mast.aez -o part.csv --records 1000:2000 --fields p,t
        aezip decompress mast.aez -o - --format csv | head
        aezip decompress - < mast.npy.aez > mast.npy

      The table comes back in its own format, with names, types and texts; the
      ending of OUTPUT chooses another one. In formats that hold numbers only,
      texts become their codes.
      """)

  @Argument(help: ArgumentHelp("The container, or - for standard input.", valueName: "IN.aez"))
  var input: String

  @Option(name: .shortAndLong, help: "The table to write [IN without .aez; - for standard output].")
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Records from A up to but not including B, counted from 0; either may be left out.",
      valueName: "A:B"))
  var records: RecordRange?

  @Option(
    help: ArgumentHelp("Only these fields, by name or number, in this order.", valueName: "a,b"))
  var fields: String?

  @Option(help: "The kind of OUTPUT [by its ending, else as compressed].")
  var format: TableFormat?

  @Option(
    help: ArgumentHelp(
      "The model, if the container names it only by its digest.", valueName: "FILE.aezm"))
  var model: String?

  @OptionGroup var work: WorkArguments

  @Flag(help: "Overwrite an existing file.")
  var force = false

  func run() throws {
    let begin = secondsNow()
    let log = work.log
    let container = try Container(path: input, model: model, log: log)
    let chosen = try fields.map { try chosenFields($0, container) }
    let range = try records?.range(in: container) ?? 0..<container.reader.recordCount
    let table = container.table(records: range, fields: chosen)
    let path = try output ?? defaultOutput(container)
    let format = format ?? TableFormat(endingOf: path) ?? container.origin.format
    if output != nil, path != "-", self.format == nil, TableFormat(endingOf: path) == nil,
      path.hasPrefix("/dev/") == false
    {
      log.note("\(path): its ending names no format; written as \(format.rawValue)")
    }
    let target = try OutputFile(path: path, overwrite: force)
    if path == "-", format != .csv, isatty(STDOUT_FILENO) == 1 {
      throw Failure(.usage, target.name, "is a terminal; give -o or redirect it")
    }
    noteCategories(format, container.origin, table, log)
    let sink = try makeRecordSink(
      target, format: format, table: table, origin: container.origin, log: log)
    let bar = ProgressBar(
      "decompressing", total: range.count * table.recordSize, log: log)
    try container.forEachBatch(of: table, records: range, threads: work.threads, bar: bar) {
      if case .csv(let origin) = container.origin, format != .csv { origin.round($0, table) }
      try sink.write(UnsafeRawBufferPointer($0))
    }
    try sink.finish()
    try target.commit()
    log.summary(
      "\(container.file.name) -> \(target.name): \(range.count) records of "
        + "\(table.fields.count) fields, \(container.file.size!) -> \(target.byteCount) bytes, "
        + "\(fixed(secondsNow() - begin, 2)) s")
  }

  private func chosenFields(_ list: String, _ container: Container) throws -> [Int] {
    let all = container.reader.layout.fields
    // A name may itself hold commas.
    if let whole = all.firstIndex(where: { $0.name == list }) { return [whole] }
    let chosen = try list.split(separator: ",", omittingEmptySubsequences: false).map {
      try fieldIndex(String($0), all, file: container.file.name)
    }
    for index in chosen where chosen.count(where: { $0 == index }) > 1 {
      throw Failure(
        .usage, container.file.name, "--fields names field \(index) twice; name each once")
    }
    return chosen
  }

  /// The input without `.aez`, with the ending of the original format if that is not there.
  private func defaultOutput(_ container: Container) throws -> String {
    if input == "-" { return "-" }
    guard input.hasSuffix(".aez"), input.count > 4 else {
      throw Failure(.usage, input, "does not end in .aez; give the output's name with -o")
    }
    let stem = String(input.dropLast(4))
    let wanted = format ?? container.origin.format
    return TableFormat(endingOf: stem) == wanted ? stem : "\(stem).\(wanted.rawValue)"
  }

  private func noteCategories(
    _ format: TableFormat, _ origin: Origin, _ table: RestoredTable, _ log: Log
  ) {
    guard format != .csv, case .csv(let origin) = origin else { return }
    for (field, index) in zip(table.fields, table.indices) {
      if case .text = origin.columns[index].style {
        log.note("column '\(field.name)' holds texts; their codes are written")
      } else if case .time(let time) = origin.columns[index].style {
        log.note("column '\(field.name)' holds times like \(time.example); counts are written")
      }
    }
  }
}

/// `A:B`, half open, as in Python but without negative numbers.
struct RecordRange: ExpressibleByArgument {
  private let begin: Int?
  private let end: Int?
  private let text: String

  init?(argument: String) {
    text = argument
    let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    func bound(_ part: Substring) -> Int?? {
      if part.isEmpty { return .some(nil) }
      guard part.utf8.allSatisfy({ $0 &- 48 < 10 }), let value = Int(part) else { return nil }
      return value
    }
    guard let begin = bound(parts[0]), let end = bound(parts[1]) else { return nil }
    self.begin = begin
    self.end = end
  }

  /// - Throws: ``Failure`` if the range leaves the container.
  func range(in container: Container) throws -> Range<Int> {
    let count = container.reader.recordCount
    let lower = begin ?? 0
    let upper = end ?? count
    guard lower <= upper, upper <= count else {
      throw Failure(
        .usage, container.file.name,
        "--records \(text) is out of range; there are \(count) records, 0:\(count)")
    }
    return lower..<upper
  }
}
