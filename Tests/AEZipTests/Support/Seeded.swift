/// Random numbers that come again: SplitMix64 (Steele, Lea and Flood, 2014).
struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// About normal: the sum of twelve uniform numbers.
  mutating func normal() -> Double {
    var sum = -6.0
    for _ in 0..<12 { sum += Double.random(in: 0..<1, using: &self) }
    return sum
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
  }

  /// Finite and not, large and small, zeros of both signs.
  mutating func special() -> Double {
    switch Int.random(in: 0..<16, using: &self) {
    case 0: .nan
    case 1: .infinity
    case 2: -.infinity
    case 3: -0.0
    case 4: 0
    case 5: .leastNonzeroMagnitude
    case 6: -.leastNormalMagnitude / 3
    case 7: 1.7e308
    case 8: -3.4e38
    case 9: 1e-40
    case 10: 2_000_000_000
    case 11: 4_000_000
    case 12: 0.5
    default: normal() * 1000
    }
  }
}
