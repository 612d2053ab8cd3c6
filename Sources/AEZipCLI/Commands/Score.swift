import AEZip
import ArgumentParser

struct Score: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell how badly a model knows each record: find anomalies.",
    discussion: """
      Examples:
        aezip score mast.npy --model mast.aezm
        aezip score flights.csv --model flights.aezm -o scores.csv --top 20

      The score of a record is the mean over its fields of the squared error of
      what the model makes of it, in units of the field's spread. The records
      with the largest scores are printed with the fields that are worst.
      """)

  @OptionGroup var arguments: AppliedArguments

  @Option(name: .shortAndLong, help: "All scores: .npy, .csv or .f64; - for standard output.")
  var output: String?

  @Option(help: "How many of the worst records are printed.")
  var top = 10

  @OptionGroup var work: WorkArguments
  @OptionGroup var result: ResultArguments

  func validate() throws {
    guard (0...1_000_000).contains(top) else {
      throw ValidationError("--top \(top) must be 0 to 1000000")
    }
  }

  func run() throws {
    let log = work.log
    let applied = try arguments.open(log)
    let format = output.map { result.format($0, usual: $0 == "-" ? .csv : .npy, log: log) }
    let target = try output.map { try result.create($0) }
    let sink = try target.map {
      try makeRecordSink(
        $0, format: format!,
        table: plainTable(
          [format == .csv ? "score" : ""], .f64, recordCount: applied.recordCount),
        origin: .unknown, log: log)
    }
    var worst = WorstRecords(limit: output == "-" ? 0 : top)
    var first = 0
    var (sum, known) = (0.0, 0)
    try applied.forEachBatch("scoring", log) { batch, count in
      let buffer = RecordBuffer(byteCount: count * 8)
      let scores = buffer.bytes.bindMemory(to: Double.self)
      try applied.blamed { () throws(AEZipError) in
        try applied.model.score(
          batch, layout: applied.layout, into: scores, threads: work.threads)
      }
      for index in 0..<count where !scores[index].isNaN {
        sum += scores[index]
        known += 1
        let start = index * applied.source.recordSize
        worst.add(
          first + index, scores[index],
          UnsafeRawBufferPointer(rebasing: batch[start..<start + applied.source.recordSize]))
      }
      try sink?.write(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<(count * 8)]))
      first += count
    }
    try sink?.finish()
    try target?.commit()
    if worst.limit > 0, known > 0 { try printOut(try describe(worst, applied).text) }
    log.summary(
      "\(applied.source.file.name): \(first) records, mean score "
        + "\(significant(known > 0 ? sum / Double(known) : .nan, 4)); "
        + "\(significant(applied.model.finalLoss.train, 4)) in training"
        + (target.map { " -> \($0.name)" } ?? ""))
  }

  /// The worst records with their worst fields.
  private func describe(_ worst: WorstRecords, _ applied: AppliedModel) throws -> TextTable {
    var text = TextTable(["record", "score", "worst fields"])
    for (record, score, bytes) in worst.records {
      var (own, fields) = ([0.0], [Double](repeating: 0, count: applied.model.fieldCount))
      try bytes.withUnsafeBytes { bytes in
        try own.withUnsafeMutableBufferPointer { own in
          try fields.withUnsafeMutableBufferPointer { fields in
            let (one, each) = (own, fields)
            try applied.blamed { () throws(AEZipError) in
              try applied.model.score(
                bytes, layout: applied.layout, into: one, perField: each, threads: 1)
            }
          }
        }
      }
      let order = fields.indices.filter { fields[$0] > 0 }.sorted { fields[$0] > fields[$1] }
      text.add([
        "\(record)", significant(score, 5),
        order.prefix(3).map { "\(applied.loaded.title($0)) \(significant(fields[$0], 3))" }
          .joined(separator: ", "),
      ])
    }
    return text
  }
}

/// The records with the largest scores so far, worst first.
private struct WorstRecords {
  let limit: Int
  private(set) var records: [(record: Int, score: Double, bytes: [UInt8])] = []

  init(limit: Int) { self.limit = limit }

  mutating func add(_ record: Int, _ score: Double, _ bytes: UnsafeRawBufferPointer) {
    guard limit > 0, records.count < limit || score > records.last!.score else { return }
    if records.count == limit { records.removeLast() }
    let place = records.firstIndex { $0.score < score } ?? records.count
    records.insert((record, score, Array(bytes)), at: place)
  }
}
