import AEZip
import ArgumentParser

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a model of a table: an autoencoder.",
    discussion: """
      Examples:
        aezip train mast.npy -o mast.aezm
        aezip train flights.csv -o flights.aezm --kind variational --latents 4
        aezip train events.f32 --fields 12 -o events.aezm --hidden 128,64 --epochs 50
        aezip train mast.csv -o mast.aezm --rel 1e-2

      Every option that is left out is chosen. Texts and times of a .csv are
      left out; missing values take no part. With a bound, fields count in
      units of it. The same table, options and seed give the same model.
      """)

  @Argument(help: ArgumentHelp("The table, or - for standard input.", valueName: "INPUT"))
  var input: String

  @Option(name: .shortAndLong, help: ArgumentHelp("The model to write.", valueName: "MODEL.aezm"))
  var output: String

  @Option(help: ArgumentHelp("A bound of R times each field's range.", valueName: "R"))
  var rel: Double?

  @Option(help: ArgumentHelp("A bound of A in each field's own unit.", valueName: "A"))
  var abs: Double?

  @OptionGroup var training: TrainingArguments
  @OptionGroup var table: TableArguments
  @OptionGroup var work: WorkArguments
  @OptionGroup var result: ResultArguments

  func validate() throws {
    guard rel == nil || abs == nil else { throw ValidationError("give --rel or --abs, not both") }
    for (option, bound) in [("--rel", rel), ("--abs", abs)] {
      if let bound, !(bound.isFinite && bound >= 0) {
        throw ValidationError("\(option) \(bound) must be a number from 0")
      }
    }
  }

  func run() throws {
    let begin = secondsNow()
    let log = work.log
    let (source, _) = try table.open(input, log: log)
    let target = try result.create(output)
    let chosen = numbers(of: source)
    guard !chosen.isEmpty else {
      throw Failure(.badData, source.file.name, "has no column of numbers to learn from")
    }
    for index in source.fields.indices where !chosen.contains(index) {
      log.note("column '\(source.fields[index].name)' holds no numbers and is left out")
    }
    let bound: Bound = rel.map { .relative($0) } ?? abs.map { .absolute($0) } ?? .exact
    let layout = try sublayout(source, chosen, bound: bound)
    let model = try train(source, layout, log)
    let bytes = try blaming(target.name) { () throws(AEZipError) in try model.encoded() }
    try bytes.withUnsafeBytes { try target.write($0) }
    try target.commit()
    log.summary(summary(model, source, target, secondsNow() - begin))
  }

  private func train(
    _ source: any RecordSource, _ layout: Layout, _ log: Log
  ) throws -> Autoencoder {
    let name = source.file.name
    var options = training.options
    options.threads = work.threads
    var ranges: FieldRanges?
    if rel != nil {
      ranges = FieldRanges(layout: layout)
      while let batch = try source.next() { try ranges!.add(batch) }
      source.rewind()
    }
    options.bounds = try blaming(name) { () throws(AEZipError) in
      try layout.trainingBounds(ranges: ranges)
    }
    let trainer = try blaming(name, as: .usage) { () throws(AEZipError) in
      try Trainer(layout: layout, options: options)
    }
    while let batch = try source.next() {
      try blaming(name) { () throws(AEZipError) in try trainer.add(batch) }
    }
    let bar = ProgressBar("training", total: 0, log: log)
    defer { bar.finish() }
    return try blaming(name, as: trainer.recordCount < 2 ? .badData : nil) {
      () throws(AEZipError) in
      try trainer.finish {
        let heldOut =
          $0.validationLoss.isNaN ? "" : " (held out \(significant($0.validationLoss, 4)))"
        bar.update(
          share: Double($0.epoch) / Double($0.epochCount),
          "epoch \($0.epoch) of \($0.epochCount), loss \(significant($0.trainLoss, 4))\(heldOut)")
        return true
      }
    }
  }

  private func summary(
    _ model: Autoencoder, _ source: any RecordSource, _ target: OutputFile, _ seconds: Double
  ) -> String {
    "\(source.file.name) -> \(target.name): \(model.shapeText), \(model.recordCount) records, "
      + "\(model.historyText), \(target.byteCount) bytes, \(fixed(seconds, 2)) s"
  }
}

extension Autoencoder {
  /// `deep 29-64-8-64-29`.
  var shapeText: String {
    "\(kind) \(widths.map { "\($0)" }.joined(separator: "-"))"
  }

  /// `loss 0.93 -> 0.012 (held out 0.013) in 40 epochs`.
  var historyText: String {
    var text = "loss "
    if let first = history.first, history.count > 1 { text += "\(significant(first.train, 4)) -> " }
    text += significant(finalLoss.train, 4)
    if !finalLoss.validation.isNaN { text += " (held out \(significant(finalLoss.validation, 4)))" }
    if !history.isEmpty { text += " in \(history.count) epochs" }
    return text
  }
}
