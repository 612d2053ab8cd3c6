import CPlatform

/// The latents of a chunk: columns like those of fields, with their values.
struct Latents {
  var columns: [Column] = []
  var planes: List<Plane> = List()
  /// What the planes point to.
  var memory: Memory<Float>?
}

/// Chooses the latents of a chunk's records, and the units of their codes, by the bits that the
/// decoder's predictions leave of the fields.
///
/// The file holds latents and what the decoder makes of them; where they come from is the encoder's
/// affair. The model's encoder gives the first guess, Gauss and Newton improve it:
///
///     sum over fields of log(1 + r^2) falls,  r = (y - prediction) / multiple
///
/// by steps of least squares with weights 1 / (1 + r^2).
struct LatentPlanner {
  let model: RecordModel
  /// Of the fields, with their values.
  let columns: [Column]
  let planes: List<Plane>
  let strands: Strands
  let kernels: Kernels
  let effort: Effort
  /// Without bounds: how far rounding latents may move predictions, in the model's scales; nil:
  /// chosen.
  var roughness: Double?
  /// Whether principal components are to stay what the encoder makes of records, within half a code.
  var keepsLatents = false

  private var latentCount: Int { model.latentCount }
  private var isLinear: Bool { model.model.kind == .linear }

  func plan(_ records: UnsafeRawBufferPointer) throws(AEZipError) -> Latents {
    let count = latentCount
    let memory = try Memory<Float>(count * strands.planeCount)
    try encode(records, into: memory)
    let fit = try LatentFit(
      model.model, terms: model.terms(columns: columns), columns: columns, planes: planes,
      kernels: kernels)
    let spreads = self.spreads(memory)
    fit.deltas = spreads.map { Float(max(0.01 * $0.deviation, 1e-6)) }
    let rounds = rounds(fit)
    if rounds > 0 && (!isLinear || isFreeToMove(fit) && leavesLittle(memory, fit)) {
      for block in 0..<strands.blockCount {
        fit.load(memory.base, block, strands)
        for _ in 0..<rounds { fit.improve() }
        fit.store(memory.base, block, strands)
      }
    }
    return try latents(memory, fit)
  }

  /// Whether latents that take fewer bits may be others than the encoder's.
  private func isFreeToMove(_ fit: LatentFit) -> Bool { !keepsLatents && !fit.isFree }

  /// How often latents are improved: not where there are so many that it would take too long.
  private func rounds(_ fit: LatentFit) -> Int {
    guard fit.usedCount * latentCount <= LatentFit.mostSlopes else { return 0 }
    let work = strands.planeCount * fit.usedCount * latentCount * (latentCount + 16)
    let budget = effort.level >= 8 ? 1 << 36 : 1 << 34
    let wanted = [0, 0, 0, 1, 1, 2, 2, 3, 3, 4][effort.level]
    return min(wanted, budget / max(1, work))
  }

  /// Whether most codes will be 0, so that it is worth mending how far a few large ones pull principal
  /// components; elsewhere squares are what counts.
  private func leavesLittle(_ memory: Memory<Float>, _ fit: LatentFit) -> Bool {
    let blocks = min(strands.blockCount, 32)
    var bits = 0.0
    for index in 0..<blocks {
      fit.load(memory.base, strands.blockCount * index / blocks, strands)
      bits += fit.doubledBits() / 2
    }
    return bits < Self.mostBits * Double(64 * blocks * fit.usedCount)
  }

  /// Bits of a correction up to which codes are mostly 0.
  private static let mostBits = 0.25

  /// The encoder's latents, in the order of blocks; lanes without a record repeat the first one's.
  private func encode(
    _ records: UnsafeRawBufferPointer, into memory: Memory<Float>
  ) throws(AEZipError) {
    let count = latentCount
    let rows = try Memory<Float>(strands.recordCount * count)
    try model.encode(records, into: rows.base, threads: 1)
    for block in 0..<strands.blockCount {
      let active = strands.activeLanes(block)
      for lane in 0..<64 {
        let record = strands.firstRecord(lane: lane < active ? lane : 0) + block
        for latent in 0..<count {
          let value = rows[record * count + latent]
          memory[latent * strands.planeCount + block * 64 + lane] =
            value.magnitude < 1e30 ? value : 0
        }
      }
    }
  }

  private struct Spread {
    var mean: Double
    var deviation: Double
    var largest: Double
  }

