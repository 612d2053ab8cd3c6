/// Random numbers by their place, not by what was drawn before: any thread may draw any of them.
///
///     number(i) = mix(mix(seed + purpose) + i)        SplitMix64 (Steele, Lea and Flood, 2014)
struct RandomStream {
  enum Purpose: UInt64 {
    case weights = 1, order, split, reservoir, noise, dropout, latents, sample
  }

  private let key: UInt64

  init(seed: UInt64, purpose: Purpose) {
    key = Self.mix(Self.mix(seed) &+ purpose.rawValue)
  }

  private static func mix(_ x: UInt64) -> UInt64 {
    var z = x &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  func bits(_ place: UInt64) -> UInt64 { Self.mix(key &+ place &* 0x9E37_79B9_7F4A_7C15) }

  /// Below `bound`, which is at least 1.
  func integer(_ place: UInt64, below bound: Int) -> Int {
    Int(bits(place).multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// In 0 ..< 1.
  func uniform(_ place: UInt64) -> Float { Float(bits(place) >> 40) * 0x1p-24 }

  /// About normal: the sum of eight numbers of 16 bits; within 4.9 standard deviations.
  func normal(_ place: UInt64) -> Float {
    let (a, b) = (bits(2 &* place), bits(2 &* place &+ 1))
    var sum: UInt64 = 0
    for shift in [0, 16, 32, 48] as [UInt64] {
      sum += (a >> shift & 0xFFFF) + (b >> shift & 0xFFFF)
    }
    // Mean 8 * 65535 / 2; variance 8 * (2^32 - 1) / 12.
    return (Float(sum) - 262_140) * 1.8688e-5
  }
}
