import CPlatform

/// Decides on the first records whether an autoencoder pays for itself, principal components or, at
/// the highest level, a network trained on the spot, and with how many latents; by total bytes, the
/// model's included.
struct ModelPlanner {
  let layout: Layout
  let bounds: [Double]
  let effort: Effort
  let kernels: Kernels
  /// As asked; nil: choose.
  let latents: Int?
  /// How many records the model will serve, as far as is known.
  let recordCount: Int
  var threads = 1

  func plan(_ records: UnsafeRawBufferPointer) throws(AEZipError) -> RecordModel? {
    if latents == 0 { return nil }
    let fields = layout.fields.indices.filter { bounds[$0] > 0 }
    guard fields.count >= (latents == nil ? 2 : 1),
      records.count >= (latents == nil ? 64 : 2) * layout.recordSize
    else { return nil }
    guard latents != nil || fields.count <= effort.mostModelFields else { return nil }
    guard let moments = try standardize(records, fields) else { return nil }
    let eigen = SymmetricEigen(moments.covariance, size: moments.fields.count)
    if let latents { return try components(moments, eigen, latents) }

    // Candidates by estimate, then the real bytes of a part of the records.
    let direct = causalBits(moments.covariance, moments.fields.count)
    var best = 0
    var bestBits = direct * 1.05
    var latentCount = 1
    while latentCount <= moments.fields.count / 2 {
      let bits = latentBits(moments.covariance, eigen, moments.fields.count, latentCount)
      if bits < bestBits { (best, bestBits) = (latentCount, bits) }
      latentCount = latentCount < 4 ? latentCount + 1 : latentCount * 5 / 4
    }
    let trains = effort.trainsNetworks && mayTrain(records, moments.fields.count)
    // Where many codes are 0 that is a poor estimate, and what a few latents take is tried.
    let isLoose = direct < 2 * Double(moments.fields.count * recordCount)
    var counts = effort.level >= 9 ? [4, 16] : []
    if effort.level >= 7 && isLoose && moments.fields.count >= 16 { counts = [1, 2] + counts }
    guard best > 0 || effort.level >= 9 || !counts.isEmpty else { return nil }
    let count = records.count / layout.recordSize
    let part = count <= 2 * effort.modelRaceRecords ? count : effort.modelRaceRecords
    let without = try cost(records, part, nil)
    // Part of the records promise a little more or less than all of them keep.
    var winner: RecordModel?
    var least = part < recordCount ? 0.98 * without : without
    if !counts.isEmpty {
      let few = isLoose ? part : min(part, 2048)
      var lowest = try cost(records, few, nil, level: 5) * 1.02
      for latentCount in [best] + counts where latentCount > 0 && 2 * latentCount <= fields.count {
        let candidate = try components(moments, eigen, latentCount)
        let bytes = try cost(records, few, candidate, level: 5)
        if bytes < lowest { (best, lowest) = (latentCount, bytes) }
      }
    }
    if best > 0 {
      let candidate = try components(moments, eigen, best)
      let bytes = try cost(records, part, candidate)
      if bytes < least { (winner, least) = (candidate, bytes) }
    }
    if trains, let candidate = try network(records, moments.fields, without: without) {
      let bytes = try cost(records, part, candidate)
      if bytes < least { winner = candidate }
    }
    return winner
  }

  /// Bytes that all records will take, the model's included, judged by the first `part`.
  func cost(
    _ records: UnsafeRawBufferPointer, _ part: Int, _ model: RecordModel?, level: Int? = nil
  ) throws(AEZipError) -> Double {
    let sample = UnsafeRawBufferPointer(rebasing: records[..<(part * layout.recordSize)])
    let bytes = try ChunkEncoder(
      layout: layout, bounds: bounds, level: level ?? effort.level, kernels: kernels, model: model
    ).encode(sample).payload.count
    return Double(bytes) * Double(recordCount) / Double(part) + Double(try model?.packedSize() ?? 0)
  }

