/// What the user asks of a compression; every value has a working default.
public struct CompressionOptions: Sendable {
  /// 1 fast ... 9 smallest.
  public var level = 6
  /// Threads to use; 0 means one per processor. The bytes written do not depend on it.
  public var threads = 0
  /// Latents of the autoencoder; nil: as many as pay for themselves.
  public var latents: Int?
  /// Records coded together; 0: chosen by size (about 8 MiB of records).
  public var chunkRecords = 0
  /// Kept in the container as it is; at most 16 MiB.
  public var metadata: [UInt8] = []

  public init() {}
}

/// Writes a container as a stream, in memory bounded by a few chunks.
public final class ContainerWriter {
  /// - Parameters:
  ///   - ranges: the range of every field over all records to come; needed if a bound is relative.
  ///   - write: takes bytes in order; returns false on failure. Called on the calling thread only.
  public init(
    layout: Layout, ranges: FieldRanges? = nil, options: CompressionOptions,
    write: @escaping (UnsafeRawBufferPointer) -> Bool
  ) throws(AEZipError) {
  }

  /// Adds whole records.
  /// - Throws: ``AEZipError/invalidArgument(_:)`` if the size is no multiple of the record size.
  public func append(_ records: UnsafeRawBufferPointer) throws(AEZipError) {
  }

  /// Writes what is pending, the statistics and the index.
  public func finish() throws(AEZipError) {
  }
}
