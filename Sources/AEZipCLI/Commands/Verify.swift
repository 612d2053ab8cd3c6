import AEZip
import ArgumentParser

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a container, alone or against the table that it was made from.",
    discussion: """
      Examples:
        aezip verify flights.csv.aez
        aezip verify flights.csv.aez --against flights.csv
        aezip verify events.aez --against events.f32

      Alone: every checksum is compared and everything is decoded. Against
      ORIGINAL: every value is compared with its bound. Exit code 65 if
      anything is broken.
      """)

  @Argument(help: ArgumentHelp("The container, or - for standard input.", valueName: "IN.aez"))
  var input: String

  @Option(help: ArgumentHelp("The table that was compressed.", valueName: "ORIGINAL"))
  var against: String?

  @Option(help: "The kind of ORIGINAL [by its ending].")
  var format: TableFormat?

  @Option(
    help: ArgumentHelp(
      "The model, if the container names it only by its digest.", valueName: "FILE.aezm"))
  var model: String?

  @OptionGroup var work: WorkArguments

  func run() throws {
    let container = try Container(path: input, model: model, log: work.log)
    try container.blamed { () throws(AEZipError) in
      try container.reader.verify(threads: work.threads)
    }
    let reader = container.reader
    let shape = "\(reader.recordCount) records of \(reader.layout.fields.count) fields"
    guard let against else {
      if !work.quiet { try printOut("\(container.file.name): \(shape), all checksums agree\n") }
      return
    }
    guard let format = format ?? TableFormat(endingOf: against) else {
      throw Failure(
        .usage, against, "its kind is not known; give --format, one of \(TableFormat.choices)")
    }
    let original = try InputFile(path: against)
    let comparison = Comparison(container)
    switch format {
    case .csv: try comparison.compareText(original, threads: work.threads, log: work.log)
    case .npy, .f32, .f64:
      let source = try openRecordSource(
        original, format: format, fieldCount: reader.layout.fields.count, log: work.log)
      try comparison.compareValues(source, threads: work.threads, log: work.log)
    }
    if !work.quiet { try printOut(comparison.table.text) }
    if let broken = comparison.verdict {
      throw Failure(.badData, container.file.name, broken)
    }
    if !work.quiet {
      try printOut("\n\(container.file.name): \(shape), every value within its bound\n")
    }
  }
}
