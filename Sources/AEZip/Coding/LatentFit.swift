import CPlatform

/// How well the decoder predicts one block of records from its latents, and better latents.
final class LatentFit {
  private let model: Autoencoder
  private let kernels: Kernels
  private let terms: ModelTerms
  private let columns: [Column]
  private let planes: List<Plane>
  /// The columns that the model knows.
  private let used: [Int]
  /// What a code unit of these counts: a share of a code, or, without a bound, of the model's scale.
  private let factors: [Double]
  private let latentCount: Int
  /// By how much a latent moves for a derivative.
  var deltas: [Float] = []

  private let nodes: Memory<Float>
  /// Of the block: latents, values in code units, what the decoder leaves of them, in codes.
  private let z: Memory<Float>
  private let y: Memory<Double>
  private let r: Memory<Double>
  private let trial: Memory<Double>
  /// For each latent and column the derivatives of predictions, in codes; of one latent at a time
  /// if there are many.
  private let slopes: Memory<Double>
  private let costs: Memory<Double>
  private var equations: NormalEquations

  var usedCount: Int { used.count }
  /// Columns times latents up to which ``improve()`` has memory to work in.
  static let mostSlopes = 1 << 15

  private init(
    _ model: Autoencoder, _ terms: ModelTerms, _ columns: [Column], _ planes: List<Plane>,
    _ used: [Int], _ kernels: Kernels, _ nodes: Memory<Float>, _ z: Memory<Float>,
    _ doubles: [Memory<Double>], _ equations: NormalEquations
  ) {
    self.model = model
    self.terms = terms
    self.columns = columns
    self.planes = planes
    self.used = used
    factors = used.map { index in
      let column = columns[index]
      guard column.isFree else { return 1 / column.multiple }
      return column.unit / column.scale / model.standardizer.scales[terms.outputs[index]]
    }
    self.kernels = kernels
    latentCount = model.latentCount
    self.nodes = nodes
    self.z = z
    y = doubles[0]
    r = doubles[1]
    trial = doubles[2]
    slopes = doubles[3]
    costs = doubles[4]
    self.equations = equations
  }

  convenience init(
    _ model: Autoencoder, terms: ModelTerms, columns: [Column], planes: List<Plane>,
    kernels: Kernels
  ) throws(AEZipError) {
    let used = columns.indices.filter { terms.outputs[$0] >= 0 }
    let size = 64 * max(1, used.count)
    var doubles: [Memory<Double>] = []
    let mayImprove = used.count * model.latentCount <= Self.mostSlopes
    for count in [size, size, size, mayImprove ? size * model.latentCount : size, 128] {
      doubles.append(try Memory(count))
    }
    self.init(
      model, terms, columns, planes, used, kernels, try Memory(model.network.scratchCount),
      try Memory(64 * model.latentCount), doubles, try NormalEquations(most: model.latentCount))
  }

  // MARK: - A block

  /// Takes a block's latents and values.
  func load(_ latents: UnsafePointer<Float>, _ block: Int, _ strands: Strands) {
    for latent in 0..<latentCount {
      memcpy(
        z.base + 64 * latent, latents + (latent * strands.planeCount + block * 64), 256)
    }
    for index in 0..<used.count {
      let column = columns[used[index]]
      let plane = planes[used[index]]
      let target = y.base + 64 * index
      if let x = plane.float {
        kernels.call.load_f32_f64(
          target, x + block * 64, column.scale, column.origin, 1 / column.unit, 0)
      } else {
        kernels.call.load_f64_f64(
          target, plane.double! + block * 64, column.scale, column.origin, 1 / column.unit, 0)
      }
    }
  }

  func store(_ latents: UnsafeMutablePointer<Float>, _ block: Int, _ strands: Strands) {
    for latent in 0..<latentCount {
      memcpy(
        latents + (latent * strands.planeCount + block * 64), z.base + 64 * latent, 256)
    }
  }

  /// Rounds a latent as its codes would.
  func round(_ latent: Int, origin: Double, unit: Double) {
    for place in 64 * latent..<64 * latent + 64 {
      z[place] = Float(origin + unit * nearest((Double(z[place]) - origin) / unit))
    }
  }

