#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez

/// Latents of a record.
@_cdecl("aez_reader_latent_count") @implementation
public func aez_reader_latent_count(
  _ reader: OpaquePointer?, _ latentCount: UnsafeMutablePointer<Int>?
) -> aez_status {
  latentCount?.pointee = 0
  return entry(nil) { () throws(AEZipError) in
    let reader = try ReaderHandle.of(reader).reader
    try required(latentCount, "latent_count").pointee = reader.latentCount
  }
}

/// Reads latents without restoring records.
@_cdecl("aez_reader_latents") @implementation
public func aez_reader_latents(
  _ reader: OpaquePointer?, _ first: UInt64, _ recordCount: UInt64, _ threads: Int32,
  _ latents: UnsafeMutablePointer<Float>?, _ capacity: Int,
  _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let reader = try ReaderHandle.of(reader).reader
    let threads = try threadCount(threads)
    let wanted = try range(first, recordCount, of: reader)
    let latents = try floats(latents, wanted.count, reader.latentCount, capacity)
    try reader.readLatents(records: wanted, into: latents.baseAddress!, threads: threads)
  }
}

/// The latents of other records.
@_cdecl("aez_reader_encode") @implementation
public func aez_reader_encode(
  _ reader: OpaquePointer?, _ source: UnsafeRawPointer?, _ recordCount: UInt64,
  _ latents: UnsafeMutablePointer<Float>?, _ capacity: Int,
  _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let reader = try ReaderHandle.of(reader).reader
    let source = try records(source, recordCount, recordSize: reader.layout.recordSize)
    let latents = try floats(latents, Int(recordCount), reader.latentCount, capacity)
    try reader.encode(source, into: latents.baseAddress!)
  }
}

/// Finds the records whose latents are nearest to those of queries.
@_cdecl("aez_search") @implementation
public func aez_search(
  _ reader: OpaquePointer?, _ queries: UnsafePointer<Float>?, _ queryCount: UInt64,
  _ nearest: Int, _ threads: Int32, _ records: UnsafeMutablePointer<UInt64>?,
  _ distances: UnsafeMutablePointer<Float>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let reader = try ReaderHandle.of(reader).reader
    let threads = try threadCount(threads)
    let queryCount = try count(queryCount, "query_count")
    guard nearest >= 1 else { throw .invalidArgument("nearest is not 1 or more") }
    _ = try byteCount(of: queryCount, recordSize: byteCount(of: nearest, recordSize: 8))
    try reader.search(
      try required(queries, "queries"), queryCount: queryCount, nearest: nearest,
      records: try required(records, "records"), distances: try required(distances, "distances"),
      threads: threads)
  }
}

/// The caller's buffer for `count` rows of `width` floats.
func floats(
  _ buffer: UnsafeMutablePointer<Float>?, _ count: Int, _ width: Int, _ capacity: Int
) throws(AEZipError) -> UnsafeMutableBufferPointer<Float> {
  let needed = try byteCount(of: count, recordSize: 4 * width)
  _ = try output(buffer, capacity: capacity, needed: needed, "latents")
  return UnsafeMutableBufferPointer(
    start: try required(buffer, "latents"), count: count * width)
}
