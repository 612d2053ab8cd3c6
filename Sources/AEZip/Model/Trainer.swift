import CPlatform

/// Takes records as they come, and trains an autoencoder on them, or on a sample of bounded size.
public final class Trainer {
  private let layout: Layout
  private let options: TrainingOptions
  private let mostRecords: Int
  private let records: ByteBuffer
  /// Records that were added.
  public private(set) var recordCount = 0
  private let random: RandomStream

  private init(
    _ layout: Layout, _ options: TrainingOptions, mostRecords: Int, records: ByteBuffer
  ) {
    self.layout = layout
    self.options = options
    self.mostRecords = mostRecords
    self.records = records
    random = RandomStream(seed: options.seed, purpose: .reservoir)
  }

  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` naming the option.
  public convenience init(layout: Layout, options: TrainingOptions) throws(AEZipError) {
    try options.validate(fieldCount: layout.fields.count)
    let chosen = max(4096, (256 << 20) / max(layout.recordSize, 4 * layout.fields.count))
    self.init(
      layout, options,
      mostRecords: options.maximumRecords > 0 ? options.maximumRecords : chosen,
      records: try ByteBuffer())
  }

  /// Adds whole records. Once there are `maximumRecords`, each further one takes the place of
  /// another, so that all are as likely to stay (Vitter's algorithm R, 1985).
  ///
  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` if the size is no multiple of the record
  ///   size; ``AEZipError/outOfMemory(bytes:)``.
  public func add(_ more: UnsafeRawBufferPointer) throws(AEZipError) {
    let size = layout.recordSize
    guard more.count % size == 0 else {
      throw .invalidArgument(
        "# bytes are no whole number of records of # bytes", more.count, size)
    }
    let count = more.count / size
    let whole = min(count, max(0, mostRecords - recordCount))
    try records.append(UnsafeRawBufferPointer(rebasing: more[..<(whole * size)]))
    for index in whole..<max(whole, count) {
      let seen = recordCount + index
      let place = random.integer(UInt64(seen), below: seen + 1)
      guard place < mostRecords else { continue }
      memcpy(records.base + place * size, more.baseAddress! + index * size, size)
    }
    recordCount += count
  }

  /// Trains on what was added.
  ///
  /// - Parameter progress: called after each epoch; false stops.
  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` if there are too few records, or values
  ///   that the loss does not permit; ``AEZipError/outOfMemory(bytes:)``, ``AEZipError/cancelled``.
  public func finish(
    progress: ((TrainingProgress) -> Bool)? = nil
  ) throws(AEZipError) -> Autoencoder {
    let kernels = Kernels()
    guard records.count >= 2 * layout.recordSize else {
      throw .invalidArgument("# records; a model needs 2 or more", recordCount)
    }
    let data = try TrainingData(records.bytes, layout: layout, options: options, kernels: kernels)
    var plan = try TrainingPlan(options, data, recordCount: recordCount, kernels: kernels)
    let network = try Network.empty(plan.shape)
    var history = [EpochLoss]()
    if plan.isClosedForm {
      plan.components!.fill(network, data, normalized: false)
    } else {
      history = try plan.descend(network, data, progress: progress, kernels: kernels)
    }
    plan.components = nil
    let model = try data.finished(
      network, layout: layout, options: options,
      recordCount: max(recordCount, options.servedCount), history: history, kernels: kernels)
    let bounds = options.bounds
    return try ModelPlan.encode(records.bytes, layout: layout, bounds: bounds, kernels: kernels)
      .map { model.with($0) } ?? model
  }
}
