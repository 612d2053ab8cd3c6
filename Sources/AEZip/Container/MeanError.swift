import CPlatform

/// How fields without a bound reach a mean error: with bounds, or with latents alone.
struct MeanErrorWay {
  /// Of all fields; infinity where latents tell the values.
  var bounds: [Double]
  var model: RecordModel?
  /// See ``LatentPlanner/roughness``.
  var roughness: Double?
}

/// Finds the way, and how fine it must be, that reaches a root mean squared error over the spread of
/// the fields in the fewest bytes:
///
///     error = sqrt(mean over fields without a bound of (rmse / deviation)^2)
///
/// Found on a sample, then adjusted by what came out.
struct MeanErrorSearch {
  let records: UnsafeRawBufferPointer
  let layout: Layout
  let ranges: FieldRanges
  let options: CompressionOptions
  let wanted: Double
  let kernels = Kernels()
  /// Standard deviations of the fields without a bound; 0 for others, and for those that have none.
  private var deviations: [Double] = []
  /// Bounds of the fields that have one.
  private var bounds: [Double] = []

  init(
    _ records: UnsafeRawBufferPointer, layout: Layout, ranges: FieldRanges,
    options: CompressionOptions, wanted: Double
  ) {
    self.records = records
    self.layout = layout
    self.ranges = ranges
    self.options = options
    self.wanted = wanted
    for index in 0..<layout.fields.count {
      let field = layout.fields[index]
      var (bound, deviation) = (0.0, 0.0)
      if field.bound == .free {
        deviation = spread(field)
      } else {
        bound = FieldStatistics.absolute(
          field.bound, minimum: ranges.minima[index], maximum: ranges.maxima[index],
          range: ranges.span(index))
      }
      bounds.append(bound)
      deviations.append(deviation)
    }
  }

  /// Of the finite values of all records; 0 if that is no normal number.
  private func spread(_ field: Field) -> Double {
    var (mean, squares, count) = (0.0, 0.0, 0.0)
    for pass in 0..<2 {
      var place = records.baseAddress.map { $0 + field.offset }
      for _ in 0..<records.count / layout.recordSize {
        let x = field.type.load(place!)
        place! += layout.recordSize
        guard x.magnitude < 1e140 else { continue }
        if pass == 0 {
          count += 1
          mean += (x - mean) / count
        } else {
          squares += (x - mean) * (x - mean)
        }
      }
    }
    let deviation = (squares / max(1, count)).squareRoot()
    return deviation.isNormal ? deviation : 0
  }

  // MARK: - Ways

  private func bounded(_ share: Double) -> MeanErrorWay {
    var way = MeanErrorWay(bounds: bounds)
    for index in 0..<bounds.count where deviations[index] > 0 {
      way.bounds[index] = share * deviations[index]
    }
    return way
  }

  private func latent(_ model: RecordModel, _ roughness: Double) -> MeanErrorWay {
    var way = MeanErrorWay(bounds: bounds, model: model, roughness: roughness)
    for place in model.places where deviations[place] > 0 { way.bounds[place] = .infinity }
    return way
  }

  /// The error of statistics, or of sums of squares over a sample.
  private func error(_ meanSquare: (Int) -> Double) -> Double {
    var (sum, count) = (0.0, 0.0)
    for index in 0..<deviations.count where deviations[index] > 0 {
      sum += meanSquare(index) / (deviations[index] * deviations[index])
      count += 1
    }
    return count > 0 ? (sum / count).squareRoot() : 0
  }

  /// Follows `error(of: x)`, which grows with x, to the error wanted.
  private func solve(
    from start: Double, steps: Int, tolerance: Double,
    _ error: (Double) throws(AEZipError) -> Double
  ) throws(AEZipError) -> (x: Double, error: Double) {
    var (x, best) = (start, (x: start, error: Double.infinity))
    var (lastX, lastError, slope) = (0.0, 0.0, 1.0)
    for step in 0..<steps {
      let found = try error(x)
      if distance(found) < distance(best.error) { best = (x, found) }
      if distance(found) < tolerance || !(found > 0) { break }
      if step > 0 && x != lastX {
        let change = Entropy.log2(found / lastError) / Entropy.log2(x / lastX)
        if change.isFinite { slope = max(0.15, min(2, change)) }
      }
      (lastX, lastError) = (x, found)
      let power = max(-3, min(3, Entropy.log2(wanted / found) / slope))
      x *= Self.exponential2(power)
    }
    return best
  }

  private func distance(_ error: Double) -> Double {
    error.isFinite ? (error / wanted - 1).magnitude : .infinity
  }

