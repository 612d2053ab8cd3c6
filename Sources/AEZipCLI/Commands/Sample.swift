import AEZip
import ArgumentParser

struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draw new records like those that a variational model learned from.",
    discussion: """
      Examples:
        aezip sample --model mast.aezm -n 1000 -o drawn.csv
        aezip sample --model mast.aezm -n 1000 --seed 7 -o drawn.npy

      The same model and seed give the same records.
      """)

  @Option(
    help: ArgumentHelp("A model of the kind variational.", valueName: "MODEL.aezm"))
  var model: String

  @Option(name: [.customShort("n"), .customLong("count")], help: "Records to draw.")
  var count: Int

  @Option(help: "Another seed gives other records.")
  var seed: UInt64 = 0

  @Option(name: .shortAndLong, help: "The table to write, or - for standard output.")
  var output: String

  @OptionGroup var work: WorkArguments
  @OptionGroup var result: ResultArguments

  func validate() throws {
    guard (1...1 << 30).contains(count) else {
      throw ValidationError("-n \(count) must be 1 to \(1 << 30)")
    }
  }

  func run() throws {
    let log = work.log
    let loaded = try Model(path: model, log: log)
    let format = result.format(output, usual: .npy, log: log)
    let target = try result.create(output)
    let layout = try loaded.packedLayout()
    let sink = try makeRecordSink(
      target, format: format, table: RestoredTable(of: layout, recordCount: count),
      origin: .unknown, log: log)
    let buffer = RecordBuffer(byteCount: count * layout.recordSize)
    let records = UnsafeMutableRawBufferPointer(
      rebasing: buffer.bytes[..<(count * layout.recordSize)])
    try blaming(loaded.name, as: .badData) { () throws(AEZipError) in
      try loaded.model.sample(seed: seed, into: records, layout: layout)
    }
    try sink.write(UnsafeRawBufferPointer(records))
    try sink.finish()
    try target.commit()
    log.summary("\(loaded.name) -> \(target.name): \(count) records")
  }
}
