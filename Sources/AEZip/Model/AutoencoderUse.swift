import CPlatform

// What a model is used for: records to latents and back, errors, repaired records, new records.

extension Autoencoder {
  /// Whether records of a layout are this model's: as many fields, the same names where both have
  /// names.
  ///
  /// - Throws: ``AEZipError/modelMismatch(_:_:_:)`` that says which field.
  public func check(_ other: Layout) throws(AEZipError) {
    guard other.fields.count == fieldCount else {
      throw .modelMismatch(
        "the model has # fields, the records have #; give the model of these records", fieldCount,
        other.fields.count)
    }
    for index in 0..<fieldCount {
      let (a, b) = (layout.fields[index].nameBytes, other.fields[index].nameBytes)
      guard a.isEmpty || b.isEmpty || a == b else {
        throw .modelMismatch(
          "the model has another name for field #; give the model of these records", index)
      }
    }
  }

  /// Records to latents.
  ///
  /// - Parameters:
  ///   - latents: `recordCount` x ``latentCount``.
  ///   - threads: 0: one per processor.
  /// - Throws: ``AEZipError/modelMismatch(_:_:_:)``, ``AEZipError/bufferTooSmall(needed:available:)``.
  public func encode(
    _ records: UnsafeRawBufferPointer, layout: Layout,
    into latents: UnsafeMutableBufferPointer<Float>, threads: Int = 0
  ) throws(AEZipError) {
    let count = try recordCount(records, layout)
    try Self.check(latents.count, count, latentCount, 4)
    nonisolated(unsafe) let latents = latents
    try forEachBlock(count, threads) { (scratch: Scratch, first, lanes) in
      scratch.load(records, layout, self.standardizer, first, lanes, self.kernels)
      self.network.encodeBlock(scratch.fields.base, scratch.nodes.base, self.kernels)
      self.storeLatents(scratch, to: latents.baseAddress! + first * self.latentCount, lanes)
    }
  }

  /// Latents to records: values are rounded and clamped to the type of their field. Bytes that
  /// belong to no field are left as they are.
  ///
  /// - Throws: as ``encode(_:layout:into:threads:)``.
  public func decode(
    _ latents: UnsafeBufferPointer<Float>, into records: UnsafeMutableRawBufferPointer,
    layout: Layout, threads: Int = 0
  ) throws(AEZipError) {
    let count = try recordCount(UnsafeRawBufferPointer(records), layout)
    try Self.check(latents.count, count, latentCount, 4)
    nonisolated(unsafe) let latents = latents
    nonisolated(unsafe) let records = records
    try forEachBlock(count, threads) { (scratch: Scratch, first, lanes) in
      let plane = self.network.plane(self.network.shape.latent, scratch.nodes.base)
      for latent in 0..<self.latentCount {
        for lane in 0..<64 {
          plane[latent * 64 + lane] =
            latents[(first + min(lane, lanes - 1)) * self.latentCount + latent]
        }
      }
      self.network.decodeBlock(self.standardizer, scratch.nodes.base, self.kernels)
      scratch.store(
        self.network.plane(self.network.shape.last, scratch.nodes.base), self.standardizer,
        records.baseAddress! + first * layout.recordSize, layout, lanes, self.kernels)
    }
  }

  /// Mean squared errors of reconstruction in standardized units, missing values left out.
  ///
  /// - Parameters:
  ///   - perRecord: an error for each record; NaN if it has no values.
  ///   - perField: an error for each field over all records, or nil; NaN if it has no values.
  /// - Throws: as ``encode(_:layout:into:threads:)``.
  public func score(
    _ records: UnsafeRawBufferPointer, layout: Layout,
    into perRecord: UnsafeMutableBufferPointer<Double>,
    perField: UnsafeMutableBufferPointer<Double>? = nil, threads: Int = 0
  ) throws(AEZipError) {
    let count = try recordCount(records, layout)
    try Self.check(perRecord.count, count, 1, 8)
    if let perField { try Self.check(perField.count, fieldCount, 1, 8) }
    let tasks = (count + Self.recordsPerTask - 1) / Self.recordsPerTask
    // For each task and field, squares and counts.
    let sums = try Memory<Double>(perField == nil ? 0 : tasks * fieldCount * 2, zeroed: true)
    let hasFields = perField != nil
    nonisolated(unsafe) let perRecord = perRecord
    nonisolated(unsafe) let fieldSums = sums.base
    try forEachBlock(count, threads) { (scratch: Scratch, first, lanes) in
      scratch.load(records, layout, self.standardizer, first, lanes, self.kernels)
      self.network.encodeBlock(scratch.fields.base, scratch.nodes.base, self.kernels)
      self.network.decodeBlock(self.standardizer, scratch.nodes.base, self.kernels)
      let output = self.network.plane(self.network.shape.last, scratch.nodes.base)
      // Squares and counts of the block, then of one field.
      let lane = scratch.wide.base
      memset(lane, 0, 128 * 8)
      for field in 0..<self.fieldCount {
        let z = scratch.fields.base + 64 * field
        self.kernels.call.deviate(lane, lane + 64, z, output + 64 * field)
        guard hasFields else { continue }
        memset(lane + 128, 0, 128 * 8)
        self.kernels.call.deviate(lane + 128, lane + 192, z, output + 64 * field)
        let sum = fieldSums + (first / Self.recordsPerTask * self.fieldCount + field) * 2
        for index in 0..<lanes {
          sum[0] += lane[128 + index]
          sum[1] += lane[192 + index]
        }
      }
      for index in 0..<lanes { perRecord[first + index] = lane[index] / lane[64 + index] }
    }
    guard let perField else { return }
    for field in 0..<fieldCount {
      var (squares, values) = (0.0, 0.0)
      for task in 0..<tasks {
        squares += sums[(task * fieldCount + field) * 2]
        values += sums[(task * fieldCount + field) * 2 + 1]
      }
      perField[field] = squares / values
    }
  }