  /// 2^x for small x, by the series of the exponential function.
  private static func exponential2(_ x: Double) -> Double {
    var (term, sum) = (1.0, 1.0)
    for n in 1..<30 {
      term *= x * 0.6931471805599453 / Double(n)
      sum += term
    }
    return max(sum, 1e-3)
  }

  // MARK: - On a sample

  /// Runs of consecutive records, spread over all.
  private func sample() throws(AEZipError) -> ByteBuffer {
    let size = layout.recordSize
    let count = records.count / size
    let sample = try ByteBuffer()
    let (runs, length) = count <= 16384 ? (1, count) : (16, 1024)
    for run in 0..<runs {
      let first = (count - length) * run / max(1, runs - 1)
      try sample.append(
        UnsafeRawBufferPointer(rebasing: records[first * size..<(first + length) * size]))
    }
    return sample
  }

  private func attempt(
    _ sample: ByteBuffer, _ way: MeanErrorWay
  ) throws(AEZipError) -> (bytes: Int, error: Double) {
    let result = try ChunkEncoder(
      layout: layout, bounds: way.bounds, level: options.level, kernels: kernels,
      model: way.model, roughness: way.roughness
    ).encode(sample.bytes)
    let count = sample.count / layout.recordSize
    return (
      result.payload.count,
      error {
        result.tallies[$0].squaredErrors / Double(max(1, count - result.tallies[$0].missingCount))
      }
    )
  }

  /// The models that might do: the given one, or principal components, as few as leave the error.
  private func models(_ sample: ByteBuffer) throws(AEZipError) -> [RecordModel] {
    if let given = options.model { return [try RecordModel(given, layout: layout)] }
    if options.latents == 0 { return [] }
    var free = bounds
    for index in 0..<free.count { free[index] = deviations[index] > 0 ? .infinity : 0 }
    let planner = ModelPlanner(
      layout: layout, bounds: free, effort: Effort(level: options.level), kernels: kernels,
      latents: options.latents, recordCount: records.count / layout.recordSize)
    let fields = layout.fields.indices.filter { deviations[$0] > 0 }
    guard fields.count >= 2, fields.count <= 1024,
      let moments = try planner.standardize(sample.bytes, fields)
    else { return [] }
    let eigen = SymmetricEigen(moments.covariance, size: moments.fields.count)
    if let latents = options.latents { return [try planner.components(moments, eigen, latents)] }
    var left = eigen.values.reduce(0, +)
    let most = 0.9 * wanted * wanted * Double(moments.fields.count)
    var count = 0
    while count < moments.fields.count && left > most {
      left -= eigen.values[count]
      count += 1
    }
    var models = [try planner.components(moments, eigen, max(1, count))]
    let more = count + (count + 3) / 4
    if more <= moments.fields.count && count > 0 {
      models.append(try planner.components(moments, eigen, more))
    }
    return models
  }

  /// Compresses all records.
  func compress(write: @escaping (UnsafeRawBufferPointer) -> Bool) throws(AEZipError) {
    let sample = try sample()
    let scale = Double(records.count) / Double(max(1, sample.count))
    var start = wanted * 1.7320508
    var model: RecordModel?
    if sample.count > 0 {
      var bytes = 0
      let found = try solve(from: start, steps: 6, tolerance: 0.02) { (x) throws(AEZipError) in
        let result = try attempt(sample, bounded(x))
        bytes = result.bytes
        return result.error
      }
      start = found.x
      var least = Double(bytes) * scale
      for candidate in try models(sample) {
        let found = try solve(from: wanted, steps: 6, tolerance: 0.02) { (x) throws(AEZipError) in
          let result = try attempt(sample, latent(candidate, x))
          bytes = result.bytes
          return result.error
        }
        let total =
          Double(bytes) * scale + Double(try candidate.packedSize())
        guard distance(found.error) < 0.05, total < least else { continue }
        (model, start, least) = (candidate, found.x, total)
      }
    }
    var kept: ByteBuffer?
    var nearest = Double.infinity
    _ = try solve(from: start, steps: 5, tolerance: 0.03) { (x) throws(AEZipError) in
      let container = try ByteBuffer()
      let writer = try ContainerWriter(
        layout: layout, ranges: ranges, options: options,
        way: model.map { latent($0, x) } ?? bounded(x),
        write: { (try? container.append($0)) != nil })
      try writer.appendAll(records)
      try writer.finish()
      let found = error { writer.statistics[$0].rmse * writer.statistics[$0].rmse }
      if kept == nil || distance(found) < nearest { (kept, nearest) = (container, distance(found)) }
      return found
    }
    guard write(kept!.bytes) else { throw .inputOutput("writing the container") }
  }
}
