import AEZip
import ArgumentParser
import Glibc

struct Compress: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compress a table into a container.",
    discussion: """
      Examples:
        aezip compress flights.csv --rel 1e-3
        aezip compress mast.npy --abs 0.01 --field pressure=abs:5 -o mast.aez
        aezip compress events.f32 --fields 12 --exact --level 9
        zcat log.csv.gz | aezip compress - --format csv --rel 1e-2 > log.aez
        aezip compress today.npy --rel 1e-2 --model mast.aezm
        aezip compress vectors.npy --latents 32
        aezip compress events.f32 --fields 12 --nrmse 0.05

      INPUT is .npy (a matrix or structures), .csv (with a header line; texts
      and times are kept as they are, empty cells stay empty), or .f32 and
      .f64 (raw little-endian values).
      """)

  @Argument(help: ArgumentHelp("The table, or - for standard input.", valueName: "INPUT"))
  var input: String

  @Option(name: .shortAndLong, help: "The container to write [INPUT.aez; - for standard output].")
  var output: String?

  @OptionGroup var bound: BoundArguments

  @Option(help: "From 1, fastest, to 9, smallest.")
  var level = 6

  @Option(
    help: ArgumentHelp(
      "A model of such records, which the container names by its digest.",
      valueName: "FILE.aezm"))
  var model: String?

  @Flag(help: "Keep the model in the container.")
  var embedModel = false

  @Option(help: "The kind of INPUT [by its ending].")
  var format: TableFormat?

  @Option(help: ArgumentHelp("Values a record, for .f32 and .f64.", valueName: "D"))
  var fields: Int?

  @OptionGroup var work: WorkArguments

  @Flag(help: "Overwrite an existing container.")
  var force = false

  func validate() throws {
    guard (1...9).contains(level) else { throw ValidationError("--level \(level) must be 1 to 9") }
    if embedModel, model == nil { throw ValidationError("--embed-model needs --model FILE.aezm") }
    if model == "-", input == "-" {
      throw ValidationError("INPUT and --model are both standard input; name one of them")
    }
    if let fields, !(1...Layout.largestFieldCount).contains(fields) {
      throw ValidationError("--fields \(fields) must be 1 to \(Layout.largestFieldCount)")
    }
  }

  func run() throws {
    let begin = secondsNow()
    let log = work.log
    guard let format = format ?? TableFormat(endingOf: input) else {
      throw Failure(
        .usage, input == "-" ? "standard input" : input,
        "its kind is not known; give --format, one of \(TableFormat.choices)")
    }
    let file = try InputFile(path: input)
    if bound.needsRanges {
      try file.makeSeekable(because: "relative bounds need every field's range first", log: log)
    }
    let path = output ?? (input == "-" ? "-" : "\(input).aez")
    let target = try OutputFile(path: path, overwrite: force)
    if path == "-", isatty(STDOUT_FILENO) == 1 {
      throw Failure(.usage, target.name, "is a terminal; give -o or redirect it")
    }
    let source = try openRecordSource(file, format: format, fieldCount: fields, log: log)
    let summary = try compress(source, into: target, log)
    try target.commit()
    let seconds = secondsNow() - begin
    let read = file.size ?? summary.recordBytes
    log.summary(
      "\(file.name) -> \(target.name): \(summary.recordCount) records of "
        + "\(source.fields.count) fields, \(read) -> \(target.byteCount) bytes, "
        + "ratio \(fixed(Double(read) / Double(max(1, target.byteCount)), 2)), "
        + "\(fixed(seconds, 2)) s")
  }

  private func compress(
    _ source: any RecordSource, into target: OutputFile, _ log: Log
  ) throws -> (recordCount: Int, recordBytes: Int) {
    let name = source.file.name
    let (fields, metadata) = try source.plan(bounds: bound.bounds(of: source))
    let layout = try blaming(name, as: .badData) { () throws(AEZipError) in
      try Layout(fields: fields, recordSize: source.recordSize)
    }
    var options = CompressionOptions()
    options.level = level
    options.latents = bound.latents
    options.meanError = bound.nrmse
    options.threads = work.threads
    options.metadata = metadata.text
    options.model = try model.map { try Model(path: $0, log: log).model }
    options.embedsModel = embedModel
    if bound.nrmse != nil { return try compressWhole(source, layout, options, into: target, log) }
    let ranges = try needsRanges(layout) ? findRanges(source, layout, log) : nil
    let recordBytes = (source.recordCount ?? 0) * source.recordSize
    let bar = ProgressBar("compressing", total: recordBytes, log: log)
    var byteCount = 0
    let cause = { target.failure }
    let writer = try blaming(name, because: cause) { () throws(AEZipError) in
      try ContainerWriter(
        layout: layout, ranges: ranges, options: options, write: { target.tryWrite($0) })
    }
    while let batch = try source.next() {
      try blaming(name, because: cause) { () throws(AEZipError) in try writer.append(batch) }
      byteCount += batch.count
      bar.advance(by: batch.count)
    }
    try blaming(name, because: cause) { () throws(AEZipError) in try writer.finish() }
    bar.finish()
    warn(writer.fit, name, log)
    return (byteCount / source.recordSize, byteCount)
  }

  /// A mean error takes all records at once.
  private func compressWhole(
    _ source: any RecordSource, _ layout: Layout, _ options: CompressionOptions,
    into target: OutputFile, _ log: Log
  ) throws -> (recordCount: Int, recordBytes: Int) {
    var records: [UInt8] = []
    while let batch = try source.next() { records += batch }
    try blaming(source.file.name, because: { target.failure }) { () throws(AEZipError) in
      try records.compress(layout, options) { target.tryWrite($0) }
    }
    return (records.count / source.recordSize, records.count)
  }

  private func warn(_ fit: ModelFit?, _ name: String, _ log: Log) {
    if let fit, fit.isDrift {
      log.note(
        "\(name): the model predicts these records worse than those that it learned from: it "
          + "leaves \(fixed(fit.bits, 1)) bits a record instead of \(fixed(fit.trainingBits, 1)); "
          + "train another")
    }
  }

  private func needsRanges(_ layout: Layout) -> Bool {
    layout.fields.contains { if case .relative = $0.bound { true } else { false } }
  }

  private func findRanges(
    _ source: any RecordSource, _ layout: Layout, _ log: Log
  ) throws -> FieldRanges {
    let bar = ProgressBar(
      "measuring", total: (source.recordCount ?? 0) * source.recordSize, log: log)
    var ranges = FieldRanges(layout: layout)
    while let batch = try source.next() {
      try ranges.add(batch)
      bar.advance(by: batch.count)
    }
    bar.finish()
    source.rewind()
    return ranges
  }
}

extension [UInt8] {
  fileprivate func compress(
    _ layout: Layout, _ options: CompressionOptions,
    write: @escaping (UnsafeRawBufferPointer) -> Bool
  ) throws(AEZipError) {
    try withUnsafeBufferPointer { (records) throws(AEZipError) in
      try Codec.compress(
        UnsafeRawBufferPointer(records), layout: layout, options: options, write: write)
    }
  }
}

/// What every part of the command can be told about how to work.
struct WorkArguments: ParsableArguments {
  @Option(help: "Threads to use [one per processor]; results do not depend on it.")
  var threads = 0

  @Flag(help: "Print nothing but errors.")
  var quiet = false

  @Flag(help: "Say how it is done.")
  var verbose = false

  func validate() throws {
    guard (0...1024).contains(threads) else {
      throw ValidationError("--threads \(threads) must be 0 to 1024")
    }
  }

  var log: Log { Log(isQuiet: quiet, isVerbose: verbose && !quiet) }
}
