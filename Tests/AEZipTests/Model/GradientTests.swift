import Testing

@testable import AEZip

#if canImport(Glibc)
  import Glibc
#endif

/// Every gradient against central differences of the loss, which is written out here in Double.
@Suite struct GradientTests {
  struct Case: CustomStringConvertible {
    var kind: AutoencoderKind
    var activation: Activation
    var loss: Loss
    var skip = false
    var hidden = [5]
    var sparsity = Sparsity.divergence
    var noise = Noise.gaussian
    var dropout = 0.0
    var isWeighted = false
    var description: String {
      "\(kind) \(activation) \(loss) skip \(skip) \(hidden) \(sparsity) \(noise) dropout \(dropout)"
    }
  }

  static var cases: [Case] {
    var all: [Case] = []
    for loss in [Loss.squared, .crossEntropy] {
      all.append(Case(kind: .linear, activation: .identity, loss: loss, hidden: []))
      for activation in Activation.allCases {
        for kind in [AutoencoderKind.deep, .sparse, .denoising, .contractive, .variational] {
          all.append(Case(kind: kind, activation: activation, loss: loss))
          all.append(
            Case(
              kind: kind, activation: activation, loss: loss, skip: kind != .sparse,
              hidden: [5, 4], sparsity: .l1, noise: .masking, isWeighted: true))
        }
        all.append(Case(kind: .contractive, activation: activation, loss: loss, hidden: []))
        all.append(
          Case(kind: .deep, activation: activation, loss: loss, hidden: [9], dropout: 0.4))
        all.append(
          Case(kind: .denoising, activation: activation, loss: loss, noise: .saltAndPepper))
      }
    }
    return all
  }

  /// 20 records of 6 fields: numbers, or shares and zeros and ones; some are missing.
  private static func table(_ loss: Loss) throws -> Table {
    var random = Seeded(4)
    var table = Table(layout: try Layout(matrixOf: .f32, fieldCount: 6, bound: .exact), bytes: [])
    for row in 0..<20 {
      let a = random.normal()
      for field in 0..<6 {
        var x = a * Double(field) / 3 + random.normal()
        if loss == .crossEntropy { x = field < 4 ? (x > 0 ? 1 : 0) : 1 / (1 + exp(-x)) }
        table.append(row % 7 == field ? Float.nan : Float(x))
      }
    }
    return table
  }

  @Test(arguments: cases) func agreesWithCentralDifferences(_ test: Case) throws {
    var options = TrainingOptions()
    options.kind = test.kind
    options.closedForm = false
    options.latentCount = 3
    options.hidden = test.hidden
    options.activation = test.kind == .linear ? nil : test.activation
    options.loss = test.loss
    options.skip = test.skip
    options.sparsity = test.sparsity
    options.noise = test.noise
    options.dropout = test.dropout
    options.sparsityWeight = 0.7
    options.sparsityTarget = 0.2
    options.contraction = 0.9
    options.validationShare = 0
    let isFree = test.kind == .denoising || test.kind == .sparse && test.sparsity == .l1
    if test.kind == .contractive || isFree { options.latentActivation = test.activation }
    if test.isWeighted { options.bounds = [1, 2, 3, 0.5, 1, 1] }
    let table = try Self.table(test.loss)
    let kernels = Kernels()
    try table.bytes.withUnsafeBytes { records in
      let data = try TrainingData(
        records, layout: table.layout, options: options, kernels: kernels)
      let plan = try TrainingPlan(options, data, recordCount: 20, kernels: kernels)
      let learner = try Learner(plan.shape, options, data, batch: 18, kernels: kernels)
      var random = Seeded(9)
      for edge in 0..<learner.edges.count {
        let e = learner.edges[edge]
        for input in 0..<e.inputs {
          for output in 0..<e.outputs {
            learner.weights[learner.places[edge] + input * learner.strides[e.to] + output] =
              Float(random.normal() * 0.5)
          }
        }
        learner.turn(edge, 0..<e.inputs)
      }
      for node in 1..<learner.strides.count {
        let width = node < plan.shape.widths.count ? plan.shape.widths[node] : 3
        for index in 0..<width {
          learner.weights[learner.biasPlaces[node] + index] = Float(random.normal() * 0.3)
        }
      }
      learner.learn(0..<18, rate: nil, team: Team(1))
      let reference = Reference(learner, plan.shape, options)
      var (largest, scale) = (0.0, 0.0)
      var weights = (0..<learner.weights.count).map { Double(learner.weights[$0]) }
      for place in reference.used {
        let step = 1e-5
        let value = weights[place]
        weights[place] = value + step
        let above = reference.loss(weights)
        weights[place] = value - step
        let below = reference.loss(weights)
        weights[place] = value
        let expected = (above - below) / (2 * step)
        largest = max(largest, (expected - Double(learner.gradients[place])).magnitude)
        scale = max(scale, expected.magnitude)
      }
      #expect(scale > 1e-3)
      #expect(largest < 1e-4 * scale + 1e-6, "largest difference \(largest) of \(scale)")
    }
  }

  /// The loss in Double, by plain loops over one record after the other.
  struct Reference {
    let learner: Learner
    let shape: NetworkShape
    let options: TrainingOptions
    /// Places of the weights and biases that mean something.
    var used: [Int] = []
    private let chances: [[Double]]

