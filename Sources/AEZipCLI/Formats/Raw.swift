import AEZip

/// Little-endian floats without a header, record after record.
final class RawSource: RecordSource {
  let file: InputFile
  let fields: [Field]
  let recordSize: Int
  let recordCount: Int?
  private let type: ElementType
  private let buffer: RecordBuffer
  private let recordsPerBatch: Int
  private var offset = 0

  init(_ file: InputFile, type: ElementType, fieldCount: Int) throws {
    self.file = file
    self.type = type
    let layout = try blaming(file.name) { () throws(AEZipError) in
      try Layout(matrixOf: type, fieldCount: fieldCount, bound: .exact)
    }
    fields = layout.fields
    recordSize = layout.recordSize
    recordsPerBatch = max(1, batchByteCount / recordSize)
    recordCount = file.size.map { $0 / layout.recordSize }
    let records = min(recordsPerBatch, recordCount ?? recordsPerBatch)
    buffer = RecordBuffer(byteCount: records * recordSize)
    if let size = file.size { try checkWhole(size) }
  }

  func mustBeExact(_ index: Int) -> Bool { false }

  func plan(bounds: [Bound]) -> (fields: [Field], metadata: Json) {
    let fields = zip(fields, bounds).map {
      Field(name: $0.name, type: $0.type, offset: $0.offset, bound: $1)
    }
    return (fields, Origin.metadata(type == .f32 ? .f32 : .f64, []))
  }

  func rewind() { offset = 0 }

  func next() throws -> UnsafeRawBufferPointer? {
    let count = try file.read(at: offset, into: buffer.bytes)
    offset += count
    guard count > 0 else { return nil }
    if count % recordSize != 0 { try checkWhole(offset) }
    return UnsafeRawBufferPointer(rebasing: buffer.bytes[..<count])
  }

  private func checkWhole(_ byteCount: Int) throws {
    guard byteCount % recordSize != 0 else { return }
    throw Failure(
      .badData, file.name,
      "\(byteCount) bytes are no whole number of records of \(fields.count) \(type) values "
        + "(\(recordSize) bytes); check --fields and the ending")
  }
}

/// Writes every field as a float; integers are converted, categories keep their codes.
final class RawSink: RecordSink {
  private let output: OutputFile
  private let table: RestoredTable
  private let type: ElementType
  private var values: [UInt8] = []

  init(_ output: OutputFile, type: ElementType, table: RestoredTable) {
    self.output = output
    self.table = table
    self.type = type
  }

  func write(_ records: UnsafeRawBufferPointer) throws {
    if table.fields.allSatisfy({ $0.type == type }),
      table.recordSize == table.fields.count * type.size
    {
      return try output.write(records)
    }
    let recordCount = records.count / table.recordSize
    let stride = table.fields.count * type.size
    values = [UInt8](repeating: 0, count: recordCount * stride)
    values.withUnsafeMutableBytes { target in
      for (index, field) in table.fields.enumerated() {
        for record in 0..<recordCount {
          let value = field.type.load(
            records.baseAddress! + (record * table.recordSize + field.offset))
          let place = record * stride + index * type.size
          if type == .f32 {
            target.storeBytes(of: Float(value), toByteOffset: place, as: Float.self)
          } else {
            target.storeBytes(of: value, toByteOffset: place, as: Double.self)
          }
        }
      }
    }
    try values.withUnsafeBytes { try output.write($0) }
  }

  func finish() {}
}
