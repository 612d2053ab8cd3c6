/// The classic autoencoders. The raw values are those of `aez.h` and of Format.md, section 4.
public enum AutoencoderKind: UInt8, Sendable, CaseIterable {
  /// Principal components, in closed form or by gradient descent.
  case linear = 1
  /// Hidden layers on both sides of the latents.
  case deep = 2
  /// Most latents are near 0 for most records.
  case sparse = 3
  /// Restores clean records from corrupted ones.
  case denoising = 4
  /// Latents that change little where records do.
  case contractive = 5
  /// Latents that are about normal, so that new records can be drawn.
  case variational = 6
}

/// What a layer does with its sums. The raw values are those of Format.md, section 4.
public enum Activation: UInt8, Sendable, CaseIterable {
  case identity = 0
  case relu = 1
  case tanh = 2
  case sigmoid = 3
}

/// What training makes small.
public enum Loss: UInt8, Sendable, CaseIterable {
  /// Cross-entropy for fields that hold 0 and 1 only, else squared errors of standardized values.
  case automatic = 0
  case squared = 1
  /// For values in 0 ... 1.
  case crossEntropy = 2
}

public enum Optimizer: UInt8, Sendable, CaseIterable {
  /// Kingma and Ba, 2014; weight decay apart from the gradient (Loshchilov and Hutter, 2017).
  case adam = 0
  /// Stochastic gradient descent with momentum.
  case momentum = 1
}

/// How a denoising autoencoder's input is corrupted.
public enum Noise: UInt8, Sendable, CaseIterable {
  /// Adds normal noise of `noiseAmount` standard deviations.
  case gaussian = 0
  /// Takes the share `noiseAmount` of the values away.
  case masking = 1
  /// Puts the share `noiseAmount` of the values at two standard deviations below or above the mean
  /// (0 or 1 with cross-entropy).
  case saltAndPepper = 2
}

public enum Sparsity: UInt8, Sendable, CaseIterable {
  /// The mean absolute latent.
  case l1 = 0
  /// Kullback-Leibler divergence of each latent's mean activation from `sparsityTarget`.
  case divergence = 1
}

/// What the user asks of a training; every value has a default that works unattended.
public struct TrainingOptions: Sendable {
  public var kind = AutoencoderKind.deep
  /// 0: as many principal components as leave 5 % of the variance.
  public var latentCount = 0
  /// Widths of the hidden layers between input and latents; nil: chosen; empty: none.
  public var hidden: [Int]?
  /// Widths between latents and output; nil: those of the encoder in reverse order.
  public var decoderHidden: [Int]?
  /// Of hidden layers; nil: chosen for the kind.
  public var activation: Activation?
  /// Of each hidden layer, the encoder's, then the decoder's; empty: all as `activation`.
  public var activations: [Activation] = []
  /// nil: chosen for the kind.
  public var latentActivation: Activation?
  /// Linear ways from input to latents and from latents to output around the hidden layers, which
  /// start as principal components; nil: chosen for the kind.
  public var skip: Bool?
  /// Trains layer after layer first (stacked autoencoders).
  public var pretrain = false
  /// Linear models by eigenvectors instead of gradient descent.
  public var closedForm = true
  public var loss = Loss.automatic
  public var optimizer = Optimizer.adam
  /// Of ``Optimizer/momentum``, and Adam's first.
  public var momentum = 0.9
  /// The largest step; 0: chosen.
  public var learningRate = 0.0
  /// Records a step; 0: chosen.
  public var batchSize = 0
  /// Passes over the records; 0: chosen by their number.
  public var epochs = 0
  /// The share of steps in which the learning rate rises to its full height.
  public var warmup = 0.05
  /// Whether the learning rate falls as a cosine to 0 afterwards.
  public var cosine = true
  /// Taken off weights at each step, times the learning rate; -1: chosen, 0.3 for wide records.
  public var weightDecay = -1.0
  /// The share of hidden values that are left out at each step.
  public var dropout = 0.0
  /// The share of records held out for early stopping; 0: none, and the last weights are kept.
  public var validationShare = 0.1
  /// Epochs without a new best on held-out records after which training stops; 0: never.
  public var patience = 100
  public var seed: UInt64 = 0
  /// 0 means one per processor. The model does not depend on it.
  public var threads = 0
  /// Records kept of what is added, each as likely as the others; 0: chosen by size (256 MiB).
  public var maximumRecords = 0
  public var noise = Noise.gaussian
  public var noiseAmount = 0.3
  public var sparsity = Sparsity.divergence
  /// Of the mean absolute latent, or of the mean divergence of a latent.
  public var sparsityWeight = 1.0
  public var sparsityTarget = 0.05
  /// Weight of the squared Frobenius norm of the encoder's Jacobian, divided by the latents.
  public var contraction = 0.1
  /// Weight of the divergence from the normal distribution.
  public var beta = 1.0
  /// For each field the error that the model's predictions will serve: fields count in units of it.
  /// Empty: all fields count alike.
  public var bounds: [Double] = []
  /// Records that the model will serve, if more than are added.
  var servedCount = 0

  public init() {}

