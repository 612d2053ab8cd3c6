import CPlatform

/// Principal components of standardized, weighted fields: what a linear autoencoder is in closed
/// form, and what skips start from.
struct Components {
  let eigen: SymmetricEigen
  /// Of the standardized fields.
  let means: [Double]
  let trace: Double
  /// Square roots of the fields' weights.
  private let roots: [Double]

  init(_ data: TrainingData, kernels: Kernels) throws(AEZipError) {
    let size = data.fieldCount
    let stride = data.stride
    roots = (0..<size).map { Double(data.fieldWeights[$0]).squareRoot() }
    let gram = try Memory<Double>(stride * stride, zeroed: true)
    let batch = 256
    let filled = try Memory<Float>(stride)
    let values = try Memory<Double>(batch * stride, zeroed: true)
    var sums = [Double](repeating: 0, count: size)
    // Enough records for the covariances; all if there are few fields.
    let count = min(data.trainCount, max(65536, 16 * size))
    var first = 0
    while first < count {
      let rows = min(batch, count - first)
      for row in 0..<rows {
        kernels.call.fill(filled.base, data.rows.base + data.order[first + row] * stride, stride)
        let target = values.base + row * stride
        for field in 0..<size {
          target[field] = Double(filled[field]) * roots[field]
          sums[field] += target[field]
        }
      }
      // The lower triangle, in parts for threads.
      let parts = stride / 16
      nonisolated(unsafe) let (g, x) = (gram.base, values.base)
      let call = kernels.call.gram!
      parallelFor(parts, threads: size > 64 ? data.threads : 1) { part in
        call(g, stride, x, stride, x, stride, rows, 16 * part, 16 * part + 16, 0, 16 * part + 16)
      }
      first += rows
    }
    var covariance = [Double](repeating: 0, count: size * size)
    var trace = 0.0
    for a in 0..<size {
      for b in 0...a {
        let value =
          gram[a * stride + b] / Double(count) - sums[a] / Double(count) * (sums[b] / Double(count))
        covariance[a * size + b] = value
        covariance[b * size + a] = value
      }
      trace += covariance[a * size + a]
    }
    self.trace = trace
    let roots = self.roots
    means = (0..<size).map { roots[$0] > 0 ? sums[$0] / Double(count) / roots[$0] : 0 }
    eigen = SymmetricEigen(covariance, size: size)
  }

  /// The fewest latents that leave a share of the variance; at most 64.
  func latentCount(leaving share: Double) -> Int {
    var left = trace
    for count in 0..<eigen.values.count {
      if count > 0 && left <= share * trace || count == 64 { return count }
      left -= eigen.values[count]
    }
    return eigen.values.count
  }

  /// Sets the edges from input to latents and from latents to output, and the biases:
  ///
  ///     latent_k = sum of v_kj * root_j * (z_j - mean_j)      z_j = mean_j + sum of v_kj / root_j * latent_k
  ///
  /// - Parameter normalized: latents have variance 1 instead of the eigenvalue.
  func fill(_ network: Network, _ data: TrainingData, normalized: Bool) {
    let shape = network.shape
    for edge in shape.edges {
      let isEncoder = edge.from == 0 && edge.to == shape.latent
      let isDecoder = edge.from == shape.latent && edge.to == shape.last
      guard isEncoder || isDecoder else { continue }
      let count = min(shape.latentCount, eigen.vectors.count)
      for latent in 0..<count {
        let deviation =
          normalized ? max(eigen.values[latent], 1e-6 * trace, 1e-30).squareRoot() : 1
        var offset = 0.0
        for field in 0..<shape.fieldCount {
          let v = eigen.vectors[latent][field]
          if isEncoder {
            let weight = v * roots[field] / deviation
            network.weights[edge.place + latent * edge.inputs + field] = Float(weight)
            offset -= weight * means[field]
          } else if roots[field] > 0 {
            network.weights[edge.place + field * edge.inputs + latent] =
              Float(v / roots[field] * deviation)
          }
        }
        if isEncoder { network.biases[shape.places[shape.latent] + latent] = Float(offset) }
      }
      if isDecoder {
        for field in 0..<shape.fieldCount where !data.standardizer.isBinary[field] {
          network.biases[shape.places[shape.last] + field] = Float(means[field])
        }
      }
    }
  }
}
