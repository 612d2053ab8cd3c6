import AEZip
import ArgumentParser

struct Encode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn records into the latents of a model.",
    discussion: """
      Examples:
        aezip encode mast.npy --model mast.aezm -o latents.npy
        aezip encode flights.csv --model flights.aezm -o - --threads 4 > latents.f32

      OUTPUT is .npy (float32, records x latents), .csv or .f32, by its ending.
      """)

  @OptionGroup var arguments: AppliedArguments

  @Option(name: .shortAndLong, help: "The latents to write, or - for standard output.")
  var output: String

  @OptionGroup var work: WorkArguments
  @OptionGroup var result: ResultArguments

  func run() throws {
    let log = work.log
    let applied = try arguments.open(log)
    let latents = applied.model.latentCount
    let format = result.format(output, usual: output == "-" ? .f32 : .npy, log: log)
    let target = try result.create(output)
    let names = (0..<latents).map { format == .csv ? "z\($0)" : "" }
    let sink = try makeRecordSink(
      target, format: format, table: plainTable(names, .f32, recordCount: applied.recordCount),
      origin: .unknown, log: log)
    try applied.forEachBatch("encoding", log) { batch, count in
      let buffer = RecordBuffer(byteCount: count * latents * 4)
      let points = buffer.bytes.bindMemory(to: Float.self)
      try applied.blamed { () throws(AEZipError) in
        try applied.model.encode(
          batch, layout: applied.layout, into: points, threads: work.threads)
      }
      try sink.write(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<(count * latents * 4)]))
    }
    try sink.finish()
    try target.commit()
    log.summary(
      "\(applied.source.file.name) -> \(target.name): \(latents) latents of "
        + "\(applied.recordCount) records")
  }
}

struct Decode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn latents back into records.",
    discussion: """
      Examples:
        aezip decode latents.npy --model mast.aezm -o restored.npy
        aezip decode latents.f32 --model flights.aezm -o restored.csv
      """)

  @Argument(help: ArgumentHelp("Latents as aezip encode writes them.", valueName: "LATENTS"))
  var input: String

  @Option(help: ArgumentHelp("The model.", valueName: "MODEL.aezm"))
  var model: String

  @Option(name: .shortAndLong, help: "The table to write, or - for standard output.")
  var output: String

  @OptionGroup var table: TableArguments
  @OptionGroup var work: WorkArguments
  @OptionGroup var result: ResultArguments

  func run() throws {
    let log = work.log
    let loaded = try Model(path: model, log: log)
    let width = loaded.model.latentCount
    let (source, _) = try table.open(input, fieldCount: width, log: log)
    guard source.fields.count == width, let recordCount = source.recordCount else {
      throw Failure(
        .badData, source.file.name,
        "\(source.fields.count) columns, but \(loaded.name) has \(width) latents; give latents "
          + "that this model made")
    }
    let format = result.format(output, usual: .npy, log: log)
    let target = try result.create(output)
    let layout = try loaded.packedLayout()
    let sink = try makeRecordSink(
      target, format: format, table: RestoredTable(of: layout, recordCount: recordCount),
      origin: .unknown, log: log)
    while let batch = try source.next() {
      let count = batch.count / source.recordSize
      var points = [Float](repeating: 0, count: count * width)
      for place in points.indices {
        let field = source.fields[place % width]
        points[place] = Float(
          field.type.load(batch.baseAddress! + (place / width * source.recordSize + field.offset)))
      }
      let buffer = RecordBuffer(byteCount: count * layout.recordSize)
      let records = UnsafeMutableRawBufferPointer(
        rebasing: buffer.bytes[..<(count * layout.recordSize)])
      try blaming(loaded.name) { () throws(AEZipError) in
        try points.decode(by: loaded.model, into: records, layout, work.threads)
      }
      try sink.write(UnsafeRawBufferPointer(records))
    }
    try sink.finish()
    try target.commit()
    log.summary("\(source.file.name) -> \(target.name): \(recordCount) records")
  }
}

extension [Float] {
  fileprivate func decode(
    by model: Autoencoder, into records: UnsafeMutableRawBufferPointer, _ layout: Layout,
    _ threads: Int
  ) throws(AEZipError) {
    try withUnsafeBufferPointer { (points) throws(AEZipError) in
      try model.decode(points, into: records, layout: layout, threads: threads)
    }
  }
}
