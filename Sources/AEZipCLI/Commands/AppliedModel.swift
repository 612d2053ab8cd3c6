import AEZip
import ArgumentParser

/// The table that a model is applied to, and the model.
struct AppliedArguments: ParsableArguments {
  @Argument(help: ArgumentHelp("The table, or - for standard input.", valueName: "INPUT"))
  var input: String

  @Option(help: ArgumentHelp("The model.", valueName: "MODEL.aezm"))
  var model: String

  @OptionGroup var table: TableArguments

  func open(_ log: Log) throws -> AppliedModel {
    try AppliedModel(model, to: input, table, log)
  }
}

/// A model, and the table that it is applied to.
struct AppliedModel {
  let loaded: Model
  let source: any RecordSource
  /// How the model's fields lie in the table's records.
  let layout: Layout
  let recordCount: Int

  var model: Autoencoder { loaded.model }

  init(_ model: String, to input: String, _ table: TableArguments, _ log: Log) throws {
    guard model != "-" || input != "-" else {
      throw Failure(.usage, nil, "INPUT and --model are both standard input; name one of them")
    }
    loaded = try Model(path: model, log: log)
    source = try table.open(input, fieldCount: loaded.model.fieldCount, log: log).source
    layout = try loaded.layout(of: source)
    recordCount = source.recordCount ?? 0
  }

  /// Runs a stage and blames the table for its errors.
  func blamed<Result>(_ body: () throws(AEZipError) -> Result) throws -> Result {
    try blaming(source.file.name, body)
  }

  /// All records in batches, with the number of records in each.
  func forEachBatch(
    _ verb: String, _ log: Log, _ body: (UnsafeRawBufferPointer, Int) throws -> Void
  ) throws {
    let bar = ProgressBar(verb, total: recordCount * source.recordSize, log: log)
    while let batch = try source.next() {
      try body(batch, batch.count / source.recordSize)
      bar.advance(by: batch.count)
    }
    bar.finish()
  }
}
