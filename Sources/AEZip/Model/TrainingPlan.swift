/// What the options leave open, chosen for the records at hand.
struct TrainingPlan {
  let options: TrainingOptions
  let shape: NetworkShape
  var components: Components?
  let isClosedForm: Bool

  init(
    _ options: TrainingOptions, _ data: TrainingData, recordCount: Int, kernels: Kernels
  ) throws(AEZipError) {
    self.options = options
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
    let hiddenActivation = options.activation ?? .tanh
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

  func descend(
    _ network: Network, _ data: TrainingData, progress: ((TrainingProgress) -> Bool)?,
    kernels: Kernels
  ) throws(AEZipError) -> [EpochLoss] {
    throw .invalidArgument("this kind of model cannot be trained yet")
  }
}
