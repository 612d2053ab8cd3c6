/// What is known of a field's values and errors.
public struct FieldStatistics: Sendable {
  /// The largest error that the bound permits; 0 for exact.
  public var absoluteBound = 0.0
  /// The largest error made.
  public var largestError = 0.0
  /// The root mean squared error made.
  public var rmse = 0.0
  /// Smallest and largest finite value; NaN if there is none.
  public var minimum = Double.nan
  public var maximum = Double.nan
  /// The number of NaN values.
  public var missingCount = 0
}

/// Reads a container with random access: only the chunks that hold the wanted records are read.
public final class ContainerReader {
  public let layout: Layout
  public let recordCount: Int
  public let metadata: [UInt8]
  public let statistics: [FieldStatistics]

  /// Opens a container in memory. The bytes must outlive the reader.
  public convenience init(bytes: UnsafeRawBufferPointer) throws(AEZipError) {
    throw .notAContainer
  }

  /// Opens a container behind a function that fills a buffer from an offset; false on failure.
  public init(
    size: Int, read: @escaping (_ offset: Int, _ into: UnsafeMutableRawBufferPointer) -> Bool
  ) throws(AEZipError) {
    throw .notAContainer
  }

  /// Restores records; with `fields`, just these, packed without gaps in the order given.
  /// `output` must hold `records.count` times the size of a record (or of the chosen fields).
  public func read(
    records: Range<Int>, fields: [Int]? = nil, threads: Int = 0,
    into output: UnsafeMutableRawBufferPointer
  ) throws(AEZipError) {
  }

  /// Checks every checksum and decodes every chunk.
  public func verify(threads: Int = 0) throws(AEZipError) {
  }

  /// A description as JSON: shape, fields, bounds, errors, sections, what was chosen and why.
  public func information() throws(AEZipError) -> String {
    "{}"
  }
}
