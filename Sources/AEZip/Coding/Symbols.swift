// Codes to symbols; Format.md, section 6.6. The way back is the kernel `codes`.
//
// A code q becomes u = zigzag(q), its `shift` low bits are kept raw, and the rest h is a symbol:
//
//     h < 128:  symbol h
//     else:     symbol 128 + 4 * (o - 7) + the two bits after the leading one, o = floor(log2(h)),
//               followed by o - 2 raw bits

/// 0, -1, 1, -2 ... as 0, 1, 2, 3 ...
@inline(__always)
func zigzag(_ code: Int32) -> UInt32 { UInt32(bitPattern: (code &<< 1) ^ (code &>> 31)) }

enum Symbols {
  /// One more than the largest symbol: 128 + 4 * 25.
  static let count = 228
  static let direct: UInt32 = 128

  /// The symbol of h, and how many raw bits follow it.
  @inline(__always)
  static func symbol(_ h: UInt32) -> (symbol: UInt8, rawBits: Int) {
    if h < direct { return (UInt8(truncatingIfNeeded: h), 0) }
    let octave = 31 &- h.leadingZeroBitCount
    let mantissa = (h &>> UInt32(truncatingIfNeeded: octave &- 2)) & 3
    return (UInt8(truncatingIfNeeded: 128 &+ 4 &* (octave &- 7) &+ Int(mantissa)), octave &- 2)
  }
}

/// Several symbols in one byte, for planes of low entropy: digits of a number to the base
/// `alphabet`, the first symbol the lowest digit. The largest digit stands for "a byte of its own
/// follows in the escapes".
struct Grouping {
  let alphabet: Int
  let size: Int

  /// The index is what the file holds; 0 is a byte each, without escapes.
  static let all = [
    Grouping(alphabet: 256, size: 1), Grouping(alphabet: 16, size: 2),
    Grouping(alphabet: 6, size: 3), Grouping(alphabet: 4, size: 4),
    Grouping(alphabet: 3, size: 5),
  ]

  /// The indexes of ``ZeroRuns`` in the file, after those of `all`; the first until version 6.
  static let oldZeroRuns = 5
  static let zeroRuns = 6

  /// Bytes that hold `count` symbols.
  func byteCount(_ count: Int) -> Int { (count + size - 1) / size }
}
