import AEZip

/// A file read as records of one layout, in batches.
protocol RecordSource: AnyObject {
  var file: InputFile { get }
  /// Names, types and offsets; the bounds are not decided yet.
  var fields: [Field] { get }
  /// Bytes from one record to the next.
  var recordSize: Int { get }
  /// Nil if only the end of a pipe tells.
  var recordCount: Int? { get }

  /// Whether no error makes sense for a field: texts, times, booleans.
  func mustBeExact(_ index: Int) -> Bool

  /// What to ask of the codec so that the file that comes back keeps these bounds, and what to
  /// write into the container so that it can come back.
  func plan(bounds: [Bound]) throws -> (fields: [Field], metadata: Json)

  /// Begins again with the first record.
  func rewind()

  /// The next records, at most about ``batchByteCount``; nil at the end. Valid until the next call.
  func next() throws -> UnsafeRawBufferPointer?
}

/// Bytes of records read at once.
let batchByteCount = 8 << 20

/// Opens a table by its format.
///
/// - Parameter fieldCount: for raw files, which do not say it.
func openRecordSource(
  _ file: InputFile, format: TableFormat, fieldCount: Int?, log: Log
) throws -> any RecordSource {
  switch format {
  case .npy: return try NpySource(file, log: log)
  case .csv: return try CsvSource(file, log: log)
  case .f32, .f64:
    guard let fieldCount else {
      throw Failure(
        .usage, file.name, "raw values do not tell their shape; give --fields D, values a record")
    }
    return try RawSource(file, type: format == .f32 ? .f32 : .f64, fieldCount: fieldCount)
  }
}

/// Memory for a batch of records, zeroed.
final class RecordBuffer {
  private(set) var bytes: UnsafeMutableRawBufferPointer

  init(byteCount: Int) {
    bytes = .allocate(byteCount: max(1, byteCount), alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { bytes.deallocate() }
}