  /// Principal components of fields in units of twice their bound, so that they serve the fields in
  /// proportion to the bits that these need, as a network without hidden layers:
  ///
  ///     z_k = sum over fields of v_kj * (x_j - mean_j) / (2 bound_j) / common      latents
  func components(
    _ moments: Moments, _ eigen: SymmetricEigen, _ wanted: Int
  ) throws(AEZipError) -> RecordModel {
    let count = moments.fields.count
    let latentCount = min(wanted, LinearAutoencoder.mostLatents(fieldCount: count))
    var standardizer = Standardizer()
    var common = 0.0
    for index in 0..<count {
      let deviation = moments.covariance[index * count + index].squareRoot() * moments.scales[index]
      standardizer.append(mean: moments.means[index], deviation: deviation, isBinary: false)
      let ratio = standardizer.scales[index] / moments.scales[index]
      common += min(ratio, 1e12) * min(ratio, 1e12) / Double(count)
    }
    // Weights of 16 bits reach 65504.
    common = max(1, common.squareRoot() / 4096)
    let network = try Network.empty(
      NetworkShape(
        fieldCount: count, encoder: [], latentCount: latentCount, decoder: [],
        activations: [.identity], encoderSkip: false, decoderSkip: false))
    let shape = network.shape
    let (into, out) = (shape.edges[0].place, shape.edges[1].place)
    // Numbers that move predictions by little of a code are as good with few bits, which take few.
    let isFree = moments.fields.contains { bounds[$0] == .infinity }
    let tolerance = max(0.003, min(0.05, (8 / Double(recordCount)).squareRoot()))
    for index in 0..<count {
      let scale = standardizer.scales[index]
      let ratio = scale / moments.scales[index] / common
      let bias = (moments.means[index] - standardizer.mean(index)) / scale
      // Fields that Float cannot stand for have no part.
      guard ratio > 1e-6, ratio < 1e6, bias.magnitude < 1e6 else { continue }
      let codes = scale / moments.scales[index]
      network.biases[shape.places[2] + index] = Float(isFree ? bias : rounded(bias, codes * 16))
      let factor = Float(bitPattern: Float(ratio * ratio).bitPattern & ~0x7FFF)
      for latent in 0..<latentCount {
        let exact = eigen.vectors[latent][index] / ratio
        let deviation = max(1e-9, eigen.values[latent]).squareRoot()
        let weight = single(
          half: halfBits(Float(isFree ? exact : rounded(exact, ratio * deviation / tolerance))))
        network.weights[out + index * latentCount + latent] = weight
        network.weights[into + latent * count + index] = weight * factor
        network.biases[shape.places[1] + latent] -= weight * factor * Float(bias)
      }
    }
    let nothing = EpochLoss(train: .nan, validation: .nan)
    let model = Autoencoder(
      kind: .linear, layout: try RecordModel.view(moments.fields, layout),
      standardizer: standardizer, network: network, precisions: [.tied, .half], history: [],
      finalLoss: nothing, recordCount: 0)
    return try RecordModel(model, places: moments.fields, layout: layout)
  }

  /// What a weight, and what the rest of a field, takes in the file, about.
  private static let (weightBits, fieldBits) = (7.0, 64.0)

  /// A number whose multiple by `scale`, or the power of 2 above, is whole.
  private func rounded(_ x: Double, _ scale: Double) -> Double {
    let power = exp2(Int(Entropy.log2(max(1, scale)) + 1))
    return nearest(x * power) / power
  }

  struct Moments {
    var fields: [Int]
    var means: [Double]
    var scales: [Double]
    var covariance: [Double]
  }

