import AEZip

/// A CSV file with a header line. One pass finds the columns' types, the next ones give records.
final class CsvSource: RecordSource {
  let file: InputFile
  private(set) var fields: [Field] = []
  private(set) var recordSize = 0
  private(set) var recordCount: Int?
  private let scanner: CsvScanner
  private var columns: [CsvColumn] = []
  private var kinds: [CsvKind] = []
  private var stores: [CsvStore] = []
  private var origin = CsvOrigin(columns: [])
  private var buffer = RecordBuffer(byteCount: 0)

  init(_ file: InputFile, log: Log) throws {
    self.file = file
    try file.makeSeekable(because: "the types of its columns must be known first", log: log)
    guard file.size! > 0 else {
      throw Failure(.badData, file.name, "is empty; expected a header line with the columns' names")
    }
    (scanner, origin) = try CsvSource.open(file)
    let names = try readHeader()
    columns = names.map { CsvColumn(name: $0) }
    try look(log)
    settleFields()
    if log.isVerbose { describe(log) }
  }

  /// Finds the delimiter, which is a comma unless the header has none but semicolons or tabs.
  static func open(_ file: InputFile) throws -> (CsvScanner, CsvOrigin) {
    var start = [UInt8](repeating: 0, count: min(file.size ?? 0, 1 << 16))
    _ = try start.withUnsafeMutableBytes { try file.read(at: 0, into: $0) }
    guard !start.starts(with: [0x89, 0x41, 0x45, 0x5A]) else {
      throw Failure(.badData, file.name, "is a container, not a table; decompress it instead")
    }
    var origin = CsvOrigin(columns: [])
    origin.hasByteOrderMark = start.starts(with: [0xEF, 0xBB, 0xBF])
    let header = start.prefix { $0 != UInt8(ascii: "\n") }
    for candidate in [",", ";", "\t"] as [Unicode.Scalar]
    where header.contains(UInt8(ascii: candidate)) {
      origin.delimiter = UInt8(ascii: candidate)
      break
    }
    let offset = origin.hasByteOrderMark ? 3 : 0
    return (CsvScanner(file, delimiter: origin.delimiter, from: offset), origin)
  }

  private func readHeader() throws -> [String] {
    guard let count = try scanner.next(skippingEmptyLines: false) else {
      throw Failure(.badData, file.name, "has no header line with the columns' names")
    }
    origin.endsLinesWithCarriageReturn = scanner.endsWithCarriageReturn
    let cells = (0..<count).map { Array(scanner.cells[$0].bytes) }
    guard !cells.joined().contains(0) else {
      throw Failure(
        .badData, file.name, "line 1: a zero byte; this is no text file, or convert it to UTF-8")
    }
    origin.isBytes = cells.contains { String(validating: $0, as: UTF8.self) == nil }
    return cells.map { origin.text($0) }
  }

  /// The first pass, and a second one over columns that turned out to be text late.
  private func look(_ log: Log) throws {
    let bar = ProgressBar("reading", total: file.size!, log: log)
    var count = 0
    try forEachRecord(bar) { cells in
      for index in columns.indices {
        if let problem = columns[index].add(cells[index]) { throw failure(problem, index) }
      }
      count += 1
    }
    recordCount = count
    kinds = columns.map { $0.settle().kind }
    let late = columns.indices.filter { columns[$0].needsSecondPass }
    if !late.isEmpty {
      for index in late { columns[index].forgetTexts() }
      rewind()
      try forEachRecord(bar) { cells in
        for index in late {
          if let problem = columns[index].add(cells[index]) { throw failure(problem, index) }
        }
      }
    }
    rewind()
    // Before a text becomes metadata it must be known whether all of the file is UTF-8.
    for column in columns where !origin.isBytes {
      origin.isBytes = (0..<column.categories.count).contains {
        String(validating: column.categories[$0], as: UTF8.self) == nil
      }
    }
  }

