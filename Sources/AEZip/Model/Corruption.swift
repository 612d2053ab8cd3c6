/// How a denoising autoencoder's input is disturbed (Vincent et al., 2008).
struct Corruption {
  private let noise: Noise
  private let amount: Float
  private let random: RandomStream

  /// nil if the model does not restore disturbed records.
  init?(_ options: TrainingOptions) {
    guard options.kind == .denoising else { return nil }
    noise = options.noise
    amount = Float(options.noiseAmount)
    random = RandomStream(seed: options.seed, purpose: .noise)
  }

  /// Disturbs a record.
  ///
  /// - Parameters:
  ///   - x: standardized values, 0 where they are missing, `step` elements apart.
  ///   - place: of the record's first random number; those of its other fields follow.
  func disturb(
    _ x: UnsafeMutablePointer<Float>, step: Int, _ standardizer: Standardizer, place: Int
  ) {
    for field in 0..<standardizer.fieldCount {
      let value = x + field * step
      let number = UInt64(place + field)
      if noise == .gaussian {
        value.pointee += amount * random.normal(number)
        continue
      }
      let chance = random.uniform(number)
      guard chance < amount else { continue }
      let isHigh = chance < amount / 2
      value.pointee =
        noise == .masking ? 0 : standardizer.isBinary[field] ? (isHigh ? 1 : 0) : isHigh ? 2 : -2
    }
  }
}
