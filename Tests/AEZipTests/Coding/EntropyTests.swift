import Testing

@testable import AEZip

@Suite struct EntropyTests {
  @Test func logarithmsOfPowersOfTwoAreExact() {
    for exponent in -1022...1023 {
      #expect(
        Entropy.log2(Double(sign: .plus, exponent: exponent, significand: 1)) == Double(exponent))
    }
  }

  /// log2(x^2) = 2 log2(x) and log2(2^(1/2^k)) = 1/2^k, with squaring and roots alone.
  @Test func logarithmsAreAccurateToAHundredThousandth() {
    var x = 2.0
    var expected = 1.0
    for _ in 0..<20 {
      x = x.squareRoot()
      expected /= 2
      #expect((Entropy.log2(x) - expected).magnitude < 1e-5)
      #expect((Entropy.log2(1 / x) + expected).magnitude < 1e-5)
    }
    // Known values: log2(3), log2(10), log2(1000003).
    for (x, log) in [
      (3, 1.584962500721156), (10, 3.321928094887362), (1_000_003, 19.931572904117937),
    ] as [(Double, Double)] {
      #expect((Entropy.log2(x) - log).magnitude < 1e-5)
    }
  }

  @Test func entropyOfKnownCounts() {
    #expect(Entropy.bits([]) == 0)
    #expect(Entropy.bits([0, 0]) == 0)
    #expect(Entropy.bits([5]) == 0)
    #expect((Entropy.bits([4, 4]) - 8).magnitude < 1e-4)
    #expect((Entropy.bits([1, 1, 2]) - 6).magnitude < 1e-4)
    #expect((Entropy.bits([10, 0, 10, 10, 10]) - 80).magnitude < 1e-3)
  }

  private func huffmanBits(_ counts: [Int]) -> Double {
    counts.withUnsafeBufferPointer { Entropy.huffmanBits($0) }
  }

  /// The end of the block counts once.
  @Test func huffmanBitsOfTreesBuiltByHand() {
    #expect(huffmanBits([]) == 0)
    #expect(huffmanBits([0, 0]) == 0)
    #expect(huffmanBits([7]) == 7 + 1)
    // 1 3 5: lengths 2, 2, 1
    #expect(huffmanBits([3, 5]) == 2 + 6 + 5)
    // 1 1 1 2: two bits each
    #expect(huffmanBits([1, 1, 2]) == 10)
    // Sums of 1 5 9 12 13 16 45 as they merge
    #expect(huffmanBits([5, 9, 12, 13, 16, 45]) == 6 + 15 + 25 + 31 + 56 + 101)
    // And of 1 1 1 2 3 5 8
    #expect(huffmanBits([1, 1, 2, 3, 5, 8]) == 2 + 3 + 5 + 8 + 13 + 21)
    // One of 256 leaves makes room for the end.
    #expect(huffmanBits([Int](repeating: 1, count: 256)) == 255 * 8 + 2 * 9)
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func huffmanTakesAtLeastTheEntropyAndLessThanOneBitMore(seed: UInt64) {
    var random = Seeded(seed)
    let counts = (0..<100).map { _ in
      Int(random.next() >> UInt64.random(in: 45...64, using: &random))
    }
    let total = Double(counts.reduce(0, +))
    let entropy = Entropy.bits(counts)
    #expect(huffmanBits(counts) >= entropy - 1e-4 * total)
    #expect(huffmanBits(counts) <= entropy + total)
  }
}