  private func forEachRecord(
    _ bar: ProgressBar, _ body: (UnsafeMutablePointer<CsvCell>) throws -> Void
  ) throws {
    var reported = scanner.consumed
    while try nextRecord() {
      try body(scanner.cells)
      if scanner.consumed - reported > 1 << 20 {
        bar.advance(by: scanner.consumed - reported)
        reported = scanner.consumed
      }
    }
    bar.finish()
  }

  /// Reads a record with as many cells as the header; false at the end.
  private func nextRecord() throws -> Bool {
    guard let count = try scanner.next(skippingEmptyLines: columns.count > 1) else { return false }
    guard count == columns.count else {
      throw Failure(
        .badData, file.name,
        "line \(scanner.line): \(count) cells, but the header has \(columns.count); "
          + "give every line the same number of cells")
    }
    return true
  }

  private func failure(_ problem: CsvCategories.Problem, _ index: Int) -> Failure {
    let column = "line \(scanner.line): column '\(columns[index].name)'"
    switch problem {
    case .tooMany:
      return Failure(
        .badData, file.name,
        "\(column) has more than \(CsvCategories.largestCount) different texts or "
          + "\(CsvCategories.largestByteCount >> 20) MiB of them; leave it out")
    case .zeroByte:
      return Failure(
        .badData, file.name,
        "\(column) holds a zero byte; this is no text file, or convert it to UTF-8")
    }
  }

  private func settleFields() {
    var offset = 0
    fields = zip(columns, kinds).map { column, kind in
      let type = if case .text = kind { column.codeType } else { column.settle().type }
      defer { offset += type.size }
      stores.append(CsvStore(column: column, kind: kind, type: type, offset: offset))
      return Field(name: column.name, type: type, offset: offset, bound: .exact)
    }
    recordSize = offset
  }

  private func describe(_ log: Log) {
    for (index, column) in columns.enumerated() {
      let kind =
        switch kinds[index] {
        case .integer: "integers"
        case .decimal(let places, let isLattice):
          isLattice ? "decimals of up to \(places.upperBound) places" : "decimals"
        case .time(let time): "times like \(time.example)"
        case .text: "\(column.categories.count) different texts"
        }
      let missing = column.missing.isEmpty ? "" : ", some missing"
      log.detail("column '\(column.name)': \(kind)\(missing), as \(fields[index].type)")
    }
  }

  func plan(bounds: [Bound]) throws -> (fields: [Field], metadata: Json) {
    var planned = fields
    for (index, column) in columns.enumerated() {
      let plan = CsvPlan(column, kinds[index], asked: bounds[index])
      planned[index].bound = plan.codecBound
      var described = CsvOrigin.Column(style: plan.style, bound: plan.textBound)
      if case .text = kinds[index] {
        described.texts = (0..<column.categories.count).map {
          origin.text(column.categories[$0])
        }
      } else {
        described.missing = column.missing
      }
      origin.columns.append(described)
    }
    return (planned, origin.json)
  }

  func mustBeExact(_ index: Int) -> Bool {
    switch kinds[index] {
    case .integer, .decimal: false
    case .time, .text: true
    }
  }

  func rewind() {
    scanner.rewind()
    // The header was read without error before; its cells are not looked at again.
    _ = try? scanner.next(skippingEmptyLines: false)
  }

  func next() throws -> UnsafeRawBufferPointer? {
    let capacity = max(1, batchByteCount / recordSize)
    if buffer.bytes.count < recordSize {
      buffer = RecordBuffer(byteCount: min(capacity, max(1, recordCount!)) * recordSize)
    }
    var count = 0
    while count * recordSize < buffer.bytes.count, try nextRecord() {
      let record = buffer.bytes.baseAddress! + count * recordSize
      for index in columns.indices {
        guard stores[index].store(scanner.cells[index], into: record) else {
          throw Failure(
            .inputOutput, file.name,
            "line \(scanner.line): changed while it was being read; try again")
        }
      }
      count += 1
    }
    return count == 0
      ? nil : UnsafeRawBufferPointer(rebasing: buffer.bytes[..<(count * recordSize)])
  }
}
