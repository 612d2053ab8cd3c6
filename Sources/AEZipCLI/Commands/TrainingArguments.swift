import AEZip
import ArgumentParser

/// The options of a training; what is left out is chosen.
struct TrainingArguments: ParsableArguments {
  @Option(help: "linear, deep, sparse, denoising, contractive or variational.")
  var kind = KindName.deep

  @Option(help: "Numbers that the model makes of a record [chosen].")
  var latents: Int?

  @Option(
    help: ArgumentHelp(
      "Widths of the layers before the latents, or none [chosen].", valueName: "128,64"))
  var hidden: Widths?

  @Option(
    help: ArgumentHelp(
      "Widths of the layers after them [the same, reversed].", valueName: "64,128"))
  var decoderHidden: Widths?

  @Option(help: "Of hidden layers: identity, relu, tanh or sigmoid [chosen].")
  var activation: ActivationName?

  @Option(
    help: ArgumentHelp(
      "One for each hidden layer, the encoder's first.", valueName: "relu,tanh"))
  var activations: ActivationNames?

  @Option(help: "Of the latents [chosen].")
  var latentActivation: ActivationName?

  @Flag(inversion: .prefixedNo, help: "Linear ways around the hidden layers [chosen].")
  var skip: Bool?

  @Flag(help: "Train layer after layer first.")
  var pretrain = false

  @Flag(help: "Linear models by gradient descent, not in closed form.")
  var descent = false

  @Option(help: "automatic, squared or crossentropy.")
  var loss = LossName.automatic

  @Option(help: "adam or sgd.")
  var optimizer = OptimizerName.adam

  @Option(help: "The largest step [chosen].")
  var learningRate: Double?

  @Option(help: "Of sgd, and the first of adam.")
  var momentum: Double?

  @Option(help: "Records a step [chosen].")
  var batch: Int?

  @Option(help: "Passes over the records, at most [chosen].")
  var epochs: Int?

  @Option(help: "Epochs without improvement after which training stops, 0: never [100].")
  var patience: Int?

  @Option(help: "The share of records held out to watch the loss on.")
  var validation: Double?

  @Option(help: "Share of the steps in which the learning rate rises.")
  var warmup: Double?

  @Flag(inversion: .prefixedNo, help: "Whether the learning rate falls to 0 afterwards.")
  var cosine = true

  @Option(help: "Taken off the weights at each step [chosen].")
  var weightDecay: Double?

  @Option(help: "Share of hidden values left out at each step.")
  var dropout: Double?

  @Option(help: "Of denoising: gaussian, masking or salt-and-pepper.")
  var noise: NoiseName?

  @Option(help: "Deviations of gaussian noise, or the share of values disturbed.")
  var noiseAmount: Double?

  @Option(help: "Of sparse: l1 or kl.")
  var sparsity: SparsityName?

  @Option(help: "The weight of sparsity in the loss.")
  var sparsityWeight: Double?

  @Option(help: "Of kl: the mean activation wanted.")
  var sparsityTarget: Double?

  @Option(help: "Of contractive: the weight of the encoder's slope.")
  var contraction: Double?

  @Option(help: "Of variational: the weight of the divergence.")
  var beta: Double?

  @Option(help: "Learn from so many records, chosen at random [what fits 256 MiB].")
  var maximumRecords: Int?

  @Option(help: "Another seed gives another model.")
  var seed: UInt64 = 0

  /// What the core is told; it checks the values.
  var options: TrainingOptions {
    var o = TrainingOptions()
    o.kind = kind.value
    if let latents { o.latentCount = latents }
    o.hidden = hidden?.widths
    o.decoderHidden = decoderHidden?.widths
    o.activation = activation?.value
    o.activations = activations?.values ?? []
    o.latentActivation = latentActivation?.value
    o.skip = skip
    o.pretrain = pretrain
    o.closedForm = !descent
    o.loss = loss.value
    o.optimizer = optimizer.value
    if let learningRate { o.learningRate = learningRate }
    if let momentum { o.momentum = momentum }
    if let batch { o.batchSize = batch }
    if let epochs { o.epochs = epochs }
    if let patience { o.patience = patience }
    if let validation { o.validationShare = validation }
    if let warmup { o.warmup = warmup }
    o.cosine = cosine
    if let weightDecay { o.weightDecay = weightDecay }
    if let dropout { o.dropout = dropout }
    if let noise { o.noise = noise.value }
    if let noiseAmount { o.noiseAmount = noiseAmount }
    if let sparsity { o.sparsity = sparsity.value }
    if let sparsityWeight { o.sparsityWeight = sparsityWeight }
    if let sparsityTarget { o.sparsityTarget = sparsityTarget }
    if let contraction { o.contraction = contraction }
    if let beta { o.beta = beta }
    if let maximumRecords { o.maximumRecords = maximumRecords }
    o.seed = seed
    return o
  }
}

/// `128,64`, or `none`.
struct Widths: ExpressibleByArgument {
  let widths: [Int]

  init?(argument: String) {
    if argument == "none" {
      widths = []
      return
    }
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard !parts.contains(nil) else { return nil }
    widths = parts.map { $0! }
  }
}

enum KindName: String, CaseIterable, ExpressibleByArgument {
  case linear, deep, sparse, denoising, contractive, variational
  var value: AutoencoderKind {
    switch self {
    case .linear: .linear
    case .deep: .deep
    case .sparse: .sparse
    case .denoising: .denoising
    case .contractive: .contractive
    case .variational: .variational
    }
  }
}

enum ActivationName: String, CaseIterable, ExpressibleByArgument {
  case identity, relu, tanh, sigmoid
  var value: Activation {
    switch self {
    case .identity: .identity
    case .relu: .relu
    case .tanh: .tanh
    case .sigmoid: .sigmoid
    }
  }
}

/// `relu,tanh`.
struct ActivationNames: ExpressibleByArgument {
  let values: [Activation]

  init?(argument: String) {
    let names = argument.split(separator: ",", omittingEmptySubsequences: false).map {
      ActivationName(rawValue: String($0))
    }
    guard !names.contains(nil) else { return nil }
    values = names.map { $0!.value }
  }
}

enum LossName: String, CaseIterable, ExpressibleByArgument {
  case automatic, squared, crossentropy
  var value: Loss {
    switch self {
    case .automatic: .automatic
    case .squared: .squared
    case .crossentropy: .crossEntropy
    }
  }
}

enum OptimizerName: String, CaseIterable, ExpressibleByArgument {
  case adam, sgd
  var value: Optimizer { self == .adam ? .adam : .momentum }
}

enum NoiseName: String, CaseIterable, ExpressibleByArgument {
  case gaussian, masking
  case saltAndPepper = "salt-and-pepper"
  var value: Noise {
    switch self {
    case .gaussian: .gaussian
    case .masking: .masking
    case .saltAndPepper: .saltAndPepper
    }
  }
}

enum SparsityName: String, CaseIterable, ExpressibleByArgument {
  case l1, kl
  var value: Sparsity { self == .l1 ? .l1 : .divergence }
}
