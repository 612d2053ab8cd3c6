import AEZip

/// Writes restored records as a .npy file: the array that was compressed if all its fields are
/// there, else a matrix or a structured array of those that are.
final class NpySink: RecordSink {
  private let output: OutputFile
  private let table: RestoredTable
  private let isColumnMajor: Bool
  private let dataOffset: Int
  private var swapped: [Field] = []
  private var scratch: [UInt8] = []
  private var position = 0

  init(_ output: OutputFile, table: RestoredTable, origin: Origin, log: Log) throws {
    self.output = output
    self.table = table
    var header: NpyHeader
    if case .npy(let origin) = origin {
      swapped = table.fields.indices.filter { origin.element(table.indices[$0]).isBigEndian }
        .map { table.fields[$0] }
      let codes = table.indices.map { origin.element($0).code }
      header =
        table.isComplete && !origin.header.descr.holdsDictionary
        ? origin.header : Self.header(of: table, codes: codes)
      header.shape = Self.shape(table, origin)
    } else {
      header = Self.header(of: table, codes: table.fields.map(\.type.numpyCode))
    }
    if header.shape.count < 2 || !output.isSeekable { header.isFortranOrder = false }
    isColumnMajor = header.isFortranOrder
    let bytes = header.bytes
    dataOffset = bytes.count
    try bytes.withUnsafeBytes { try output.write($0) }
  }

  private static func shape(_ table: RestoredTable, _ origin: NpyOrigin) -> [Int] {
    let shape = origin.header.shape
    if origin.type.isStructured {
      let isWhole = table.isComplete && shape.reduce(1, *) == table.recordCount
      return isWhole ? shape : [table.recordCount]
    }
    if table.isComplete { return [table.recordCount] + shape.dropFirst() }
    return [table.recordCount, table.fields.count]
  }

  /// A matrix if the fields have no names and one type, else a structured array.
  private static func header(of table: RestoredTable, codes: [String]) -> NpyHeader {
    let size = table.fields[0].type.size
    let isMatrix = table.fields.indices.allSatisfy {
      table.fields[$0].name.isEmpty && codes[$0] == codes[0]
        && table.fields[$0].offset == $0 * size
    }
    if isMatrix, table.recordSize == size * table.fields.count {
      return NpyHeader(
        descr: .string(codes[0]), isFortranOrder: false,
        shape: [table.recordCount, table.fields.count])
    }
    var members: [PythonLiteral] = []
    var taken: Set<String> = []
    var end = 0
    func pad(to offset: Int) {
      guard offset > end else { return }
      members.append(.tuple([.string(""), .string("|V\(offset - end)")]))
      end = offset
    }
    let order = table.fields.indices.sorted { table.fields[$0].offset < table.fields[$1].offset }
    for index in order {
      let field = table.fields[index]
      pad(to: field.offset)
      var name = field.name.isEmpty ? "f\(table.indices[index])" : field.name
      while !taken.insert(name).inserted { name += "_" }
      members.append(.tuple([.string(name), .string(codes[index])]))
      end += field.type.size
    }
    pad(to: table.recordSize)
    return NpyHeader(descr: .list(members), isFortranOrder: false, shape: [table.recordCount])
  }

  func write(_ records: UnsafeRawBufferPointer) throws {
    if swapped.isEmpty, !isColumnMajor { return try output.write(records) }
    scratch = Array(records)
    try scratch.withUnsafeMutableBytes { bytes in
      for field in swapped { reverseBytes(bytes, recordSize: table.recordSize, field) }
      if isColumnMajor {
        try writeColumns(UnsafeRawBufferPointer(bytes))
      } else {
        try output.write(UnsafeRawBufferPointer(bytes))
      }
    }
  }

  private func writeColumns(_ records: UnsafeRawBufferPointer) throws {
    let count = records.count / table.recordSize
    let size = table.fields[0].type.size
    let column = UnsafeMutableRawBufferPointer.allocate(byteCount: count * size, alignment: 16)
    defer { column.deallocate() }
    for (index, field) in table.fields.enumerated() {
      for record in 0..<count {
        (column.baseAddress! + record * size).copyMemory(
          from: records.baseAddress! + record * table.recordSize + field.offset, byteCount: size)
      }
      let place = dataOffset + (index * table.recordCount + position) * size
      try output.write(UnsafeRawBufferPointer(column), at: place)
    }
    position += count
  }

  func finish() {}
}

extension ElementType {
  /// The dtype in numpy's spelling.
  var numpyCode: String {
    switch self {
    case .f32: "<f4"
    case .f64: "<f8"
    case .i8: "|i1"
    case .i16: "<i2"
    case .i32: "<i4"
    case .i64: "<i8"
    case .u8: "|u1"
    case .u16: "<u2"
    case .u32: "<u4"
    case .u64: "<u8"
    }
  }
}