  /// What the model makes of records: noise is taken off, and missing values (NaN) are filled in.
  ///
  /// With `onlyMissing`, values that are there stay as they are. A missing value is first the mean,
  /// then what the model made of the record before, `iterations` times.
  /// - Throws: as ``encode(_:layout:into:threads:)``.
  public func reconstruct(
    _ records: UnsafeRawBufferPointer, layout: Layout, into output: UnsafeMutableRawBufferPointer,
    iterations: Int = 1, onlyMissing: Bool = false, threads: Int = 0
  ) throws(AEZipError) {
    let count = try recordCount(records, layout)
    try Self.check(output.count, count, layout.recordSize, 1)
    guard iterations >= 1, iterations <= 10_000 else {
      throw .invalidArgument("# iterations; give 1 to #", iterations, 10_000)
    }
    nonisolated(unsafe) let target = output
    try forEachBlock(count, threads) { (scratch: Scratch, first, lanes) in
      scratch.load(records, layout, self.standardizer, first, lanes, self.kernels)
      let fields = scratch.fields.base
      let input = scratch.nodes.base
      let result = self.network.plane(self.network.shape.last, input)
      let valueCount = 64 * self.fieldCount
      self.kernels.call.fill(input, fields, valueCount)
      for iteration in 0..<iterations {
        if iteration > 0 {
          for place in 0..<valueCount where fields[place].isNaN { input[place] = result[place] }
        }
        self.network.run(1..<self.network.shape.latent + 1, input, self.kernels)
        self.network.decodeBlock(self.standardizer, input, self.kernels)
      }
      let place = target.baseAddress! + first * layout.recordSize
      if onlyMissing {
        for index in 0..<lanes * layout.recordSize {
          (place + index).storeBytes(
            of: records[first * layout.recordSize + index], as: UInt8.self)
        }
      }
      scratch.store(
        result, self.standardizer, place, layout, lanes, self.kernels,
        where: onlyMissing ? fields : nil)
    }
  }