  /// What the decoder leaves of the values, in codes; 0 for what no code can tell.
  private func decode(into r: Memory<Double>) {
    let network = model.network
    memcpy(network.plane(network.shape.latent, nodes.base), z.base, 256 * latentCount)
    network.decodeBlock(model.standardizer, nodes.base, kernels)
    let outputs = network.plane(network.shape.last, nodes.base)
    for index in 0..<used.count {
      let term = terms.decode[used[index]]
      let output = outputs + 64 * terms.outputs[used[index]]
      let (a, b, inverse) = (term[0], term[1], factors[index])
      let (from, to) = (y.base + 64 * index, r.base + 64 * index)
      for lane in 0..<64 {
        let left = (from[lane] - (a + b * Double(output[lane]))) * inverse
        to[lane] = left.magnitude < 1e9 ? left : 0
      }
    }
  }

  /// Whether no field has a bound.
  var isFree: Bool { used.allSatisfy { columns[$0].isFree } }

  /// The sum of squares of what is left of all columns and lanes.
  func squares() -> Double {
    decode(into: r)
    var sum = 0.0
    for place in 0..<64 * used.count { sum += r[place] * r[place] }
    return sum
  }

  /// About twice the bits of corrections, all lanes together.
  func doubledBits() -> Double {
    decode(into: r)
    measure(r, into: costs.base)
    var sum = 0.0
    for lane in 0..<64 { sum += costs[lane] }
    return sum
  }

  /// Codes of the corrections, by their symbols.
  func tally(_ histograms: UnsafeMutablePointer<Int>) -> Int64 {
    decode(into: r)
    var rawBits: Int64 = 0
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 64) { codes in
      for index in 0..<used.count {
        for lane in 0..<64 { codes[lane] = Int32(nearest(r[64 * index + lane])) }
        rawBits += kernels.call.tally(
          codes.baseAddress, nil, 64, histograms + 256 * index, nil, nil)
      }
    }
    return rawBits
  }

  // MARK: - Better latents

  /// About twice the bits of corrections, a lane each.
  private func measure(_ r: Memory<Double>, into costs: UnsafeMutablePointer<Double>) {
    for lane in 0..<64 { costs[lane] = 0 }
    for index in 0..<used.count {
      for lane in 0..<64 {
        let x = r[64 * index + lane]
        costs[lane] += Entropy.log2(1 + x * x)
      }
    }
  }

  /// Derivatives of all predictions by a latent, in codes, by differences from ``r``.
  private func differentiate(_ latent: Int, into slope: UnsafeMutablePointer<Double>) {
    let size = 64 * used.count
    let delta = deltas[latent]
    let block = z.base + 64 * latent
    for lane in 0..<64 { block[lane] += delta }
    decode(into: trial)
    for lane in 0..<64 { block[lane] -= delta }
    let inverse = 1 / Double(delta)
    for place in 0..<size { slope[place] = (r[place] - trial[place]) * inverse }
  }

  /// Adds, for each latent, the squares of its derivatives over all columns and lanes.
  func addSensitivity(_ sums: inout [Double]) {
    decode(into: r)
    for latent in 0..<latentCount {
      differentiate(latent, into: slopes.base)
      for place in 0..<64 * used.count { sums[latent] += slopes[place] * slopes[place] }
    }
  }

  /// One step, kept in the lanes where it saves bits.
  func improve() {
    decode(into: r)
    for latent in 0..<latentCount {
      differentiate(latent, into: slopes.base + 64 * used.count * latent)
    }
    measure(r, into: costs.base)
    let old = [Float](UnsafeBufferPointer(start: z.base, count: 64 * latentCount))
    let size = 64 * used.count
    for lane in 0..<64 {
      equations.clear(latentCount)
      let (matrix, right) = (equations.matrix, equations.right)
      for index in 0..<used.count {
        let place = 64 * index + lane
        let weight = 1 / (1 + r[place] * r[place])
        for a in 0..<latentCount {
          let slope = slopes[a * size + place] * weight
          right[a] += slope * r[place]
          for b in 0...a { matrix[a * latentCount + b] += slope * slopes[b * size + place] }
        }
      }
      guard equations.solve(damping: 1e-3) else { continue }
      for latent in 0..<latentCount where right[latent].magnitude < 1e6 {
        z[64 * latent + lane] += Float(right[latent])
      }
    }
    decode(into: trial)
    measure(trial, into: costs.base + 64)
    for lane in 0..<64 where !(costs[64 + lane] < costs[lane]) {
      for latent in 0..<latentCount { z[64 * latent + lane] = old[64 * latent + lane] }
    }
  }
}