  /// Second moments of fields in units of twice their bound, from records spread over the input;
  /// missing values count as the mean. Fields that do not vary are left out.
  func standardize(
    _ records: UnsafeRawBufferPointer, _ fields: [Int]
  ) throws(AEZipError) -> Moments? {
    let count = records.count / layout.recordSize
    let rows = min(count, max(latents == nil ? effort.modelRows : 4096, 4 * fields.count))
    let values = try Memory<Double>(rows * fields.count)
    var kept: [Int] = []
    var means: [Double] = []
    var scales: [Double] = []
    var columns: [Int] = []
    for index in 0..<fields.count {
      let field = layout.fields[fields[index]]
      var unit = 2 * bounds[fields[index]]
      let column = values.base + index * rows
      var sum = 0.0
      var finite = 0
      // Fields without a bound count by their spread.
      if unit == .infinity { unit = spread(records, field, rows) }
      for row in 0..<rows {
        let record = count * row / rows
        let value = field.type.load(
          records.baseAddress! + (record * layout.recordSize + field.offset))
        column[row] = value
        if (value / unit).magnitude < 1e9 {
          sum += value / unit
          finite += 1
        }
      }
      guard finite > 1 else { continue }
      let mean = sum / Double(finite) * unit
      var energy = 0.0
      for row in 0..<rows {
        let z = (column[row] - mean) / unit
        column[row] = z.magnitude < 1e9 ? z : 0
        energy += column[row] * column[row]
      }
      guard energy > 0, mean.isFinite, unit.isFinite else { continue }
      kept.append(fields[index])
      means.append(mean)
      scales.append(unit)
      columns.append(index)
    }
    guard !kept.isEmpty else { return nil }
    let size = kept.count
    let stride = (size + 15) / 16 * 16
    let matrix = try Memory<Double>(rows * stride, zeroed: true)
    for index in 0..<size {
      let column = values.base + columns[index] * rows
      for row in 0..<rows { matrix.base[row * stride + index] = column[row] }
    }
    let gram = try Memory<Double>(stride * stride, zeroed: true)
    var row = 0
    while row < rows {
      let batch = min(128, rows - row)
      let x = matrix.base + row * stride
      kernels.call.gram(gram.base, stride, x, stride, x, stride, batch, 0, stride, 0, stride)
      row += batch
    }
    var covariance = [Double](repeating: 0, count: size * size)
    for a in 0..<size {
      for b in 0..<size { covariance[a * size + b] = gram.base[a * stride + b] / Double(rows) }
    }
    return Moments(fields: kept, means: means, scales: scales, covariance: covariance)
  }

  /// The standard deviation of finite values of some records.
  private func spread(_ records: UnsafeRawBufferPointer, _ field: Field, _ rows: Int) -> Double {
    let count = records.count / layout.recordSize
    var (mean, squares, finite) = (0.0, 0.0, 0.0)
    for pass in 0..<2 {
      for row in 0..<rows {
        let x = field.type.load(
          records.baseAddress! + (count * row / rows * layout.recordSize + field.offset))
        guard x.magnitude < 1e140 else { continue }
        if pass == 0 {
          finite += 1
          mean += (x - mean) / finite
        } else {
          squares += (x - mean) * (x - mean)
        }
      }
    }
    let spread = (squares / max(1, finite)).squareRoot()
    return spread.isNormal ? spread : 1
  }

  /// Bits a record if each field is predicted from those before it: the pivots of Cholesky's
  /// decomposition are the variances left.
  private func causalBits(_ covariance: [Double], _ size: Int) -> Double {
    var l = [Double](repeating: 0, count: size * size)
    var bits = 0.0
    for i in 0..<size {
      for j in 0...i {
        var sum = covariance[i * size + j] + (i == j ? 1.0 / 12 : 0)
        for k in 0..<j { sum -= l[i * size + k] * l[j * size + k] }
        if i == j {
          let pivot = max(sum, 1e-9)
          bits += Planner.bits(max(0, pivot - 1.0 / 12), 1)
          l[i * size + i] = pivot.squareRoot()
        } else {
          l[i * size + j] = sum / l[j * size + j]
        }
      }
    }
    return bits * Double(recordCount)
  }

  /// Bits with latents: theirs, those of corrections, and the model's.
  private func latentBits(
    _ covariance: [Double], _ eigen: SymmetricEigen, _ size: Int, _ latentCount: Int
  ) -> Double {
    var bits = 0.0
    for latent in 0..<latentCount { bits += Planner.bits(max(0, eigen.values[latent]), 1) }
    for field in 0..<size {
      var left = covariance[field * size + field]
      for latent in 0..<latentCount {
        let weight = eigen.vectors[latent][field]
        left -= (eigen.values[latent] - 1.0 / 12) * weight * weight
      }
      bits += Planner.bits(max(0, left), 1)
    }
    return bits * Double(recordCount) + Self.weightBits * Double(size * latentCount)
      + Self.fieldBits * Double(size)
  }
}