    init(_ learner: Learner, _ shape: NetworkShape, _ options: TrainingOptions) {
      self.learner = learner
      self.shape = shape
      self.options = options
      for edge in 0..<learner.edges.count {
        let e = learner.edges[edge]
        for input in 0..<e.inputs {
          for output in 0..<e.outputs {
            used.append(learner.places[edge] + input * learner.strides[e.to] + output)
          }
        }
      }
      for node in 1..<learner.strides.count {
        let width = node < shape.widths.count ? shape.widths[node] : shape.latentCount
        for index in 0..<width { used.append(learner.biasPlaces[node] + index) }
      }
      let random = RandomStream(seed: options.seed, purpose: .latents)
      let stride = learner.strides[shape.latent]
      chances = (0..<learner.batch).map { row in
        (0..<shape.latentCount).map { Double(random.normal(UInt64(row * stride + $0))) }
      }
    }

    private func f(_ x: Double, _ activation: Activation) -> (value: Double, slope: Double) {
      switch activation {
      case .identity: return (x, 1)
      case .relu: return (max(x, 0), x > 0 ? 1 : 0)
      case .tanh: return (tanh(x), 1 - tanh(x) * tanh(x))
      case .sigmoid:
        let s = 1 / (1 + exp(-x))
        return (s, s * (1 - s))
      }
    }

    func loss(_ w: [Double]) -> Double {
      var total = 0.0
      let latents = shape.latentCount
      var activity = [Double](repeating: 0, count: latents)
      let records = Double(learner.batch)
      for row in 0..<learner.batch {
        var values = learner.strides.map { [Double](repeating: 0, count: $0) }
        // Derivatives of each value by each input.
        var slopes = learner.strides.map {
          [[Double]](repeating: [Double](repeating: 0, count: shape.fieldCount), count: $0)
        }
        for field in 0..<shape.fieldCount {
          values[0][field] = Double(learner.value(0, row)[field])
          slopes[0][field][field] = 1
        }
        var order = Array(1...shape.last)
        let spread = shape.last + 1
        if options.kind == .variational { order.insert(spread, at: shape.latent) }
        var seen = [Double](repeating: 0, count: latents)
        for node in order {
          let isSpread = node == spread
          let width = isSpread ? latents : shape.widths[node]
          for output in 0..<width {
            var sum = w[learner.biasPlaces[node] + output]
            var derivatives = [Double](repeating: 0, count: shape.fieldCount)
            for edge in 0..<learner.edges.count where learner.edges[edge].to == node {
              let e = learner.edges[edge]
              for input in 0..<e.inputs {
                let weight = w[learner.places[edge] + input * learner.strides[node] + output]
                let isLatent = e.from == shape.latent && node > e.from
                sum += weight * (isLatent ? seen[input] : values[e.from][input])
                for field in 0..<(options.kind == .contractive ? shape.fieldCount : 0) {
                  derivatives[field] += weight * slopes[e.from][input][field]
                }
              }
            }
            let (value, slope) = f(sum, isSpread ? .identity : shape.activations[node])
            values[node][output] = value
            if options.dropout > 0 && node != shape.latent && node < shape.last {
              let isOut = learner.value(node, row)[output] == 0
              values[node][output] = isOut ? 0 : value / (1 - options.dropout)
            }
            for field in 0..<shape.fieldCount {
              slopes[node][output][field] = slope * derivatives[field]
            }
          }
          if node == shape.latent { seen = Array(values[node][..<latents]) }
          if isSpread || node == shape.latent && options.kind != .variational {
            for k in 0..<latents where options.kind == .variational {
              seen[k] = values[shape.latent][k] + exp(values[spread][k] / 2) * chances[row][k]
            }
          }
        }
        for field in 0..<shape.fieldCount {
          let target = Double(learner.target(row)[field])
          guard !target.isNaN else { continue }
          let y = values[shape.last][field]
          let weight = Double(learner.data.fieldWeights[field]) / Double(shape.fieldCount)
          if options.loss == .crossEntropy {
            let p = 1 / (1 + exp(-y))
            total -= weight * (target * log(p) + (1 - target) * log(1 - p)) / records
          } else {
            total += weight * (y - target) * (y - target) / records
          }
        }
        for k in 0..<latents {
          let z = values[shape.latent][k]
          activity[k] += z / records
          if options.kind == .variational {
            let s = values[spread][k]
            total += Double(learner.divergenceWeight) / records * 0.5 * (z * z + exp(s) - s - 1)
          }
          if options.kind == .sparse && options.sparsity == .l1 {
            total += options.sparsityWeight * z.magnitude / Double(latents) / records
          }
          if options.kind == .contractive {
            for field in 0..<shape.fieldCount {
              let s = slopes[shape.latent][k][field]
              total += options.contraction / Double(latents) / records * s * s
            }
          }
        }
      }
      if options.kind == .sparse && options.sparsity == .divergence {
        let rho = options.sparsityTarget
        for k in 0..<latents {
          let a = activity[k]
          total +=
            options.sparsityWeight / Double(latents)
            * (rho * log(rho / a) + (1 - rho) * log((1 - rho) / (1 - a)))
        }
      }
      return total
    }
  }
}
