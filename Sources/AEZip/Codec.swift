/// The whole pipeline, forward and back.
public enum Codec {
  /// The largest container that ``compress`` can write for these records; nil if it overflows.
  public static func containerBound(
    layout: Layout, recordCount: Int, options: CompressionOptions
  ) -> Int? {
    nil
  }

  /// Compresses records in memory, relative bounds included, into a container handed to `write`.
  public static func compress(
    _ records: UnsafeRawBufferPointer, layout: Layout, options: CompressionOptions,
    write: @escaping (UnsafeRawBufferPointer) -> Bool
  ) throws(AEZipError) {
  }
}
