import AEZip

extension Comparison {
  /// Compares the cells that `decompress` would print with those of a CSV file.
  func compareText(_ file: InputFile, threads: Int, log: Log) throws {
    try file.makeSeekable(because: "its header is looked at first", log: log)
    let (scanner, _) = try CsvSource.open(file)
    let reader = container.reader
    let headerCount = try scanner.next(skippingEmptyLines: false)
    guard headerCount == fields.count else {
      throw Failure(
        .badData, file.name,
        "\(headerCount ?? 0) columns, but \(container.file.name) holds \(fields.count); "
          + "give the table that was compressed")
    }
    let table = container.table(records: 0..<reader.recordCount, fields: nil)
    let printer = CsvPrinter(table, container.origin, quotes: false)
    let text = TextBuffer()
    let bar = ProgressBar(
      "verifying", total: reader.recordCount * table.recordSize, log: log)
    var record = 0
    func nextRecord() throws -> Bool {
      guard let count = try scanner.next(skippingEmptyLines: fields.count > 1) else {
        return false
      }
      guard count == fields.count else {
        throw Failure(
          .badData, file.name,
          "line \(scanner.line): \(count) cells, but the header has \(fields.count)")
      }
      return true
    }
    func countFailure(_ count: String) -> Failure {
      Failure(
        .badData, file.name,
        "\(count) records, but \(container.file.name) holds "
          + "\(reader.recordCount); give the table that was compressed")
    }
    try container.forEachBatch(
      of: table, records: 0..<reader.recordCount, threads: threads, bar: bar
    ) { batch in
      for start in stride(from: 0, to: batch.count, by: table.recordSize) {
        guard try nextRecord() else { throw countFailure("\(record)") }
        for index in fields.indices {
          text.clear()
          printer.printCell(index, UnsafeRawBufferPointer(batch), at: start, into: text)
          compareCell(index, scanner.cells[index], text, record: record)
        }
        record += 1
      }
    }
    if try nextRecord() { throw countFailure("more than \(record)") }
  }

  private func compareCell(
    _ index: Int, _ original: CsvCell, _ text: TextBuffer, record: Int
  ) {
    let restored = CsvCell(start: text.bytes, count: text.count)
    if original.bytes.elementsEqual(restored.bytes) { return }
    let isTimeOrText = container.isTextOrTime(index)
    let error: Double
    var slack = 0.0
    if !isTimeOrText, let a = CsvNumber(original), let b = CsvNumber(restored) {
      if a.isInteger, b.isInteger, a.isNegative == b.isNegative {
        error = Double(max(a.digits, b.digits) - min(a.digits, b.digits))
      } else {
        error = a.value == b.value ? 0 : abs(a.value - b.value)
        // Both numbers were rounded to Float64 when they were read.
        slack = a.value.ulp + b.value.ulp
      }
    } else {
      error = .nan
    }
    note(index, error: error, isBroken: !(error <= results[index].bound + slack)) {
      "column \(name(index)), record \(record): '\(String(decoding: original.bytes, as: UTF8.self))'"
        + " came back as '\(String(decoding: restored.bytes, as: UTF8.self))', bound "
        + boundText(container.bound(index))
    }
  }
}
