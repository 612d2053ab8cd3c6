import CPlatform

// The latents that a container keeps, read without restoring records.

extension ContainerReader {
  /// Numbers that the container's model keeps of a record; 0 if it has no model.
  public var latentCount: Int { model?.latentCount ?? 0 }

  /// Reads the latents of records. Of each chunk only these are unpacked and decoded.
  ///
  /// - Parameters:
  ///   - records: counted from the container's first.
  ///   - latents: `records.count` x ``latentCount``, as stored: rounded to the units of their codes.
  ///   - threads: 0: one per processor.
  /// - Throws: ``AEZipError/modelMismatch(_:)`` if the container has no model, and what reading
  ///   throws.
  public func readLatents(
    records: Range<Int>, into latents: UnsafeMutablePointer<Float>, threads: Int = 0
  ) throws(AEZipError) {
    try expectModel()
    guard records.lowerBound >= 0, records.upperBound <= recordCount else {
      throw .invalidArgument(
        "records up to # are asked for, but there are #", records.upperBound, recordCount)
    }
    let touched = chunks.filter {
      $0.firstRecord < records.upperBound && $0.firstRecord + $0.recordCount > records.lowerBound
    }
    let errors = ErrorList(count: touched.count)
    nonisolated(unsafe) let latents = latents
    nonisolated(unsafe) let reader = self
    parallelFor(touched.count, threads: threadCount(threads)) { index in
      do throws(AEZipError) {
        let chunk = touched[index]
        let wanted = records.clamped(
          to: chunk.firstRecord..<chunk.firstRecord + chunk.recordCount)
        try reader.readLatents(
          of: chunk, wanted,
          into: latents + (wanted.lowerBound - records.lowerBound) * reader.latentCount)
      } catch {
        errors[index] = error
      }
    }
    for index in 0..<touched.count {
      if let error = errors[index] { throw error }
    }
  }

  private func readLatents(
    of chunk: Chunk, _ wanted: Range<Int>, into latents: UnsafeMutablePointer<Float>
  ) throws(AEZipError) {
    let width = latentCount
    memset(latents, 0, wanted.count * width * 4)
    let payload = try source.payload(chunk.section)
    let start = chunk.firstRecord
    let isDone = try withExtendedLifetime(payload) { () throws(AEZipError) in
      try ChunkDecoder(layout: layout, kernels: kernels, model: model).decodeLatents(
        payload.bytes, recordCount: chunk.recordCount,
        target: ChunkDecoder.Target(
          output: UnsafeMutableRawPointer(latents), recordSize: 4 * width, offsets: List(),
          wanted: wanted.lowerBound - start..<wanted.upperBound - start))
    }
    guard !isDone else { return }
    // A chunk in which nothing varies keeps none: they follow from its records.
    let size = wanted.count * layout.recordSize
    let restored = try Memory<UInt8>(size)
    let bytes = UnsafeMutableRawBufferPointer(start: restored.base, count: size)
    try read(records: wanted, threads: 1, into: bytes)
    try withExtendedLifetime(restored) { () throws(AEZipError) in
      try encode(UnsafeRawBufferPointer(bytes), into: latents)
    }
  }

  /// The latents of other records, by the container's model: what to search for.
  ///
  /// - Parameters:
  ///   - records: whole records in the container's ``layout``.
  ///   - latents: a record's ``latentCount`` each.
  /// - Throws: ``AEZipError/modelMismatch(_:)`` if the container has no model.
  public func encode(
    _ records: UnsafeRawBufferPointer, into latents: UnsafeMutablePointer<Float>
  ) throws(AEZipError) {
    try expectModel()
    switch model! {
    case .linear(let model): model.encode(records, layout, into: latents)
    case .network(let model): try model.encode(records, into: latents, threads: 0)
    case .missing(let reference): throw reference.error
    }
  }

  private func expectModel() throws(AEZipError) {
    guard latentCount > 0 else {
      throw .modelMismatch("the container keeps no latents; compress with a number of latents")
    }
  }
}

extension LinearAutoencoder {
  /// z_k = sum over fields of v_kj * (x_j - mean_j) / scale_j; a missing value counts as the mean.
  func encode(
    _ records: UnsafeRawBufferPointer, _ layout: Layout, into latents: UnsafeMutablePointer<Float>
  ) {
    var z = [Double](repeating: 0, count: fields.count)
    for record in 0..<records.count / layout.recordSize {
      let base = records.baseAddress! + record * layout.recordSize
      for index in 0..<fields.count {
        let field = layout.fields[fields[index]]
        let value = (field.type.load(base + field.offset) - means[index]) / scales[index]
        z[index] = value.magnitude < 1e9 ? value : 0
      }
      for latent in 0..<latentCount {
        var sum = 0.0
        for index in 0..<fields.count { sum += components[latent][index] * z[index] }
        latents[record * latentCount + latent] = Float(sum)
      }
    }
  }
}
