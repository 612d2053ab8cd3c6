/// The bytes of a stream numbered anew, so that likely ones come first: in the order of the weights of
/// the symbols that they stand for. Then the lengths of their codes rise, if not always, and a deflate
/// stream's tables take half as many bits. Format.md, section 6.6.
///
/// A weight is about the length of a perfect code in eighths of a bit. There is one for each symbol of the
/// grouping's alphabet; for zero runs one for a zero, in parts of 128 from version 7 on, for the symbols 1
/// and 2, and for an escape.
struct ByteOrder {
  /// The bit of a stream's grouping that says that weights follow.
  static let flag = 8

  let weights: [UInt8]
  /// Of each number the byte.
  let bytes: [Int]

  /// - Parameters:
  ///   - grouping: the index in the file, not 0.
  ///   - weights: ``weightCount(_:)`` of them.
  init(_ grouping: Int, _ weights: [UInt8]) {
    var keys = [Double]()
    for byte in 0..<256 {
      var sum = 0
      let isUsed = Self.forEachSymbol(of: byte, grouping) {
        sum += Int(weights[$0]) * (128 / Self.parts($0, grouping)) * $1
      }
      // Bytes that stand for nothing come last.
      keys.append(isUsed ? Double(sum) : 1e6)
    }
    self.weights = weights
    bytes = ascending(keys)
  }

  /// The order that fits bytes of these 256 counts.
  init(_ grouping: Int, fitting counts: UnsafePointer<Int>) {
    var symbols = [Int](repeating: 0, count: Self.weightCount(grouping))
    var total = 0
    for byte in 0..<256 where counts[byte] > 0 {
      _ = Self.forEachSymbol(of: byte, grouping) {
        symbols[$0] += counts[byte] * $1
        total += counts[byte] * $1
      }
    }
    var weights = [UInt8]()
    for symbol in 0..<symbols.count {
      let share = Double(max(1, total)) / max(0.5, Double(symbols[symbol]))
      let parts = Double(Self.parts(symbol, grouping))
      weights.append(UInt8(min(255, parts * Entropy.log2(share) + 0.5)))
    }
    self.init(grouping, weights)
  }

  static func weightCount(_ grouping: Int) -> Int {
    grouping >= Grouping.oldZeroRuns ? 4 : Grouping.all[grouping].alphabet
  }

  /// Parts of a bit that a symbol's weight counts.
  private static func parts(_ symbol: Int, _ grouping: Int) -> Int {
    symbol == 0 && grouping == Grouping.zeroRuns ? 128 : 8
  }

  /// Calls `body` with the symbols that a byte stands for and how often each occurs; returns false if
  /// it stands for nothing.
  private static func forEachSymbol(
    of byte: Int, _ grouping: Int, _ body: (_ symbol: Int, _ count: Int) -> Void
  ) -> Bool {
    if grouping >= Grouping.oldZeroRuns {
      let isOnlyZeros = byte == Int(ZeroRuns.onlyZeros)
      body(0, isOnlyZeros ? ZeroRuns.longest : byte / 3)
      if !isOnlyZeros { body(1 + byte % 3, 1) }
      return byte <= ZeroRuns.onlyZeros
    }
    let grouping = Grouping.all[grouping]
    var rest = byte
    for _ in 0..<grouping.size {
      body(rest % grouping.alphabet, 1)
      rest /= grouping.alphabet
    }
    return rest == 0
  }
}
