import AEZip
import ArgumentParser

struct Search: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find the records of a container that are most like others.",
    discussion: """
      Examples:
        aezip compress vectors.npy --abs 0.02 --latents 64
        aezip search vectors.npy.aez --query others.npy -k 10
        aezip search mast.aez --query few.csv -k 3 -o found.csv

      The container must have latents, which alone are read: no record is
      restored. Writes .csv: the query's number, the record's, and their
      distance in the space of latents; for each query the nearest first.
      """)

  @Argument(help: ArgumentHelp("The container, or - for standard input.", valueName: "IN.aez"))
  var input: String

  @Option(help: ArgumentHelp("Records of the same fields.", valueName: "TABLE"))
  var query: String

  @Option(name: .customShort("k"), help: ArgumentHelp("Records for each query.", valueName: "N"))
  var nearest = 10

  @Option(name: .shortAndLong, help: "The .csv to write [standard output].")
  var output = "-"

  @OptionGroup var table: TableArguments
  @Option(
    help: ArgumentHelp(
      "The model, if the container names it only by its digest.", valueName: "FILE.aezm"))
  var model: String?

  @OptionGroup var work: WorkArguments
  @OptionGroup var result: ResultArguments

  func validate() throws {
    guard (1...1_000_000).contains(nearest) else {
      throw ValidationError("-k \(nearest) must be 1 to 1000000")
    }
  }

  func run() throws {
    let log = work.log
    let container = try Container(path: input, model: model, log: log)
    let reader = container.reader
    guard reader.latentCount > 0 else {
      throw Failure(
        .badData, container.file.name, "keeps no latents; compress with --latents K, K above 0")
    }
    let (source, _) = try table.open(query, fieldCount: reader.layout.fields.count, log: log)
    let columns = try matching(source, container)
    let target = try OutputFile(path: output, overwrite: result.force)
    let lines = CsvLines(target)
    try lines.add(["query", "record", "distance"])
    var first = 0
    while let batch = try source.next() {
      let count = batch.count / source.recordSize
      let records = RecordBuffer(byteCount: count * reader.layout.recordSize)
      for (field, column) in zip(reader.layout.fields, columns) {
        guard let column else { continue }
        for record in 0..<count {
          let value = column.type.load(
            batch.baseAddress! + (record * source.recordSize + column.offset))
          field.type.store(
            value,
            to: records.bytes.baseAddress! + (record * reader.layout.recordSize + field.offset))
        }
      }
      var queries = [Float](repeating: 0, count: count * reader.latentCount)
      var found = [UInt64](repeating: 0, count: count * nearest)
      var distances = [Float](repeating: 0, count: count * nearest)
      let known = UnsafeRawBufferPointer(
        rebasing: records.bytes[..<(count * reader.layout.recordSize)])
      try container.blamed { () throws(AEZipError) in
        try reader.encode(known, into: &queries)
        try reader.search(
          queries, queryCount: count, nearest: nearest, records: &found, distances: &distances,
          threads: work.threads)
      }
      for place in found.indices where found[place] != .max {
        try lines.add([
          "\(first + place / nearest)", "\(found[place])",
          significant(Double(distances[place]), 5),
        ])
      }
      first += count
    }
    try lines.finish()
    try target.commit()
  }

  /// The query's column for each field of the container: of the same name, or in order. Texts and
  /// times, which are exact and have no part in latents, may be missing.
  private func matching(_ source: any RecordSource, _ container: Container) throws -> [Field?] {
    let fields = container.reader.layout.fields
    guard fields.contains(where: { !$0.name.isEmpty }),
      source.fields.contains(where: { !$0.name.isEmpty })
    else {
      guard source.fields.count == fields.count else {
        throw Failure(
          .badData, source.file.name,
          "\(source.fields.count) fields, but \(container.file.name) holds \(fields.count); give "
            + "records of the same fields")
      }
      return source.fields
    }
    return try fields.indices.map { index in
      if let match = source.fields.first(where: { $0.name == fields[index].name }) { return match }
      if container.bound(index) == 0 { return nil }
      throw Failure(
        .badData, source.file.name,
        "has no column '\(fields[index].name)', which \(container.file.name) has; give records of "
          + "the same fields")
    }
  }
}
