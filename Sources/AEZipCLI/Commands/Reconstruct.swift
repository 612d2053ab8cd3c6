import AEZip
import ArgumentParser

struct Reconstruct: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take noise off records, and fill in missing values.",
    discussion: """
      Examples:
        aezip reconstruct mast.npy --model mast.aezm -o clean.npy
        aezip reconstruct flights.csv --model flights.aezm -o filled.csv --only-missing

      OUTPUT has the columns of INPUT; those that the model does not know stay.
      """)

  @OptionGroup var arguments: AppliedArguments

  @Option(name: .shortAndLong, help: "The table to write, or - for standard output.")
  var output: String

  @Flag(help: "Keep the values that are there as they are.")
  var onlyMissing = false

  @Option(help: "How often missing values are predicted anew.")
  var iterations = 10

  @OptionGroup var work: WorkArguments
  @OptionGroup var result: ResultArguments

  func validate() throws {
    guard (1...10_000).contains(iterations) else {
      throw ValidationError("--iterations \(iterations) must be 1 to 10000")
    }
  }

  func run() throws {
    let log = work.log
    let applied = try arguments.open(log)
    let source = applied.source
    let exact = [Bound](repeating: .exact, count: source.fields.count)
    let origin = Origin(metadata: try source.plan(bounds: exact).metadata.text)
    let format = TableFormat(endingOf: output) ?? origin.format
    let target = try result.create(output)
    let sink = try makeRecordSink(
      target, format: format,
      table: RestoredTable(
        fields: source.fields, recordSize: source.recordSize, recordCount: applied.recordCount,
        indices: Array(source.fields.indices),
        statistics: FieldStatistics.unknown(source.fields.count), isComplete: true),
      origin: origin, log: log)
    try applied.forEachBatch("reconstructing", log) { batch, _ in
      let buffer = RecordBuffer(byteCount: batch.count)
      let records = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<batch.count])
      records.copyMemory(from: batch)
      try applied.blamed { () throws(AEZipError) in
        try applied.model.reconstruct(
          batch, layout: applied.layout, into: records, iterations: iterations,
          onlyMissing: onlyMissing, threads: work.threads)
      }
      try sink.write(UnsafeRawBufferPointer(records))
    }
    try sink.finish()
    try target.commit()
    log.summary(
      "\(source.file.name) -> \(target.name): \(applied.recordCount) records of "
        + "\(source.fields.count) fields")
  }
}
