import CPlatform

/// What the options leave open, chosen for the records at hand.
struct TrainingPlan {
  let options: TrainingOptions
  let shape: NetworkShape
  var components: Components?
  let isClosedForm: Bool

  init(
    _ options: TrainingOptions, _ data: TrainingData, recordCount: Int, kernels: Kernels
  ) throws(AEZipError) {
    var options = options
    let kind = options.kind
    isClosedForm = kind == .linear && options.closedForm
    let fieldCount = data.fieldCount
    let latentActivation: Activation =
      options.latentActivation
      ?? (kind == .sparse && options.sparsity == .divergence ? .sigmoid : .identity)
    let skip =
      options.skip ?? (latentActivation == .identity && (kind == .deep || kind == .denoising))
    if isClosedForm || options.latentCount == 0 || skip {
      components = try Components(data, kernels: kernels)
    }
    var latentCount = options.latentCount
    if latentCount == 0 {
      latentCount = components!.latentCount(leaving: 0.05)
      if kind == .sparse { latentCount = min(TrainingOptions.widest, 2 * fieldCount) }
    }
    if isClosedForm { latentCount = min(latentCount, fieldCount) }
    let encoder = options.hidden ?? Self.widths(kind, fieldCount, latentCount)
    let decoder = options.decoderHidden ?? encoder.reversed()
    // Of many fields few bend smoothly with the latents: on images, spectra and waveforms ReLU
    // leaves less, on curves in few fields tanh.
    let isWide =
      fieldCount > 64 && (kind == .deep || kind == .denoising || kind == .variational)
    let hiddenActivation = options.activation ?? (isWide ? .relu : .tanh)
    if options.weightDecay < 0 { options.weightDecay = isWide ? 0.3 : 0 }
    self.options = options
    var activations = options.activations
    if activations.isEmpty {
      activations = [Activation](repeating: hiddenActivation, count: encoder.count + decoder.count)
    }
    guard activations.count == encoder.count + decoder.count else {
      throw .invalidArgument(
        "# activations for # hidden layers; give one each, the encoder's first", activations.count,
        encoder.count + decoder.count)
    }
    activations.insert(latentActivation, at: encoder.count)
    shape = NetworkShape(
      fieldCount: fieldCount, encoder: encoder, latentCount: latentCount, decoder: decoder,
      activations: activations, encoderSkip: skip, decoderSkip: skip)
    guard shape.weightCount <= Limits.networkWeights else {
      throw .limitExceeded(
        what: "the number of weights", value: shape.weightCount, limit: Limits.networkWeights)
    }
  }

  /// Hidden widths between input and latents.
  private static func widths(_ kind: AutoencoderKind, _ fieldCount: Int, _ latentCount: Int)
    -> [Int]
  {
    switch kind {
    case .linear, .sparse, .contractive: []
    case .deep, .denoising, .variational: [max(64, min(256, 2 * fieldCount)), 64]
    }
  }

  /// A plan for one layer of a stack.
  private init(_ options: TrainingOptions, shape: NetworkShape) {
    self.options = options
    self.shape = shape
    isClosedForm = false
  }
}

// MARK: - Gradient descent

extension TrainingPlan {
  /// Trains the network; returns the losses after each epoch.
  func descend(
    _ network: Network, _ data: TrainingData, progress: ((TrainingProgress) -> Bool)?,
    kernels: Kernels
  ) throws(AEZipError) -> [EpochLoss] {
    let count = data.trainCount
    let batch = min(
      count, options.batchSize > 0 ? options.batchSize : max(32, min(256, count / 64)))
    // Six operations a weight and record.
    let most = min(6_000_000 / count, 500_000_000_000 / (count * max(1, shape.weightCount)))
    let epochs = options.epochs > 0 ? options.epochs : max(20, min(400, most))
    try start(network, data, epochs: epochs, kernels: kernels)
    let learner = try Learner(shape, options, data, batch: batch, kernels: kernels)
    learner.take(network)
    // Less work is done before threads have shared it.
    let team = Team(shape.weightCount * batch > 1 << 20 ? data.threads : 1)
    defer { team.dismiss() }
    let perEpoch = count / batch
    let random = RandomStream(seed: options.seed, purpose: .order)
    var history: [EpochLoss] = []
    var best = Double.infinity
    var bestEpoch = -1
    let kept = try Network.empty(shape)
    for epoch in 0..<epochs {
      data.shuffle(0..<count, random, from: epoch * count)
      for step in 0..<perEpoch {
        let share = (Double(epoch * perEpoch + step) + 0.5) / Double(epochs * perEpoch)
        learner.learn(step * batch..<(step + 1) * batch, rate: rate(share), team: team)
      }
      learner.give(network)
      let loss = EpochLoss(
        train: try data.loss(network, data.shownRows, kernels: kernels),
        validation: try data.loss(network, data.heldOutRows, kernels: kernels))
      history.append(loss)
      learner.divergenceWeight = Float(
        options.beta * 2 * max(1e-4, min(1, loss.train)) / Double(data.fieldCount))
      let judged = data.heldOutRows.isEmpty ? -Double(epoch) : loss.validation
      guard loss.train.isFinite else { break }
      if judged < best {
        (best, bestEpoch) = (judged, epoch)
        kept.copy(network)
      }
      let state = TrainingProgress(
        epoch: epoch + 1, epochCount: epochs, trainLoss: loss.train,
        validationLoss: loss.validation)
      if let progress, !progress(state) { throw .cancelled }
      if options.patience > 0 && epoch - bestEpoch >= options.patience { break }
    }
    guard bestEpoch >= 0 else {
      throw .invalidArgument("training diverged; give a smaller learning rate")
    }
    network.copy(kept)
    return history
  }