  static let mostLayers = 16
  static let widest = 1 << 16

  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` naming the option.
  func validate(fieldCount: Int) throws(AEZipError) {
    try Self.check(
      latentCount >= 0 && latentCount <= Self.widest,
      "# latents; give 1 to #, or 0 to leave the choice open", latentCount, Self.widest)
    let layers = (hidden ?? []) + (decoderHidden ?? [])
    try Self.check(
      layers.count <= Self.mostLayers,
      "# hidden layers; give at most #", layers.count, Self.mostLayers)
    for width in layers {
      try Self.check(
        width >= 1 && width <= Self.widest,
        "a hidden layer of # values; give 1 to #", width, Self.widest)
    }
    try Self.check(epochs >= 0, "# epochs; give 1 or more, or 0 to leave the choice open", epochs)
    try Self.check(
      batchSize >= 0 && batchSize <= 1 << 16,
      "a batch of # records; give 1 to #, or 0 to leave the choice open", batchSize, 1 << 16)
    try Self.check(patience >= 0, "a patience of # epochs; give 0 (endless) or more", patience)
    try Self.check(threads >= 0, "# threads; give 0 (one per processor) or more", threads)
    try Self.check(
      maximumRecords >= 0, "at most # records; give 0 (chosen by size) or more",
      maximumRecords)
    try Self.range(learningRate, 0, 100, "learning rate must be in 0 ... 100")
    try Self.range(momentum, 0, 0.9999, "momentum must be in 0 ... 0.9999")
    try Self.range(warmup, 0, 1, "warm-up must be in 0 ... 1")
    if weightDecay != -1 { try Self.range(weightDecay, 0, 1, "weight decay must be in 0 ... 1") }
    try Self.range(dropout, 0, 0.95, "dropout must be in 0 ... 0.95")
    try Self.range(validationShare, 0, 0.9, "validation share must be in 0 ... 0.9")
    if noise == .gaussian {
      try Self.range(noiseAmount, 0, 100, "amount of noise must be in 0 ... 100")
    } else {
      try Self.range(noiseAmount, 0, 0.95, "amount of noise must be in 0 ... 0.95")
    }
    try Self.range(sparsityWeight, 0, 1e6, "sparsity weight must be in 0 ... 1000000")
    try Self.range(sparsityTarget, 1e-4, 0.9999, "sparsity target must be in 0.0001 ... 0.9999")
    try Self.range(contraction, 0, 1e6, "contraction must be in 0 ... 1000000")
    try Self.range(beta, 0, 1e6, "beta must be in 0 ... 1000000")
    try Self.check(
      bounds.isEmpty || bounds.count == fieldCount,
      "# bounds for # fields; give one each, or none", bounds.count, fieldCount)
    for index in 0..<bounds.count {
      try Self.check(
        bounds[index].isFinite && bounds[index] >= 0,
        "the bound of field # must be finite and not negative", index)
    }
    try validateKnobs()
    if kind == .sparse && sparsity == .divergence {
      try Self.check(
        latentActivation == nil || latentActivation == .sigmoid,
        "sparsity by divergence needs latents in 0 ... 1; make their activation sigmoid")
    }
    if kind == .contractive {
      try Self.check(dropout == 0, "dropout and contraction do not go together; leave one out")
    }
    if kind == .variational {
      try Self.check(
        latentActivation == nil || latentActivation == .identity,
        "latents of a variational autoencoder have no activation; leave it out")
    }
    if kind == .linear {
      try Self.check(
        layers.isEmpty && activation ?? .identity == .identity,
        "a linear autoencoder has no hidden layers and no activation; make it deep")
      try Self.check(
        latentActivation ?? .identity == .identity,
        "a linear autoencoder has no hidden layers and no activation; make it deep")
      try Self.check(
        !closedForm || loss != .crossEntropy,
        "the closed form serves squared errors; leave the loss or the closed form out")
    }
  }

  /// A knob of another kind would do nothing.
  private func validateKnobs() throws(AEZipError) {
    let usual = TrainingOptions()
    try Self.check(
      kind == .denoising || noise == usual.noise && noiseAmount == usual.noiseAmount,
      "noise is a matter of denoising autoencoders; make the kind denoising, or leave noise out")
    try Self.check(
      kind == .sparse
        || sparsity == usual.sparsity && sparsityWeight == usual.sparsityWeight
          && sparsityTarget == usual.sparsityTarget,
      "sparsity is a matter of sparse autoencoders; make the kind sparse, or leave sparsity out")
    try Self.check(
      kind == .contractive || contraction == usual.contraction,
      "contraction is a matter of contractive autoencoders; make the kind contractive, or leave it out"
    )
    try Self.check(
      kind == .variational || beta == usual.beta,
      "beta is a matter of variational autoencoders; make the kind variational, or leave it out")
  }

  @inline(never)
  private static func check(
    _ isRight: Bool, _ text: StaticString, _ first: Int = 0, _ second: Int = 0
  ) throws(AEZipError) {
    if !isRight { throw .invalidArgument(text, first, second) }
  }

  /// NaN is in no range.
  @inline(never)
  private static func range(
    _ value: Double, _ low: Double, _ high: Double, _ rule: StaticString
  ) throws(AEZipError) {
    if !(value >= low && value <= high) { throw .invalidArgument("the @", name: rule) }
  }
}

/// Where a training is, after each epoch.
public struct TrainingProgress: Sendable {
  /// Epochs done.
  public var epoch: Int
  public var epochCount: Int
  /// Mean squared error (and cross-entropy) a field, of standardized values; of what is made of
  /// disturbed records if the model is to restore them.
  public var trainLoss: Double
  /// The same of held-out records; NaN if there are none.
  public var validationLoss: Double
}
