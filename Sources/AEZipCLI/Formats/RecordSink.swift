import AEZip

/// The fields of a container that are being restored, as they lie in memory.
struct RestoredTable {
  /// Offsets are those in the batches.
  var fields: [Field]
  /// Bytes from one record to the next.
  var recordSize: Int
  var recordCount: Int
  /// The number of each field in the container.
  var indices: [Int]
  var statistics: [FieldStatistics]
  /// Whether these are all fields, in order.
  var isComplete: Bool
}

/// A table file being written from batches of restored records.
protocol RecordSink: AnyObject {
  func write(_ records: UnsafeRawBufferPointer) throws
  func finish() throws
}

/// Begins a table of the given format, as like the file that was compressed as possible.
func makeRecordSink(
  _ output: OutputFile, format: TableFormat, table: RestoredTable, origin: Origin, log: Log
) throws -> any RecordSink {
  switch format {
  case .npy: try NpySink(output, table: table, origin: origin, log: log)
  case .csv: try CsvSink(output, table: table, origin: origin)
  case .f32, .f64:
    RawSink(output, type: format == .f32 ? .f32 : .f64, table: table)
  }
}
