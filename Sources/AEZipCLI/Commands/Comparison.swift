import AEZip
import Glibc

/// Every value of a container against the table that it was made from.
final class Comparison {
  let container: Container
  private(set) var results: [FieldResult]

  struct FieldResult {
    var bound: Double
    var isBitExact: Bool
    var largestError = 0.0
    var brokenCount = 0
    /// The first value that is broken, in words.
    var firstBroken: String?
  }

  init(_ container: Container) {
    self.container = container
    results = container.reader.layout.fields.enumerated().map { index, field in
      FieldResult(
        bound: container.bound(index),
        isBitExact: field.bound == .exact && container.bound(index) == 0)
    }
  }

  var fields: [Field] { container.reader.layout.fields }

  func name(_ index: Int) -> String {
    fields[index].name.isEmpty ? "\(index)" : "'\(fields[index].name)'"
  }

  /// The largest error per field, and its share of the bound.
  var table: TextTable {
    var table = TextTable(["field", "bound", "largest error", "share", "broken values"])
    for (index, result) in results.enumerated() {
      let share = result.bound > 0 ? fixed(result.largestError / result.bound, 4) : ""
      table.add([
        fields[index].name.isEmpty ? "\(index)" : fields[index].name, boundText(result.bound),
        significant(result.largestError), share, "\(result.brokenCount)",
      ])
    }
    return table
  }

  /// What is broken, in words; nil if nothing is.
  var verdict: String? {
    let broken = results.filter { $0.brokenCount > 0 }
    guard let first = broken.first?.firstBroken else { return nil }
    let count = broken.reduce(0) { $0 + $1.brokenCount }
    return "\(count) values in \(broken.count) fields break their bound: \(first); compress again"
  }

  /// Compares values in memory: arrays and raw files.
  func compareValues(_ source: any RecordSource, threads: Int, log: Log) throws {
    try checkFields(source)
    let reader = container.reader
    let table = container.table(records: 0..<reader.recordCount, fields: nil)
    let bar = ProgressBar(
      "verifying", total: reader.recordCount * table.recordSize, log: log)
    // The container's bounds tell of which fields the range matters.
    let bounded = zip(source.fields, fields).map {
      Field(type: $0.type, offset: $0.offset, bound: $1.bound)
    }
    let layout = try blaming(source.file.name) { () throws(AEZipError) in
      try Layout(fields: bounded, recordSize: source.recordSize)
    }
    var ranges = FieldRanges(layout: layout)
    var pending = UnsafeRawBufferPointer(start: nil, count: 0)
    var record = 0
    try container.forEachBatch(
      of: table, records: 0..<reader.recordCount, threads: threads, bar: bar
    ) { restored in
      if case .csv(let origin) = container.origin { origin.round(restored, table) }
      var rest = UnsafeRawBufferPointer(restored)
      while rest.count > 0 {
        if pending.isEmpty {
          guard let batch = try source.next() else { throw countFailure(source, record) }
          try ranges.add(batch)
          pending = batch
        }
        let count = min(pending.count / source.recordSize, rest.count / table.recordSize)
        for index in fields.indices {
          compareField(
            index, pending, source.fields[index].offset, source.recordSize,
            rest, table.recordSize, recordCount: count, firstRecord: record)
        }
        pending = UnsafeRawBufferPointer(rebasing: pending[(count * source.recordSize)...])
        rest = UnsafeRawBufferPointer(rebasing: rest[(count * table.recordSize)...])
        record += count
      }
    }
    let isMore = try source.next() != nil
    if pending.count > 0 || isMore {
      throw countFailure(source, record + max(1, pending.count / source.recordSize))
    }
    checkBounds(ranges)
  }

  private func countFailure(_ source: any RecordSource, _ atLeast: Int) -> Failure {
    let count = source.recordCount.map { "\($0)" } ?? "\(atLeast)"
    return Failure(
      .badData, source.file.name,
      "\(count) records, but \(container.file.name) holds \(container.reader.recordCount); "
        + "give the table that was compressed")
  }

  private func checkFields(_ source: any RecordSource) throws {
    guard source.fields.count == fields.count else {
      throw Failure(
        .badData, source.file.name,
        "\(source.fields.count) fields, but \(container.file.name) holds \(fields.count); "
          + "give the table that was compressed")
    }
    for (index, field) in source.fields.enumerated() where field.type != fields[index].type {
      throw Failure(
        .badData, source.file.name,
        "field \(index) is \(field.type), but \(fields[index].type) in \(container.file.name); "
          + "give the table that was compressed")
    }
    if let count = source.recordCount, count != container.reader.recordCount {
      throw countFailure(source, count)
    }
  }

  /// A relative bound must be what the original's range makes of it. Float64 cannot tell the range
  /// of 64-bit integers well enough.
  private func checkBounds(_ ranges: FieldRanges) {
    for index in fields.indices {
      guard case .relative(let share) = fields[index].bound,
        fields[index].type != .i64, fields[index].type != .u64,
        ranges.minima[index] <= ranges.maxima[index]
      else { continue }
      let permitted = share * (ranges.maxima[index] - ranges.minima[index])
      guard results[index].bound > permitted * (1 + 1e-12) else { continue }
      results[index].brokenCount += 1
      results[index].firstBroken =
        "the bound of field \(name(index)) is \(results[index].bound), but \(share) of its range "
        + "is \(permitted)"
    }
  }

  private func compareField(
    _ index: Int, _ original: UnsafeRawBufferPointer, _ offset: Int, _ stride: Int,
    _ restored: UnsafeRawBufferPointer, _ restoredStride: Int, recordCount: Int, firstRecord: Int
  ) {
    let type = fields[index].type
    for record in 0..<recordCount {
      let place = record * stride + offset
      let restoredPlace = record * restoredStride + fields[index].offset
      let before = original.baseAddress! + place
      let after = restored.baseAddress! + restoredPlace
      if memcmp(before, after, type.size) == 0 { continue }
      let error: Double
      switch type {
      case .f32, .f64:
        error = abs(type.load(before) - type.load(after))
      case .i8, .i16, .i32, .i64:
        let (a, b) = (
          loadInteger(original, place, type), loadInteger(restored, restoredPlace, type)
        )
        error = Double(UInt64(bitPattern: max(a, b) &- min(a, b)))
      case .u8, .u16, .u32, .u64:
        let (a, b) = (
          loadUnsigned(original, place, type), loadUnsigned(restored, restoredPlace, type)
        )
        error = Double(max(a, b) - min(a, b))
      }
      // NaN and infinities only come back as the same bits.
      let isBroken = results[index].isBitExact || !(error <= results[index].bound)
      note(index, error: error, isBroken: isBroken) {
        "field \(name(index)), record \(firstRecord + record): "
          + "\(type.load(before)) came back as \(type.load(after)), bound "
          + boundText(container.bound(index))
      }
    }
  }

  func note(
    _ index: Int, error: Double, isBroken: Bool, _ words: () -> String
  ) {
    if error > results[index].largestError { results[index].largestError = error }
    guard isBroken else { return }
    results[index].brokenCount += 1
    if results[index].firstBroken == nil { results[index].firstBroken = words() }
  }
}
