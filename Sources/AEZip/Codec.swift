/// The whole pipeline, forward and back.
public enum Codec {
  /// The largest container that ``compress(_:layout:options:write:)`` can write for these records;
  /// nil if it overflows.
  public static func containerBound(
    layout: Layout, recordCount: Int, options: CompressionOptions
  ) -> Int? {
    let chunks = recordCount / options.recordsPerChunk(layout) + 1
    var names = 0
    for field in layout.fields { names += field.nameBytes.count + 64 }
    // Latents are columns too, and their model may cost more than it saves where it is asked for.
    var latents = min(options.latents ?? 0, layout.fields.count)
    var model = 0
    if let given = options.model {
      latents = given.latentCount
      model = 4 * given.network.shape.weightCount + 64 * given.network.shape.nodeSize + 64
    } else if latents > 0 {
      model = (8 * latents + 128) * layout.fields.count
    }
    let columns = layout.fields.count + latents
    // Every value may cost its own bytes, a place and a code.
    let (values, a) = recordCount.multipliedReportingOverflow(by: columns)
    let (valueBytes, b) = values.multipliedReportingOverflow(by: 24)
    let perChunk = 4096 + 1200 * columns
    let (chunkBytes, c) = chunks.multipliedReportingOverflow(by: perChunk)
    let (sum, d) = valueBytes.addingReportingOverflow(chunkBytes)
    let metadata = options.metadata.count + options.metadata.count / 512
    let (total, e) = sum.addingReportingOverflow(metadata + names + model + 4096)
    return a || b || c || d || e ? nil : total
  }

  /// Compresses records in memory, relative bounds and mean errors included, into a container handed
  /// to `write`.
  ///
  /// - Throws: what ``ContainerWriter`` throws.
  public static func compress(
    _ records: UnsafeRawBufferPointer, layout: Layout, options: CompressionOptions,
    write: @escaping (UnsafeRawBufferPointer) -> Bool
  ) throws(AEZipError) {
    guard records.count % layout.recordSize == 0 else {
      throw .invalidArgument(
        "# bytes are no whole number of records of # bytes", records.count, layout.recordSize)
    }
    var ranges = FieldRanges(layout: layout)
    try ranges.add(records)
    if let wanted = options.meanError {
      try options.validate()
      return try MeanErrorSearch(
        records, layout: layout, ranges: ranges, options: options, wanted: wanted
      ).compress(write: write)
    }
    let writer = try ContainerWriter(
      layout: layout, ranges: ranges, options: options, write: write)
    try writer.appendAll(records)
    try writer.finish()
  }
}
