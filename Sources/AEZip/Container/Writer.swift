import CPlatform

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
  /// What predicts the records, where that takes fewer bytes than none; nil: chosen.
  public var model: Autoencoder?
  /// Whether the container holds the given model; else its digest alone.
  public var embedsModel = false
  /// The root mean squared error to reach, over the standard deviation of each field without a bound,
  /// by ``Codec/compress(_:layout:options:write:)`` alone; nil: fields without a bound come back as
  /// their latents tell.
  public var meanError: Double?

  public init() {}

  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` naming the option.
  func validate() throws(AEZipError) {
    guard level >= 1, level <= 9 else {
      throw .invalidArgument("level #; levels are 1 (fast) to 9 (smallest)", level)
    }
    guard threads >= 0 else {
      throw .invalidArgument("# threads; give 0 (one per processor) or more", threads)
    }
    guard chunkRecords >= 0 else {
      throw .invalidArgument("# records a chunk; give 0 (chosen by size) or more", chunkRecords)
    }
    if let latents {
      guard latents >= 0 else {
        throw .invalidArgument("# latents; give 0 or more, or leave the choice open", latents)
      }
    }
    guard metadata.count <= Limits.metadataBytes else {
      throw .limitExceeded(
        what: "the user metadata", value: metadata.count, limit: Limits.metadataBytes)
    }
    if let meanError {
      guard meanError > 0, meanError < 1 else {
        throw .invalidArgument("the mean error must be above 0 and below 1")
      }
    }
  }

  /// Records coded together: about 8 MiB, but enough of them to learn from, within the limits.
  func recordsPerChunk(_ layout: Layout) -> Int {
    let most = min(
      Limits.chunkRecords, Limits.chunkBytes / layout.recordSize,
      Limits.chunkValues / layout.fields.count)
    let chosen = max((8 << 20) / layout.recordSize, min(4096, (64 << 20) / layout.recordSize))
    return max(1, min(most, chunkRecords > 0 ? chunkRecords : chosen))
  }
}

/// Writes a container as a stream, in memory bounded by a few chunks.
public final class ContainerWriter {
  private let layout: Layout
  private let bounds: [Double]
  private let roughness: Double?
  private let options: CompressionOptions
  private let threads: Int
  private let sections: SectionWriter
  private let kernels = Kernels()
  private let recordsPerChunk: Int

  /// Records that wait for a full chunk.
  private let pending: ByteBuffer
  private var tallies: List<FieldTally>
  private var failure: AEZipError?
  /// Chosen on the first records, before the first chunk.
  private var model: RecordModel?
  private var hasPlannedModel = false
  private var expectedRecordCount: Int?
  private var isFinished = false
  /// Few records in one chunk, and no others.
  private var isSmall = false
  private var errors = FieldErrors(fieldCount: 0)
  /// How well the given model knows the records, after ``finish()``; nil if none was given.
  public private(set) var fit: ModelFit?
  /// Of every field, after ``finish()``.
  private(set) var statistics: [FieldStatistics] = []

  // What can fail is left to a convenience initializer: where a designated one throws before every
  // property is set, Embedded Swift leaks the object.
  private init(
    layout: Layout, bounds: [Double], roughness: Double?, options: CompressionOptions,
    pending: ByteBuffer,
    write: @escaping (UnsafeRawBufferPointer) -> Bool
  ) {
    self.layout = layout
    self.bounds = bounds
    self.roughness = roughness
    self.options = options
    sections = SectionWriter(write: write)
    threads = threadCount(options.threads)
    recordsPerChunk = options.recordsPerChunk(layout)
    self.pending = pending
    tallies = List<FieldTally>(repeating: FieldTally(), count: layout.fields.count)
  }

  /// Writes header, layout and metadata.
  ///
  /// - Parameters:
  ///   - layout: the fields of a record; see ``Layout``.
  ///   - ranges: the range of every field over all records to come; needed if a bound is relative.
  ///   - options: see ``CompressionOptions``.
  ///   - write: takes bytes in order; returns false on failure. Called on the calling thread only.
  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)``, and what writing throws.
  public convenience init(
    layout: Layout, ranges: FieldRanges? = nil, options: CompressionOptions,
    write: @escaping (UnsafeRawBufferPointer) -> Bool
  ) throws(AEZipError) {
    guard options.meanError == nil else {
      throw .invalidArgument(
        "a mean error needs all records at once; give bounds, or compress in memory")
    }
    try self.init(layout: layout, ranges: ranges, options: options, way: nil, write: write)
  }

  /// - Parameter way: how fields without a bound are kept.
  convenience init(
    layout: Layout, ranges: FieldRanges?, options: CompressionOptions, way: MeanErrorWay?,
    write: @escaping (UnsafeRawBufferPointer) -> Bool
  ) throws(AEZipError) {
    try options.validate()
    var bounds: [Double] = []
    for index in 0..<layout.fields.count {
      let bound = layout.fields[index].bound
      if case .relative = bound, ranges == nil {
        throw .invalidArgument(
          "field # has a relative bound, but its range is not known before the last record; give an absolute bound, or the range",
          index)
      }
      bounds.append(
        FieldStatistics.absolute(
          bound, minimum: ranges?.minima[index] ?? 0, maximum: ranges?.maxima[index] ?? 0,
          range: ranges?.span(index)))
      guard bounds[index] == .infinity else { continue }
      if let way {
        bounds[index] = way.bounds[index]
      } else if options.model == nil && options.latents ?? 0 == 0 {
        throw .invalidArgument(
          "field # has no bound; give one, or a number of latents, a model or a mean error", index)
      }
    }
    self.init(
      layout: layout, bounds: bounds, roughness: way?.roughness, options: options,
      pending: try ByteBuffer(), write: write)

    if let given = options.model {
      model = try RecordModel(given, layout: layout)
      hasPlannedModel = true
      errors = FieldErrors(fieldCount: given.fieldCount)
      if let latents = options.latents, latents != given.latentCount {
        throw .invalidArgument(
          "# latents are asked for, but the model has #", latents, given.latentCount)
      }
    }
    if let way {
      model = way.model
      hasPlannedModel = true
    }
    try sections.start()
    try sections.emitPacked(.layout, layout.encoded())
    if let model { try emitModel(model, embedded: options.embedsModel || options.model == nil) }
    if !options.metadata.isEmpty {
      try sections.emitPacked(.metadata, options.metadata)
    }
  }

  /// Adds whole records.
  ///
  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` if the size is no multiple of the record size;
  ///   ``AEZipError/inputOutput(_:)``, ``AEZipError/outOfMemory(bytes:)``. After a failure every
  ///   later call fails the same way.
  public func append(_ records: UnsafeRawBufferPointer) throws(AEZipError) {
    try guarded { () throws(AEZipError) in
      guard records.count % layout.recordSize == 0 else {
        throw .invalidArgument(
          "# bytes are no whole number of records of # bytes", records.count, layout.recordSize)
      }
      let chunkBytes = recordsPerChunk * layout.recordSize
      var rest = records
      // Full chunks are coded where they lie; what does not fill one is kept.
      if pending.count > 0 {
        let wanted = (chunkBytes * threads - pending.count)
        let taken = min(wanted, rest.count)
        try pending.append(UnsafeRawBufferPointer(rebasing: rest[..<taken]))
        rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
        if pending.count == chunkBytes * threads {
          try encode(pending.bytes)
          pending.removeAll()
        }
      }
      let whole = rest.count / chunkBytes
      if whole >= threads {
        try encode(UnsafeRawBufferPointer(rebasing: rest[..<(whole * chunkBytes)]))
        rest = UnsafeRawBufferPointer(rebasing: rest[(whole * chunkBytes)...])
      }
      try pending.append(rest)
    }
  }

  /// Writes what is pending, the statistics and the index. The writer accepts nothing more.
  public func finish() throws(AEZipError) {
    try guarded { () throws(AEZipError) in
      try encode(pending.bytes, isLast: true)
      for index in 0..<tallies.count {
        statistics.append(
          FieldStatistics(tallies[index], bound: bounds[index], recordCount: sections.recordCount))
      }
      var cuts = List<Int>()
      let short = isSmall ? ShortStatistics.encode(statistics, tallies, layout) : nil
      let bytes = short ?? FieldStatistics.encode(statistics, layout, cuts: &cuts)
      try sections.emitPacked(.statistics, bytes, cuts: cuts)
      if let model, options.model != nil, errors.count == model.places.count,
        sections.recordCount > 0
      {
        let fit = ModelFit(
          bits: model.bits(errors.means, bounds: bounds),
          trainingBits: model.bits(model.model.fieldErrors, bounds: bounds))
        var writer = ByteWriter()
        writer.f32(Float(fit.bits))
        writer.f32(Float(fit.trainingBits))
        try sections.emitPacked(.fit, writer.bytes)
        self.fit = fit
      }
      try sections.finish()
      isFinished = true
    }
  }

  /// Compresses records in memory without waiting for full chunks to gather.
  func appendAll(_ records: UnsafeRawBufferPointer) throws(AEZipError) {
    expectedRecordCount = records.count / layout.recordSize
    try guarded { () throws(AEZipError) in try encode(records, isLast: true) }
  }

  private func guarded(_ body: () throws(AEZipError) -> Void) throws(AEZipError) {
    if let failure { throw failure }
    guard !isFinished else { throw .invalidArgument("the container is finished already") }
    do throws(AEZipError) {
      try body()
    } catch {
      failure = error
      throw error
    }
  }

  /// Codes records as chunks, several at a time, and writes them in order.
  private func encode(
    _ records: UnsafeRawBufferPointer, isLast: Bool = false
  ) throws(AEZipError) {
    let chunkBytes = recordsPerChunk * layout.recordSize
    // Nothing else will come: the whole container is one short chunk.
    var standsAlone = true
    for field in layout.fields where field.bound == .free { standsAlone = false }
    if isLast && standsAlone && sections.recordCount == 0 && records.count > 0
      && records.count <= chunkBytes
    {
      isSmall = ShortStatistics.fits(records.count / layout.recordSize, layout)
    }
    if !hasPlannedModel && records.count > 0 { try planModel(records) }
    var start = 0
    while start < records.count {
      // A thread that is done takes the next chunk: few wait for the last of a batch.
      let count = min(
        threads > 1 ? 4 * threads : 1, (records.count - start + chunkBytes - 1) / chunkBytes)
      let outcome = ChunkBatch(count: count)
      let encoder = ChunkEncoder(
        layout: layout, bounds: bounds, level: options.level, kernels: kernels, model: model,
        roughness: roughness,
        keepsLatents: options.latents != nil || options.model != nil, isSmall: isSmall)
      let base = start
      let mayDrop =
        options.model != nil && options.latents == nil && !bounds.contains(.infinity)
      nonisolated(unsafe) let records = records
      parallelFor(count, threads: threads) { index in
        let from = base + index * chunkBytes
        let chunk = UnsafeRawBufferPointer(
          rebasing: records[from..<min(from + chunkBytes, records.count)])
        do throws(AEZipError) {
          outcome.results[index] = try encoder.encodeSmallest(chunk, mayDropModel: mayDrop)
        } catch {
          outcome.errors[index] = error
        }
      }
      for index in 0..<count {
        if let error = outcome.errors[index] { throw error }
        let result = outcome.results[index]!
        let from = base + index * chunkBytes
        let chunkRecords = min(chunkBytes, records.count - from) / layout.recordSize
        if let model, errors.count == model.places.count {
          let chunk = records[from..<from + chunkRecords * layout.recordSize]
          try model.addErrors(UnsafeRawBufferPointer(rebasing: chunk), kernels, to: &errors)
        }
        try sections.emit(.chunk, result.payload.bytes, records: chunkRecords)
        for field in 0..<tallies.count { tallies[field].add(result.tallies[field]) }
      }
      start += count * chunkBytes
    }
  }

  private func planModel(_ records: UnsafeRawBufferPointer) throws(AEZipError) {
    hasPlannedModel = true
    let first = min(records.count, recordsPerChunk * layout.recordSize)
    model = try ModelPlanner(
      layout: layout, bounds: bounds, effort: Effort(level: options.level), kernels: kernels,
      latents: options.latents,
      // A stream's length is not known: the model must pay within its first chunk.
      recordCount: expectedRecordCount ?? first / layout.recordSize, threads: threads
    ).plan(UnsafeRawBufferPointer(rebasing: records[..<first]))
    if let model { try emitModel(model, embedded: true) }
  }

  private func emitModel(_ model: RecordModel, embedded: Bool) throws(AEZipError) {
    try sections.emitPacked(
      .model, model.section(embedded: embedded, fieldCount: layout.fields.count))
    // One that was chosen unasked serves restoration alone.
    guard embedded, options.model != nil || options.latents != nil else { return }
    try sections.emitPacked(
      .encoder, ModelContent.encoder(model.model.network, model.model.precisions))
  }
}

/// The results of chunks that are coded at the same time, each written by one thread.
private final class ChunkBatch: @unchecked Sendable {
  let results: UnsafeMutableBufferPointer<ChunkEncoder.Result?>
  let errors: UnsafeMutableBufferPointer<AEZipError?>

  init(count: Int) {
    results = .allocate(capacity: count)
    results.initialize(repeating: nil)
    errors = .allocate(capacity: count)
    errors.initialize(repeating: nil)
  }

  deinit {
    results.deinitialize()
    results.deallocate()
    errors.deinitialize()
    errors.deallocate()
  }
}

extension FieldTally {
  /// Adds what the next chunk found out.
  mutating func add(_ next: FieldTally) {
    minimum = min(minimum, next.minimum)
    maximum = max(maximum, next.maximum)
    largestError = max(largestError, next.largestError)
    squaredErrors += next.squaredErrors
    missingCount += next.missingCount
    permitted = min(permitted, next.permitted)
    isDerived = next.isDerived
  }
}