  /// Draws new records from a variational model: latents are normal.
  ///
  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` for other kinds, and as
  ///   ``decode(_:into:layout:threads:)``.
  public func sample(
    seed: UInt64, into records: UnsafeMutableRawBufferPointer, layout: Layout
  ) throws(AEZipError) {
    guard kind == .variational else {
      throw .invalidArgument("only variational models draw new records; train one of that kind")
    }
    let count = try recordCount(UnsafeRawBufferPointer(records), layout)
    let latents = try Memory<Float>(count * latentCount)
    let random = RandomStream(seed: seed, purpose: .sample)
    for index in 0..<count * latentCount { latents[index] = random.normal(UInt64(index)) }
    try decode(
      UnsafeBufferPointer(start: latents.base, count: latents.count), into: records,
      layout: layout)
  }

  // MARK: - Blocks

  /// Every so many records one thread; sums over them are added in their order.
  static let recordsPerTask = 4096

  private func recordCount(
    _ records: UnsafeRawBufferPointer, _ layout: Layout
  ) throws(AEZipError) -> Int {
    try check(layout)
    guard records.count % layout.recordSize == 0 else {
      throw .invalidArgument(
        "# bytes are no whole number of records of # bytes", records.count, layout.recordSize)
    }
    return records.count / layout.recordSize
  }

  private static func check(
    _ available: Int, _ count: Int, _ width: Int, _ size: Int
  ) throws(AEZipError) {
    let (needed, overflow) = count.multipliedReportingOverflow(by: width)
    guard !overflow, needed <= available else {
      throw .bufferTooSmall(needed: needed &* size, available: available &* size)
    }
  }

  private func storeLatents(
    _ scratch: Scratch, to target: UnsafeMutablePointer<Float>, _ lanes: Int
  ) {
    let plane = network.plane(network.shape.latent, scratch.nodes.base)
    for lane in 0..<lanes {
      for latent in 0..<latentCount {
        target[lane * latentCount + latent] = plane[latent * 64 + lane]
      }
    }
  }

  /// Runs `body` for every 64 records, each thread with its own scratch memory.
  private func forEachBlock(
    _ count: Int, _ threads: Int,
    _ body: @escaping (_ scratch: Scratch, _ first: Int, _ lanes: Int) -> Void
  ) throws(AEZipError) {
    let tasks = (count + Self.recordsPerTask - 1) / Self.recordsPerTask
    let workers = max(1, min(threadCount(threads), tasks))
    var scratches: [Scratch] = []
    for _ in 0..<workers { scratches.append(try Scratch(network)) }
    nonisolated(unsafe) let pool = scratches
    nonisolated(unsafe) let body = body
    parallelFor(workers, threads: workers) { worker in
      var task = worker
      while task < tasks {
        var first = task * Self.recordsPerTask
        let end = min(count, first + Self.recordsPerTask)
        while first < end {
          body(pool[worker], first, min(64, end - first))
          first += 64
        }
        task += workers
      }
    }
  }
}

/// What one thread needs to apply a network to a block.
final class Scratch {
  /// All nodes of the network.
  let nodes: Memory<Float>
  /// Standardized fields; NaN for missing values.
  let fields: Memory<Float>
  let wide: Memory<Double>

  private init(_ nodes: Memory<Float>, _ fields: Memory<Float>, _ wide: Memory<Double>) {
    self.nodes = nodes
    self.fields = fields
    self.wide = wide
  }

  convenience init(_ network: Network) throws(AEZipError) {
    self.init(
      try Memory(network.scratchCount), try Memory(64 * network.shape.fieldCount), try Memory(256))
  }

  /// Standardizes up to 64 records; lanes without one repeat the last.
  func load(
    _ records: UnsafeRawBufferPointer, _ layout: Layout, _ standardizer: Standardizer,
    _ first: Int, _ lanes: Int, _ kernels: Kernels
  ) {
    let base = records.baseAddress! + first * layout.recordSize
    for index in 0..<layout.fields.count {
      layout.fields[index].type.loadBlock(
        base + layout.fields[index].offset, stride: layout.recordSize, lanes: lanes,
        into: wide.base, kernels)
      kernels.call.standardize(
        fields.base + 64 * index, wide.base, standardizer.mean(index),
        1 / standardizer.scales[index])
    }
  }

  /// Standardized fields to records; the inverse of ``load``.
  ///
  /// - Parameter missing: if given, only values that are NaN in it are stored.
  func store(
    _ z: UnsafePointer<Float>, _ standardizer: Standardizer, _ records: UnsafeMutableRawPointer,
    _ layout: Layout, _ lanes: Int, _ kernels: Kernels, where missing: UnsafePointer<Float>? = nil
  ) {
    for index in 0..<layout.fields.count {
      let field = layout.fields[index]
      for lane in 0..<lanes {
        let place = 64 * index + lane
        if let missing, !missing[place].isNaN { continue }
        field.type.store(
          standardizer.mean(index) + standardizer.scales[index] * Double(z[place]),
          to: records + (lane * layout.recordSize + field.offset))
      }
    }
  }
}

extension ElementType {
  /// 64 values as Double, rounded for wide integers; lanes from `lanes` on repeat the last one.
  func loadBlock(
    _ source: UnsafeRawPointer, stride: Int, lanes: Int, into out: UnsafeMutablePointer<Double>,
    _ kernels: Kernels
  ) {
    var places = aezk_places()
    places.record_size = stride
    places.strand = 1
    places.lanes = lanes
    places.blocks = 1
    if isWideInteger {
      for lane in 0..<lanes { out[lane] = load(source + lane * stride) }
    } else {
      // Floats go to the upper half, which is not written before it is read.
      var cell = aezk_cell(values: usesFloatPlane ? out + 64 : out, offset: 0, origin: 0)
      kernels.call.gather(source, &cell, 1, Int32(rawValue), &places)
    }
    if usesFloatPlane {
      let float = UnsafeMutableRawPointer(out + 64).assumingMemoryBound(to: Float.self)
      for lane in lanes..<64 { float[lane] = 0 }
      kernels.call.widen(out, float)
    }
    for lane in lanes..<64 { out[lane] = out[lanes - 1] }
  }
}
