import Testing

@testable import AEZip

/// Trained models: what they compute, and their files.
@Suite struct AutoencoderTests {
  /// Records on a plane in six fields, with a little noise.
  static func plane(_ count: Int, seed: UInt64 = 1, noise: Double = 0.1) throws -> Table {
    var random = Seeded(seed)
    var table = Table(
      layout: try Layout(matrixOf: .f32, fieldCount: 6, bound: .exact), bytes: [])
    for _ in 0..<count {
      let (a, b) = (random.normal(), random.normal())
      for field in 0..<6 {
        let x = a * Double(field - 2) + b * Double(field * field % 4) + random.normal() * noise
        table.append(Float(100 * Double(field) + x))
      }
    }
    return table
  }

  static func train(
    _ table: Table, _ options: TrainingOptions, progress: ((TrainingProgress) -> Bool)? = nil
  ) throws -> Autoencoder {
    try table.bytes.withUnsafeBytes {
      try Autoencoder.train($0, layout: table.layout, options: options, progress: progress)
    }
  }

  static func scores(_ model: Autoencoder, _ table: Table, threads: Int = 1) throws -> [Double] {
    var scores = [Double](repeating: 0, count: table.recordCount)
    try table.bytes.withUnsafeBytes { records in
      try scores.withUnsafeMutableBufferPointer {
        try model.score(records, layout: table.layout, into: $0, threads: threads)
      }
    }
    return scores
  }

  static func linear(_ latents: Int) -> TrainingOptions {
    var options = TrainingOptions()
    options.kind = .linear
    options.latentCount = latents
    return options
  }

  /// The loss of principal components is the sum of the discarded eigenvalues, a share a field.
  @Test func linearLossIsTheSumOfDiscardedEigenvalues() throws {
    let table = try Self.plane(3000)
    for latents in 1...5 {
      let model = try Self.train(table, Self.linear(latents))
      // The covariance of standardized fields, in plain loops.
      let n = Double(table.recordCount)
      let z = (0..<6).map { field in
        table.values(field, as: Float.self).map {
          (Double($0) - model.standardizer.mean(field)) / model.standardizer.scales[field]
        }
      }
      let means = z.map { $0.reduce(0, +) / n }
      var covariance = [Double](repeating: 0, count: 36)
      for a in 0..<6 {
        for b in 0..<6 {
          for row in 0..<table.recordCount {
            covariance[a * 6 + b] += (z[a][row] - means[a]) * (z[b][row] - means[b]) / n
          }
        }
      }
      let values = SymmetricEigen(covariance, size: 6).values
      let expected = values[latents...].reduce(0, +) / 6
      let loss = try Self.scores(model, table).reduce(0, +) / n
      #expect((loss - expected).magnitude < 0.01 * expected + 1e-6)
    }
  }

  @Test func filesComeBackWithTheSameBits() throws {
    let table = try Self.plane(500)
    let model = try Self.train(table, Self.linear(2))
    let bytes = try model.encoded()
    let back = try bytes.withUnsafeBytes { try Autoencoder(decoding: $0) }
    #expect(try back.encoded() == bytes)
    #expect(back.digest == model.digest)
    #expect(try Self.scores(back, table) == Self.scores(model, table))
    #expect(try Self.scores(back, table, threads: 2) == Self.scores(model, table))
  }

  @Test(arguments: [Optimizer.adam, .momentum])
  func weightDecayMakesWeightsSmall(_ optimizer: Optimizer) throws {
    let table = try Self.plane(400)
    var squares: [Double] = []
    for decay in [0, 0.3, 1] {
      var options = TrainingOptions()
      options.latentCount = 2
      options.hidden = [12]
      options.epochs = 40
      options.optimizer = optimizer
      options.weightDecay = decay
      options.skip = false
      let network = try Self.train(table, options).network
      squares.append(
        (0..<network.shape.weightCount).reduce(0) {
          $0 + Double(network.weights[$1]) * Double(network.weights[$1])
        })
    }
    #expect(squares[1] < 0.95 * squares[0] && squares[2] < 0.9 * squares[1], "\(squares)")
  }

  /// Kept as bytes where the loss allows it, else as halves, and used as they are kept: what is
  /// computed before and after saving is the same, and rounding again changes nothing.
  @Test func weightsAreUsedAsTheyAreStored() throws {
    let table = try Self.plane(400)
    var options = TrainingOptions()
    options.latentCount = 2
    options.hidden = [12]
    options.epochs = 5
    let model = try Self.train(table, options)
    let network = model.network
    let before = (0..<network.shape.weightCount).map { network.weights[$0] }
    for (index, edge) in network.shape.edges.enumerated() {
      network.round(edge, model.precisions[index])
      let kept = Set(before[edge.place..<edge.place + edge.inputs * edge.outputs])
      if model.precisions[index] == .byte { #expect(kept.count <= 255 * edge.outputs) }
    }
    #expect((0..<before.count).map { network.weights[$0] } == before)
    let back = try model.encoded().withUnsafeBytes { try Autoencoder(decoding: $0) }
    #expect((0..<before.count).map { back.network.weights[$0] } == before)
    // A byte or two a weight, and little else.
    #expect(try model.encoded().count < 2 * before.count + 1200)
    #expect(model.precisions.contains(.byte))
  }
}
