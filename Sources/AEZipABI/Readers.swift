#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez

/// What an `aez_reader *` points to. Nothing in it changes after it is made, so that any number of
/// threads may read through it.
final class ReaderHandle {
  let reader: ContainerReader
  let texts: ReaderTexts

  init(_ reader: ContainerReader, _ texts: ReaderTexts) {
    self.reader = reader
    self.texts = texts
  }

  static func of(_ pointer: OpaquePointer?) throws(AEZipError) -> ReaderHandle {
    let pointer = UnsafeRawPointer(try required(pointer, "reader"))
    return Unmanaged<ReaderHandle>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Hands a reader over to the caller, who frees it with `aez_reader_free`.
  static func hand(
    _ reader: ContainerReader, to pointer: UnsafeMutablePointer<OpaquePointer?>
  ) throws(AEZipError) {
    let handle = ReaderHandle(reader, try ReaderTexts(reader))
    pointer.pointee = OpaquePointer(Unmanaged.passRetained(handle).toOpaque())
  }
}

/// Opens a container in memory.
@_cdecl("aez_reader_open_memory") @implementation
public func aez_reader_open_memory(
  _ container: UnsafeRawPointer?, _ containerSize: Int,
  _ reader: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  aez_reader_open_memory_with_model(container, containerSize, nil, reader, error)
}

/// Opens a container in memory with its model.
@_cdecl("aez_reader_open_memory_with_model") @implementation
public func aez_reader_open_memory_with_model(
  _ container: UnsafeRawPointer?, _ containerSize: Int, _ model: OpaquePointer?,
  _ reader: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  reader?.pointee = nil
  return entry(error) { () throws(AEZipError) in
    let reader = try required(reader, "reader")
    let bytes = try input(try required(container, "container"), containerSize, "container")
    let model = try ModelHandle.optional(model)
    try ReaderHandle.hand(try ContainerReader(bytes: bytes, model: model), to: reader)
  }
}

/// Opens a container behind a callback.
@_cdecl("aez_reader_open") @implementation
public func aez_reader_open(
  _ read: aez_read_fn?, _ context: UnsafeMutableRawPointer?, _ containerSize: UInt64,
  _ reader: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  aez_reader_open_with_model(read, context, containerSize, nil, reader, error)
}

/// Opens a container behind a callback with its model.
@_cdecl("aez_reader_open_with_model") @implementation
public func aez_reader_open_with_model(
  _ read: aez_read_fn?, _ context: UnsafeMutableRawPointer?, _ containerSize: UInt64,
  _ model: OpaquePointer?, _ reader: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  reader?.pointee = nil
  return entry(error) { () throws(AEZipError) in
    let reader = try required(reader, "reader")
    let read = try required(read, "read")
    let core = try ContainerReader(
      size: try count(containerSize, "container_size"), model: try ModelHandle.optional(model),
      read: { offset, buffer in
        guard let start = buffer.baseAddress, buffer.count > 0 else { return true }
        return read(context, UInt64(offset), start, buffer.count) == 0
      })
    try ReaderHandle.hand(core, to: reader)
  }
}

/// Frees the reader.
@_cdecl("aez_reader_free") @implementation
public func aez_reader_free(_ reader: OpaquePointer?) {
  guard let reader else { return }
  Unmanaged<ReaderHandle>.fromOpaque(UnsafeRawPointer(reader)).release()
}

/// Restores a range of records, whole or chosen fields of them.
@_cdecl("aez_reader_read") @implementation
public func aez_reader_read(
  _ reader: OpaquePointer?, _ first: UInt64, _ recordCount: UInt64,
  _ fields: UnsafePointer<Int>?, _ fieldCount: Int, _ threads: Int32,
  _ destination: UnsafeMutableRawPointer?, _ capacity: Int,
  _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let reader = try ReaderHandle.of(reader).reader
    let threads = try threadCount(threads)
    let wanted = try range(first, recordCount, of: reader)
    let chosen = try chosenFields(fields, fieldCount, of: reader.layout)
    var recordSize = reader.layout.recordSize
    if let chosen {
      recordSize = 0
      for field in chosen { recordSize += reader.layout.fields[field].type.size }
    }
    let needed = try byteCount(of: wanted.count, recordSize: recordSize)
    let destination = try output(destination, capacity: capacity, needed: needed, "records")
    try reader.read(records: wanted, fields: chosen, threads: threads, into: destination)
  }
}

/// A range of records that lies in the container.
func range(
  _ first: UInt64, _ recordCount: UInt64, of reader: ContainerReader
) throws(AEZipError) -> Range<Int> {
  let first = try count(first, "first")
  let recordCount = try count(recordCount, "count")
  guard first <= reader.recordCount, recordCount <= reader.recordCount - first else {
    throw .invalidArgument(
      "the records asked for, from # on, end after the last of #", first, reader.recordCount)
  }
  return first..<first + recordCount
}

/// The field indices that the caller chose; nil for whole records.
private func chosenFields(
  _ fields: UnsafePointer<Int>?, _ fieldCount: Int, of layout: Layout
) throws(AEZipError) -> [Int]? {
  guard let fields else {
    guard fieldCount == 0 else {
      throw .invalidArgument("field_count must be 0 where fields is NULL")
    }
    return nil
  }
  guard fieldCount >= 1, fieldCount <= Layout.largestFieldCount else {
    throw .invalidArgument(
      "field_count is not 1 to #", Layout.largestFieldCount)
  }
  let chosen = [Int](UnsafeBufferPointer(start: fields, count: fieldCount))
  for field in chosen where field < 0 || field >= layout.fields.count {
    throw .invalidArgument(
      "field # was asked for, but the container has # fields", field, layout.fields.count)
  }
  return chosen
}

/// Checks every checksum and decodes every chunk.
@_cdecl("aez_reader_verify") @implementation
public func aez_reader_verify(
  _ reader: OpaquePointer?, _ threads: Int32, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    try ReaderHandle.of(reader).reader.verify(threads: try threadCount(threads))
  }
}
