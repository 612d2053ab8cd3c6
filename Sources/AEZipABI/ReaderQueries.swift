#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez
import CPlatform

/// The field names as C strings and the metadata, at addresses that last as long as the reader.
final class ReaderTexts {
  private let bytes: UnsafeMutablePointer<UInt8>
  private let nameOffsets: [Int]
  let metadata: UnsafeRawBufferPointer

  private init(
    bytes: UnsafeMutablePointer<UInt8>, nameOffsets: [Int], metadata: UnsafeRawBufferPointer
  ) {
    self.bytes = bytes
    self.nameOffsets = nameOffsets
    self.metadata = metadata
  }

  // A convenience initializer, because Embedded Swift leaks the object where a designated one
  // throws before everything is initialized.
  convenience init(_ reader: ContainerReader) throws(AEZipError) {
    var nameOffsets: [Int] = []
    var nameBytes = 0
    for field in reader.layout.fields {
      nameOffsets.append(nameBytes)
      nameBytes += field.nameBytes.count + 1
    }
    let size = nameBytes + reader.metadata.count
    guard let memory = malloc(size) else { throw .outOfMemory(bytes: size) }
    let bytes = memory.assumingMemoryBound(to: UInt8.self)

    var end = 0
    for field in reader.layout.fields {
      for byte in field.nameBytes {
        bytes[end] = byte
        end += 1
      }
      bytes[end] = 0
      end += 1
    }
    for byte in reader.metadata {
      bytes[end] = byte
      end += 1
    }
    self.init(
      bytes: bytes, nameOffsets: nameOffsets,
      metadata: UnsafeRawBufferPointer(start: bytes + nameBytes, count: size - nameBytes))
  }

  func name(of field: Int) -> UnsafePointer<CChar> {
    UnsafeRawPointer(bytes + nameOffsets[field]).assumingMemoryBound(to: CChar.self)
  }

  deinit { free(bytes) }
}

/// Records, fields, and bytes of a record.
@_cdecl("aez_reader_shape") @implementation
public func aez_reader_shape(
  _ reader: OpaquePointer?, _ recordCount: UnsafeMutablePointer<UInt64>?,
  _ fieldCount: UnsafeMutablePointer<Int>?, _ recordSize: UnsafeMutablePointer<Int>?
) -> aez_status {
  recordCount?.pointee = 0
  fieldCount?.pointee = 0
  recordSize?.pointee = 0
  return entry(nil) { () throws(AEZipError) in
    let reader = try ReaderHandle.of(reader).reader
    recordCount?.pointee = UInt64(reader.recordCount)
    fieldCount?.pointee = reader.layout.fields.count
    recordSize?.pointee = reader.layout.recordSize
  }
}

/// What the container says of a field.
@_cdecl("aez_reader_field") @implementation
public func aez_reader_field(
  _ reader: OpaquePointer?, _ index: Int, _ info: UnsafeMutablePointer<aez_field_info>?
) -> aez_status {
  entry(nil) { () throws(AEZipError) in
    let info = try required(info, "info")
    let callerSize = info.pointee.struct_size
    try checkSize(callerSize, first: MemoryLayout<aez_field_info>.size, "info")
    info.pointee = aez_field_info()
    info.pointee.struct_size = callerSize

    let handle = try ReaderHandle.of(reader)
    let layout = handle.reader.layout
    guard index >= 0, index < layout.fields.count else {
      throw .invalidArgument("there is no such field")
    }
    let field = layout.fields[index]
    let statistics = handle.reader.statistics[index]
    info.pointee.name = handle.texts.name(of: index)
    info.pointee.type = UInt32(field.type.rawValue)
    (info.pointee.bound_kind, info.pointee.bound) = field.bound.forC
    info.pointee.offset = UInt64(field.offset)
    info.pointee.absolute_bound = statistics.absoluteBound
    info.pointee.largest_error = statistics.largestError
    info.pointee.rmse = statistics.rmse
    info.pointee.minimum = statistics.minimum
    info.pointee.maximum = statistics.maximum
    info.pointee.missing = UInt64(statistics.missingCount)
  }
}

/// The user metadata.
@_cdecl("aez_reader_metadata") @implementation
public func aez_reader_metadata(
  _ reader: OpaquePointer?, _ metadata: UnsafeMutablePointer<UnsafeRawPointer?>?,
  _ metadataSize: UnsafeMutablePointer<Int>?
) -> aez_status {
  metadata?.pointee = nil
  metadataSize?.pointee = 0
  return entry(nil) { () throws(AEZipError) in
    let kept = try ReaderHandle.of(reader).texts.metadata
    let metadata = try required(metadata, "metadata")
    let metadataSize = try required(metadataSize, "metadata_size")
    guard kept.count > 0 else { return }
    metadata.pointee = kept.baseAddress
    metadataSize.pointee = kept.count
  }
}

/// A description as JSON.
@_cdecl("aez_reader_info") @implementation
public func aez_reader_info(
  _ reader: OpaquePointer?, _ json: UnsafeMutablePointer<CChar>?, _ capacity: Int,
  _ size: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  size?.pointee = 0
  return entry(error) { () throws(AEZipError) in
    let size = try required(size, "size")
    let text = try ReaderHandle.of(reader).reader.informationBytes()
    let needed = text.count + 1
    if capacity != 0 { _ = try required(json, "json") }
    if unsignedCapacity(capacity) < needed { size.pointee = needed }
    let buffer = try output(json, capacity: capacity, needed: needed, "json")
    var end = 0
    for byte in text {
      buffer[end] = byte
      end += 1
    }
    buffer[end] = 0
    size.pointee = needed
  }
}