  /// Of every latent over the chunk.
  private func spreads(_ memory: Memory<Float>) -> [Spread] {
    (0..<latentCount).map { latent in
      let z = memory.base + latent * strands.planeCount
      var (sum, squares) = (0.0, 0.0)
      for place in 0..<strands.planeCount { sum += Double(z[place]) }
      let mean = Double(Float(sum / Double(strands.planeCount)))
      var largest = 0.0
      for place in 0..<strands.planeCount {
        let d = Double(z[place]) - mean
        squares += d * d
        largest = max(largest, d.magnitude)
      }
      return Spread(
        mean: mean, deviation: (squares / Double(strands.planeCount)).squareRoot(),
        largest: largest)
    }
  }

  // MARK: - Units

  /// Columns with the units that take the fewest bits, latents and corrections together.
  ///
  ///     unit_k = factor / (what a unit of latent k moves predictions by, in codes)
  private func latents(_ memory: Memory<Float>, _ fit: LatentFit) throws(AEZipError) -> Latents {
    let spreads = self.spreads(memory)
    // Each block decodes once for every latent.
    let most = (1 << 32) / (64 * latentCount * model.model.network.shape.weightCount)
    let blocks = max(1, min(strands.blockCount, effort.level >= 7 ? 128 : 48, most))
    var sensitivity = [Double](repeating: 0, count: latentCount)
    for index in 0..<blocks {
      fit.load(memory.base, strands.blockCount * index / blocks, strands)
      fit.addSensitivity(&sensitivity)
    }
    var scales = (0..<latentCount).map { latent -> Double in
      let slope = (sensitivity[latent] / Double(64 * blocks)).squareRoot()
      let spread = spreads[latent]
      // Latents without influence take no bits; none takes more than codes can hold.
      let finest = max(spread.largest / 1e6, 1e-12)
      let coarsest = max(8 * spread.largest, 1e-6)
      return slope.isNormal ? max(finest, min(coarsest, 1 / slope)) : coarsest
    }
    // What coarser units of principal components lose, fields tell each other where they come after
    // each other.
    var best = isLinear && isFreeToMove(fit) ? 2 : 0
    if fit.isFree {
      // Rounding adds an eighth of a roughness squared for each latent: at most 5 % of the error.
      var left = 0.0
      for index in 0..<blocks {
        fit.load(memory.base, strands.blockCount * index / blocks, strands)
        left += fit.squares()
      }
      let chosen = (0.6 * left / Double(64 * blocks * latentCount)).squareRoot()
      let factor = max(roughness ?? chosen, 1e-4)
      scales = (0..<latentCount).map {
        max(spreads[$0].largest / 1e6, min(max(8 * spreads[$0].largest, 1e-6), scales[$0] * factor))
      }
    }
    var bestBits = fit.isFree ? 0 : try bits(0, scales, spreads, memory, fit, blocks)
    for direction in [1, -1] where best == 0 && !isLinear && !fit.isFree {
      var step = direction
      while step.magnitude <= 10 {
        let bits = try bits(step, scales, spreads, memory, fit, blocks)
        guard bits < bestBits else { break }
        (best, bestBits) = (step, bits)
        step += direction
      }
    }
    var result = Latents()
    result.memory = memory
    for latent in 0..<latentCount {
      let column = Column()
      column.unit = unit(best, scales[latent])
      column.origin = spreads[latent].mean
      result.columns.append(column)
      result.planes.append(
        Plane(float: memory.base + latent * strands.planeCount, double: nil))
    }
    return result
  }

  /// scale * 2^(step / 2), of few bits.
  private func unit(_ step: Int, _ scale: Double) -> Double {
    let half = step & 1 == 1 ? 1.4142135623730951 : 1
    let power = step >> 1
    let value = scale * half * (power < 0 ? 1 / exp2(-power) : exp2(power))
    return Double(bitPattern: value.bitPattern & ~((1 << 44) - 1))
  }

  /// Bits a record if latents have these units.
  private func bits(
    _ step: Int, _ scales: [Double], _ spreads: [Spread], _ memory: Memory<Float>,
    _ fit: LatentFit, _ blocks: Int
  ) throws(AEZipError) -> Double {
    let histograms = try Memory<Int>(256 * fit.usedCount, zeroed: true)
    var rawBits: Int64 = 0
    for index in 0..<blocks {
      fit.load(memory.base, strands.blockCount * index / blocks, strands)
      for latent in 0..<latentCount {
        fit.round(latent, origin: spreads[latent].mean, unit: unit(step, scales[latent]))
      }
      rawBits += fit.tally(histograms.base)
    }
    var total = Double(rawBits)
    for column in 0..<fit.usedCount {
      total += Entropy.bits(histograms.base + 256 * column, 256)
    }
    total /= Double(64 * blocks)
    for latent in 0..<latentCount {
      let deviation = spreads[latent].deviation
      total += Planner.bits(deviation * deviation, unit(step, scales[latent]))
    }
    return total
  }
}
