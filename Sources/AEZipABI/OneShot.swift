#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez

/// The largest container for these records, or 0.
@_cdecl("aez_compress_bound") @implementation
public func aez_compress_bound(
  _ layout: UnsafePointer<aez_layout>?, _ recordCount: UInt64,
  _ options: UnsafePointer<aez_options>?
) -> Int {
  var bound = 0
  _ = entry(nil) { () throws(AEZipError) in
    bound =
      Codec.containerBound(
        layout: try Layout(layout), recordCount: try count(recordCount, "record_count"),
        options: try CompressionOptions(options)) ?? 0
  }
  return bound
}

/// A caller-owned buffer that is filled in order, and goes on counting when it is full.
private final class BoundedOutput {
  let buffer: UnsafeMutableRawPointer?
  let capacity: Int
  var needed = 0

  init(_ buffer: UnsafeMutableRawPointer?, capacity: Int) {
    self.buffer = buffer
    self.capacity = capacity
  }

  func write(_ bytes: UnsafeRawBufferPointer) {
    // Once something did not fit, nothing that follows may land in the gap.
    if let buffer, let source = bytes.baseAddress, needed <= capacity,
      bytes.count <= capacity - needed
    {
      (buffer + needed).copyMemory(from: source, byteCount: bytes.count)
    }
    needed += bytes.count
  }
}

/// Compresses records in memory into a caller-owned buffer.
@_cdecl("aez_compress") @implementation
public func aez_compress(
  _ layout: UnsafePointer<aez_layout>?, _ source: UnsafeRawPointer?, _ recordCount: UInt64,
  _ options: UnsafePointer<aez_options>?, _ container: UnsafeMutableRawPointer?,
  _ capacity: Int, _ containerSize: UnsafeMutablePointer<Int>?,
  _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  containerSize?.pointee = 0
  return entry(error) { () throws(AEZipError) in
    let containerSize = try required(containerSize, "container_size")
    let layout = try Layout(layout)
    let options = try CompressionOptions(options)
    let source = try records(source, recordCount, recordSize: layout.recordSize)
    if capacity != 0 { _ = try required(container, "container") }

    let output = BoundedOutput(container, capacity: unsignedCapacity(capacity))
    try Codec.compress(source, layout: layout, options: options) { bytes in
      output.write(bytes)
      return true
    }
    containerSize.pointee = output.needed
    guard output.needed <= output.capacity else {
      throw .bufferTooSmall(needed: output.needed, available: output.capacity)
    }
  }
}

/// Restores all records of a container in memory; the inverse of `aez_compress`.
@_cdecl("aez_decompress") @implementation
public func aez_decompress(
  _ container: UnsafeRawPointer?, _ containerSize: Int, _ threads: Int32,
  _ destination: UnsafeMutableRawPointer?, _ capacity: Int,
  _ recordCount: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  aez_decompress_with_model(
    container, containerSize, nil, threads, destination, capacity, recordCount, error)
}

/// The same for a container that needs a model.
@_cdecl("aez_decompress_with_model") @implementation
public func aez_decompress_with_model(
  _ container: UnsafeRawPointer?, _ containerSize: Int, _ model: OpaquePointer?,
  _ threads: Int32, _ destination: UnsafeMutableRawPointer?, _ capacity: Int,
  _ recordCount: UnsafeMutablePointer<UInt64>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  recordCount?.pointee = 0
  let status = entry(error) { () throws(AEZipError) in
    let threads = try threadCount(threads)
    let bytes = try input(try required(container, "container"), containerSize, "container")
    let reader = try ContainerReader(bytes: bytes, model: try ModelHandle.optional(model))
    // Known from here on, and what a caller with too small a buffer has to know.
    recordCount?.pointee = UInt64(reader.recordCount)
    let needed = try byteCount(of: reader.recordCount, recordSize: reader.layout.recordSize)
    let destination = try output(destination, capacity: capacity, needed: needed, "records")
    try reader.read(records: 0..<reader.recordCount, threads: threads, into: destination)
  }
  if status != AEZ_OK, status != AEZ_BUFFER_TOO_SMALL { recordCount?.pointee = 0 }
  return status
}