  /// The learning rate after a share of all steps.
  func rate(_ share: Double) -> Double {
    let highest =
      options.learningRate > 0
      ? options.learningRate : options.optimizer == .adam ? 0.002 : 0.05
    if share < options.warmup { return highest * share / options.warmup }
    guard options.cosine else { return highest }
    // (1 + cos(pi * x)) / 2 = cos(pi * x / 2)^2, by the series of the cosine.
    let angle = (share - options.warmup) / (1 - options.warmup) * 1.5707963267948966
    var (term, sum) = (1.0, 1.0)
    for n in 1..<10 {
      term *= -angle * angle / Double(2 * n * (2 * n - 1))
      sum += term
    }
    return highest * sum * sum
  }

  /// The weights to begin with: random (Glorot and Bengio, 2010), principal components in skips, and
  /// what training layer after layer gives.
  private func start(
    _ network: Network, _ data: TrainingData, epochs: Int, kernels: Kernels
  ) throws(AEZipError) {
    let random = RandomStream(seed: options.seed, purpose: .weights)
    for edge in shape.edges {
      var limit = (6 / Float(edge.inputs + edge.outputs)).squareRoot()
      // What a skip carries is changed little at first.
      let isJoined = shape.hasSkip(encoder: edge.to <= shape.latent)
      if isJoined && (edge.to == shape.latent || edge.to == shape.last) { limit *= 0.1 }
      for place in edge.place..<edge.place + edge.inputs * edge.outputs {
        network.weights[place] = (2 * random.uniform(UInt64(place)) - 1) * limit
      }
    }
    if shape.hasSkip(encoder: true) || shape.hasSkip(encoder: false) {
      components?.fill(network, data, normalized: true)
    }
    if options.kind == .sparse && options.sparsity == .divergence {
      // Latents begin where they are wanted: sigmoid(ln(rho / (1 - rho))) = rho.
      let rho = options.sparsityTarget
      let odds = Entropy.log2(rho / (1 - rho)) * 0.6931471805599453
      let first = shape.places[shape.latent]
      for place in first..<first + shape.latentCount { network.biases[place] = Float(odds) }
    }
    if options.pretrain { try pretrain(network, data, epochs: epochs, kernels: kernels) }
  }

  /// Trains each layer up to the latents as an autoencoder of the values before it (Hinton and
  /// Salakhutdinov, 2006); its two halves go to the layer and to its mirror image.
  private func pretrain(
    _ network: Network, _ data: TrainingData, epochs: Int, kernels: Kernels
  ) throws(AEZipError) {
    var options = self.options
    options.kind = .deep
    options.pretrain = false
    options.epochs = max(1, epochs / 5)
    var data = data
    for node in 1..<shape.latent + 1 {
      let plan = TrainingPlan(
        options,
        shape: NetworkShape(
          fieldCount: shape.widths[node - 1], encoder: [], latentCount: shape.widths[node],
          decoder: [], activations: [shape.activations[node]], encoderSkip: false,
          decoderSkip: false))
      let layer = try Network.empty(plan.shape)
      _ = try plan.descend(layer, data, progress: nil, kernels: kernels)
      let mirror = 2 * shape.latent - node
      for edge in shape.edges where edge.from == edge.to - 1 {
        let isMirror =
          edge.from == mirror && edge.from >= shape.latent && edge.inputs == shape.widths[node]
          && edge.outputs == shape.widths[node - 1]
        guard edge.to == node || isMirror else { continue }
        memcpy(
          network.weights.base + edge.place,
          layer.weights.base + plan.shape.edges[isMirror ? 1 : 0].place,
          4 * edge.inputs * edge.outputs)
        memcpy(
          network.biases.base + shape.places[edge.to],
          layer.biases.base + plan.shape.places[isMirror ? 2 : 1], 4 * edge.outputs)
      }
      if node < shape.latent { data = try data.encoded(by: layer, kernels: kernels) }
    }
  }
}
