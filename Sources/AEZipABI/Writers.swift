#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez

/// What an `aez_writer *` points to.
private final class WriterHandle {
  let writer: ContainerWriter
  let recordSize: Int
  var failure: AEZipError?

  init(_ writer: ContainerWriter, recordSize: Int) {
    self.writer = writer
    self.recordSize = recordSize
  }

  /// Runs a step, unless one has failed before: that failure is then the answer to all that follow,
  /// since a container from which a batch is missing must not be finished.
  func perform(_ step: () throws(AEZipError) -> Void) throws(AEZipError) {
    if let failure { throw failure }
    do throws(AEZipError) {
      try step()
    } catch {
      failure = error
      throw error
    }
  }

  static func of(_ pointer: OpaquePointer?) throws(AEZipError) -> WriterHandle {
    let pointer = UnsafeRawPointer(try required(pointer, "writer"))
    return Unmanaged<WriterHandle>.fromOpaque(pointer).takeUnretainedValue()
  }
}

/// Starts a container behind a callback.
@_cdecl("aez_writer_open") @implementation
public func aez_writer_open(
  _ layout: UnsafePointer<aez_layout>?, _ options: UnsafePointer<aez_options>?,
  _ write: aez_write_fn?, _ context: UnsafeMutableRawPointer?,
  _ writer: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  open(layout, options, write, context, writer, error) { _ throws(AEZipError) in nil }
}

/// Starts a container whose relative bounds have ranges that are known.
@_cdecl("aez_writer_open_ranges") @implementation
public func aez_writer_open_ranges(
  _ layout: UnsafePointer<aez_layout>?, _ minima: UnsafePointer<Double>?,
  _ maxima: UnsafePointer<Double>?, _ options: UnsafePointer<aez_options>?,
  _ write: aez_write_fn?, _ context: UnsafeMutableRawPointer?,
  _ writer: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  open(layout, options, write, context, writer, error) { (layout) throws(AEZipError) in
    let minima = try required(minima, "minima")
    let maxima = try required(maxima, "maxima")
    var ranges = FieldRanges(layout: layout)
    for field in 0..<layout.fields.count {
      ranges.minima[field] = minima[field]
      ranges.maxima[field] = maxima[field]
    }
    return ranges
  }
}

private func open(
  _ layout: UnsafePointer<aez_layout>?, _ options: UnsafePointer<aez_options>?,
  _ write: aez_write_fn?, _ context: UnsafeMutableRawPointer?,
  _ writer: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<aez_error>?,
  _ ranges: (Layout) throws(AEZipError) -> FieldRanges?
) -> aez_status {
  writer?.pointee = nil
  return entry(error) { () throws(AEZipError) in
    let writer = try required(writer, "writer")
    let write = try required(write, "write")
    let layout = try Layout(layout)
    let core = try ContainerWriter(
      layout: layout, ranges: try ranges(layout), options: try CompressionOptions(options),
      write: { bytes in
        guard let start = bytes.baseAddress, bytes.count > 0 else { return true }
        return write(context, start, bytes.count) == 0
      })
    let handle = WriterHandle(core, recordSize: layout.recordSize)
    writer.pointee = OpaquePointer(Unmanaged.passRetained(handle).toOpaque())
  }
}

/// Adds records.
@_cdecl("aez_writer_append") @implementation
public func aez_writer_append(
  _ writer: OpaquePointer?, _ source: UnsafeRawPointer?, _ recordCount: UInt64,
  _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let handle = try WriterHandle.of(writer)
    try handle.perform { () throws(AEZipError) in
      try handle.writer.append(
        try records(source, recordCount, recordSize: handle.recordSize))
    }
  }
}

/// Writes what is pending, the statistics and the index.
@_cdecl("aez_writer_finish") @implementation
public func aez_writer_finish(
  _ writer: OpaquePointer?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let handle = try WriterHandle.of(writer)
    try handle.perform { () throws(AEZipError) in
      try handle.writer.finish()
    }
    handle.failure = .invalidArgument("the container is finished; open another writer")
  }
}

/// Frees the writer, finished or not.
@_cdecl("aez_writer_free") @implementation
public func aez_writer_free(_ writer: OpaquePointer?) {
  guard let writer else { return }
  Unmanaged<WriterHandle>.fromOpaque(UnsafeRawPointer(writer)).release()
}
