#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez

/// Fills in the defaults.
@_cdecl("aez_train_options_init") @implementation
public func aez_train_options_init(_ options: UnsafeMutablePointer<aez_train_options>?) {
  guard let options else { return }
  let defaults = TrainingOptions()
  options.pointee = aez_train_options()
  options.pointee.struct_size = MemoryLayout<aez_train_options>.size
  options.pointee.kind = Int32(defaults.kind.rawValue)
  options.pointee.hidden_count = -1
  options.pointee.decoder_hidden_count = -1
  options.pointee.activation = -1
  options.pointee.latent_activation = -1
  options.pointee.skip = -1
  options.pointee.closed_form = 1
  options.pointee.cosine = 1
  options.pointee.patience = Int32(defaults.patience)
  options.pointee.noise = Int32(defaults.noise.rawValue)
  options.pointee.sparsity = Int32(defaults.sparsity.rawValue)
  options.pointee.momentum = defaults.momentum
  options.pointee.weight_decay = defaults.weightDecay
  options.pointee.warmup = defaults.warmup
  options.pointee.validation = defaults.validationShare
  options.pointee.noise_amount = defaults.noiseAmount
  options.pointee.sparsity_weight = defaults.sparsityWeight
  options.pointee.sparsity_target = defaults.sparsityTarget
  options.pointee.contraction = defaults.contraction
  options.pointee.beta = defaults.beta
}

extension TrainingOptions {
  /// The options that a C struct describes, or the defaults for nil. Everything is copied; ranges
  /// are checked where training begins.
  ///
  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` naming the member.
  init(_ pointer: UnsafePointer<aez_train_options>?) throws(AEZipError) {
    self.init()
    guard let pointer else { return }
    try checkSize(
      pointer.pointee.struct_size, first: MemoryLayout<aez_train_options>.size, "options")
    let o = pointer.pointee
    kind = try known(AutoencoderKind(rawValue: byte(o.kind)), "options->kind")
    latentCount = Int(o.latents)
    hidden = try widths(o.hidden, o.hidden_count, "options->hidden")
    decoderHidden = try widths(
      o.decoder_hidden, o.decoder_hidden_count, "options->decoder_hidden")
    for number in try widths(o.activations, o.activation_count, "options->activations") ?? [] {
      let number = Int32(truncatingIfNeeded: number)
      activations.append(try known(Activation(rawValue: byte(number)), "options->activations"))
    }
    activation = try chosen(o.activation, "options->activation")
    latentActivation = try chosen(o.latent_activation, "options->latent_activation")
    skip = o.skip < 0 ? nil : o.skip != 0
    closedForm = o.closed_form != 0
    pretrain = o.pretrain != 0
    cosine = o.cosine != 0
    loss = try known(Loss(rawValue: byte(o.loss)), "options->loss")
    optimizer = try known(Optimizer(rawValue: byte(o.optimizer)), "options->optimizer")
    noise = try known(Noise(rawValue: byte(o.noise)), "options->noise")
    sparsity = try known(Sparsity(rawValue: byte(o.sparsity)), "options->sparsity")
    batchSize = Int(o.batch_size)
    epochs = Int(o.epochs)
    patience = Int(o.patience)
    threads = try threadCount(o.threads)
    seed = o.seed
    maximumRecords = try count(o.maximum_records, "options->maximum_records")
    learningRate = o.learning_rate
    momentum = o.momentum
    warmup = o.warmup
    weightDecay = o.weight_decay
    dropout = o.dropout
    validationShare = o.validation
    noiseAmount = o.noise_amount
    sparsityWeight = o.sparsity_weight
    sparsityTarget = o.sparsity_target
    contraction = o.contraction
    beta = o.beta
  }
}

/// A raw value that no enumeration has stands for one that does not fit.
private func byte(_ value: Int32) -> UInt8 { UInt8(exactly: value) ?? .max }

private func known<Value>(_ value: Value?, _ name: StaticString) throws(AEZipError) -> Value {
  guard let value else {
    throw .invalidArgument("@ is no number that aez.h lists", name: name)
  }
  return value
}

private func chosen(_ value: Int32, _ name: StaticString) throws(AEZipError) -> Activation? {
  value == -1 ? nil : try known(Activation(rawValue: byte(value)), name)
}

/// The caller's numbers, of which there are not many; nil for a count of AEZ_AUTO.
private func widths(
  _ numbers: UnsafePointer<Int32>?, _ count: Int32, _ name: StaticString
) throws(AEZipError) -> [Int]? {
  guard count != -1 else { return nil }
  guard count >= 0, count <= 64 else {
    throw .invalidArgument(
      "the number of @ is #; give 0 to 64, or AEZ_AUTO", Int(count), name: name)
  }
  var result: [Int] = []
  guard count > 0 else { return result }
  let numbers = try required(numbers, name)
  for index in 0..<Int(count) { result.append(Int(numbers[index])) }
  return result
}
