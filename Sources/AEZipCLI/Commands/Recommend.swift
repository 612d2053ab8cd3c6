import AEZip
import ArgumentParser

struct Recommend: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Name the fields that records of 0 and 1 are likely to miss.",
    discussion: """
      Examples:
        aezip recommend baskets.csv --model baskets.aezm -k 5
        aezip recommend baskets.npy --model baskets.aezm -o found.csv

      Writes .csv: the record, the field (its name or number), and the value
      that the model expects; for each record the best first.
      """)

  @OptionGroup var arguments: AppliedArguments

  @Option(name: .customShort("k"), help: ArgumentHelp("Fields for each record.", valueName: "N"))
  var best = 10

  @Option(name: .shortAndLong, help: "The .csv to write [standard output].")
  var output = "-"

  @OptionGroup var work: WorkArguments
  @OptionGroup var result: ResultArguments

  func validate() throws {
    guard (1...Layout.largestFieldCount).contains(best) else {
      throw ValidationError("-k \(best) must be 1 to \(Layout.largestFieldCount)")
    }
  }

  func run() throws {
    let log = work.log
    let applied = try arguments.open(log)
    let target = try OutputFile(path: output, overwrite: result.force)
    let lines = CsvLines(target)
    try lines.add(["record", "field", "expected"])
    var first = 0
    try applied.forEachBatch("recommending", log) { batch, count in
      let found = RecordBuffer(byteCount: count * best * 8)
      let expected = RecordBuffer(byteCount: count * best * 8)
      let fields = found.bytes.bindMemory(to: Int.self)
      let values = expected.bytes.bindMemory(to: Double.self)
      try applied.blamed { () throws(AEZipError) in
        try applied.model.recommend(
          batch, layout: applied.layout, best: best, into: fields.baseAddress!,
          scores: values.baseAddress!, threads: work.threads)
      }
      for place in 0..<count * best where fields[place] >= 0 {
        try lines.add([
          "\(first + place / best)", applied.loaded.title(fields[place]),
          significant(values[place], 5),
        ])
      }
      first += count
    }
    try lines.finish()
    try target.commit()
  }
}

/// A small .csv being written.
final class CsvLines {
  private let output: OutputFile
  private var text: [UInt8] = []

  init(_ output: OutputFile) { self.output = output }

  func add(_ cells: [String]) throws {
    for (index, cell) in cells.enumerated() {
      if index > 0 { text.append(UInt8(ascii: ",")) }
      let needsQuotes = cell.utf8.contains { ",\"\r\n".utf8.contains($0) }
      text += needsQuotes ? Self.quoted(cell) : Array(cell.utf8)
    }
    text.append(UInt8(ascii: "\n"))
    if text.count > 1 << 16 { try finish() }
  }

  private static func quoted(_ cell: String) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    return [quote] + cell.utf8.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
  }

  func finish() throws {
    try text.withUnsafeBytes { try output.write($0) }
    text = []
  }
}
