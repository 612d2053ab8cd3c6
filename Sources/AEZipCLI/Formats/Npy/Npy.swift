import AEZip

/// A numpy array of numbers (records along the first axis) or of structures.
final class NpySource: RecordSource {
  let file: InputFile
  let fields: [Field]
  let recordSize: Int
  let recordCount: Int?
  private let origin: NpyOrigin
  private let dataOffset: Int
  private let isColumnMajor: Bool
  private let buffer: RecordBuffer
  private let recordsPerBatch: Int
  private var position = 0

  init(_ file: InputFile, log: Log) throws {
    self.file = file
    let (header, dataOffset) = try NpyHeader.read(file)
    let type: NpyType
    do { type = try NpyType(header.descr) } catch {
      throw Failure(.badData, file.name, error.problem)
    }
    guard let recordAxis = header.shape.first else {
      throw Failure(.badData, file.name, "a single value without a shape; give records")
    }
    let records = try Self.product(
      type.isStructured ? header.shape[...] : [recordAxis], file)
    let columns = try Self.product(type.isStructured ? [] : header.shape.dropFirst(), file)
    isColumnMajor = header.isFortranOrder && header.shape.count > 1
    guard !isColumnMajor || (header.shape.count == 2 && !type.isStructured) else {
      throw Failure(
        .badData, file.name,
        "a \(header.shape.count)-dimensional array in Fortran order; save it "
          + "with numpy.ascontiguousarray first")
    }
    let (size, overflow) = columns.multipliedReportingOverflow(by: type.recordSize)
    let layout = try blaming(file.name, as: .badData) { () throws(AEZipError) in
      guard !overflow, columns <= Layout.largestFieldCount else {
        throw .limitExceeded(
          what: "the number of fields", value: columns, limit: Layout.largestFieldCount)
      }
      let fields =
        type.isStructured
        ? type.elements.map {
          Field(name: $0.name, type: $0.type, offset: $0.offset, bound: .exact)
        }
        : (0..<columns).map {
          Field(type: type.elements[0].type, offset: $0 * type.recordSize, bound: .exact)
        }
      return try Layout(fields: fields, recordSize: size)
    }
    fields = layout.fields
    recordSize = size
    recordCount = records
    origin = NpyOrigin(header: header, type: type)
    self.dataOffset = dataOffset
    if isColumnMajor {
      try file.makeSeekable(because: "its columns come one after another", log: log)
    }
    recordsPerBatch = max(1, min(records, batchByteCount / size))
    buffer = RecordBuffer(byteCount: recordsPerBatch * size)
    let (dataSize, tooLarge) = records.multipliedReportingOverflow(by: size)
    guard !tooLarge else {
      throw Failure(
        .badData, file.name, "the shape \(header.shape) overflows; fetch the file again")
    }
    if let available = file.size.map({ $0 - dataOffset }), available != dataSize {
      throw Failure(
        .badData, file.name,
        available < dataSize
          ? "truncated: \(records) records need \(dataSize) bytes, \(available) are there; "
            + "fetch the whole file again"
          : "\(available - dataSize) bytes follow the array; give a file with one array")
    }
  }

  private static func product(_ extents: ArraySlice<Int>, _ file: InputFile) throws -> Int {
    var product = 1
    for extent in extents {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      guard !overflow, next <= 1 << 48 else {
        throw Failure(.badData, file.name, "its shape is absurdly large; fetch the file again")
      }
      product = next
    }
    return product
  }

  func mustBeExact(_ index: Int) -> Bool { origin.element(index).isBoolean }

  func plan(bounds: [Bound]) -> (fields: [Field], metadata: Json) {
    let fields = zip(fields, bounds).enumerated().map { index, pair in
      Field(
        name: pair.0.name, type: pair.0.type, offset: pair.0.offset,
        bound: mustBeExact(index) ? .exact : pair.1)
    }
    return (fields, origin.json)
  }

  func rewind() { position = 0 }

  func next() throws -> UnsafeRawBufferPointer? {
    let count = min(recordsPerBatch, recordCount! - position)
    guard count > 0 else { return nil }
    let target = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[..<(count * recordSize)])
    if isColumnMajor {
      try readColumns(target, recordCount: count)
    } else {
      try fill(target, at: dataOffset + position * recordSize)
    }
    swapBytes(target)
    position += count
    return UnsafeRawBufferPointer(target)
  }

  private func readColumns(_ target: UnsafeMutableRawBufferPointer, recordCount count: Int) throws {
    let size = fields[0].type.size
    let column = UnsafeMutableRawBufferPointer.allocate(byteCount: count * size, alignment: 16)
    defer { column.deallocate() }
    for (index, field) in fields.enumerated() {
      try fill(column, at: dataOffset + (index * recordCount! + position) * size)
      for record in 0..<count {
        (target.baseAddress! + record * recordSize + field.offset)
          .copyMemory(from: column.baseAddress! + record * size, byteCount: size)
      }
    }
  }

  private func fill(_ target: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    let filled = try file.read(at: offset, into: target)
    guard filled == target.count else {
      throw Failure(
        .badData, file.name,
        "truncated: \(recordCount!) records need \(dataOffset + recordCount! * recordSize) bytes, "
          + "\(offset + filled) are there; fetch the whole file again")
    }
  }

  private func swapBytes(_ target: UnsafeMutableRawBufferPointer) {
    for (index, field) in fields.enumerated() where origin.element(index).isBigEndian {
      reverseBytes(target, recordSize: recordSize, field)
    }
  }
}

/// Turns the bytes of a field around in every record: big-endian to little-endian and back.
func reverseBytes(
  _ records: UnsafeMutableRawBufferPointer, recordSize: Int, _ field: Field
) {
  for start in stride(from: field.offset, to: records.count, by: recordSize) {
    var low = start
    var high = start + field.type.size - 1
    while low < high {
      records.swapAt(low, high)
      low += 1
      high -= 1
    }
  }
}
