// Codes to symbols and back; Format.md, section 6.6.
//
// A code q becomes u = zigzag(q), its `shift` low bits are kept raw, and the rest h is a symbol:
//
//     h < 128:  symbol h
//     else:     symbol 128 + 4 * (o - 7) + the two bits after the leading one, o = floor(log2(h)),
//               followed by o - 2 raw bits

/// 0, -1, 1, -2 ... as 0, 1, 2, 3 ...
@inline(__always)
func zigzag(_ code: Int32) -> UInt32 { UInt32(bitPattern: (code &<< 1) ^ (code &>> 31)) }

/// The inverse of ``zigzag(_:)``.
@inline(__always)
func unzigzag(_ value: UInt32) -> Int32 {
  Int32(bitPattern: (value &>> 1) ^ (0 &- (value & 1)))
}

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

  /// The smallest h of a symbol of at least 128, and how many raw bits follow.
  @inline(__always)
  static func range(_ symbol: UInt8) -> (base: UInt32, rawBits: Int) {
    let index = UInt32(symbol) &- 128
    let octave = min(index &>> 2 &+ 7, 31)
    return ((4 &+ (index & 3)) &<< (octave &- 2), Int(octave) &- 2)
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

  /// The index of ``ZeroRuns`` in the file, after those of `all`.
  static let zeroRuns = 5

  /// Bytes that hold `count` symbols.
  func byteCount(_ count: Int) -> Int { (count + size - 1) / size }
}

/// Zeros counted rather than coded, for planes that are nearly all zeros:
///
///     byte 3 * r + v, r < 84: r zeros, then symbol 1 (v = 0), 2 (v = 1), or the next escape (v = 2)
///     byte 252:               84 zeros
///
/// Zeros after the last other symbol are not coded.
enum ZeroRuns {
  static let longest = 84
  static let onlyZeros: UInt8 = 252

  /// Calls `emit` for each byte, and `escape` for each symbol above 2.
  @inline(__always)
  static func encode(
    _ symbols: UnsafePointer<UInt8>, _ count: Int, emit: (UInt8) throws(AEZipError) -> Void,
    escape: (UInt8) throws(AEZipError) -> Void
  ) throws(AEZipError) {
    var run = 0
    for index in 0..<count {
      let symbol = symbols[index]
      if symbol == 0 {
        run &+= 1
        continue
      }
      while run >= longest {
        try emit(onlyZeros)
        run &-= longest
      }
      try emit(UInt8(truncatingIfNeeded: 3 &* run &+ Int(min(symbol, 3)) &- 1))
      if symbol > 2 { try escape(symbol) }
      run = 0
    }
  }
}

/// Writes numbers of 0 to 32 bits, low bits first.
final class BitWriter {
  let bytes: ByteBuffer
  private var pending: UInt64 = 0
  private var pendingCount = 0

  init() throws(AEZipError) { bytes = try ByteBuffer(capacity: 1 << 12) }

  /// - Precondition: `value` has no bits beyond `count`.
  @inline(__always)
  func write(_ value: UInt32, _ count: Int) throws(AEZipError) {
    pending |= UInt64(value) &<< UInt64(pendingCount)
    pendingCount &+= count
    if pendingCount >= 32 {
      let target = try bytes.reserve(4)
      UnsafeMutableRawPointer(target).storeBytes(
        of: UInt32(truncatingIfNeeded: pending).littleEndian, as: UInt32.self)
      bytes.commit(4)
      pending &>>= 32
      pendingCount &-= 32
    }
  }

  /// Completes the last byte.
  func flush() throws(AEZipError) {
    while pendingCount > 0 {
      let target = try bytes.reserve(1)
      target.pointee = UInt8(truncatingIfNeeded: pending)
      bytes.commit(1)
      pending &>>= 8
      pendingCount -= 8
    }
    pending = 0
    pendingCount = 0
  }
}

/// The inverse of ``BitWriter``. Reading past the end gives zeros; ask ``isExhausted`` afterwards.
struct BitReader {
  private let bytes: UnsafePointer<UInt8>
  private let count: Int
  private var position = 0
  private var pending: UInt64 = 0
  private var pendingCount = 0

  init(_ bytes: UnsafePointer<UInt8>, count: Int) {
    self.bytes = bytes
    self.count = count
  }

  /// `size` is 0 ... 32.
  @inline(__always)
  mutating func read(_ size: Int) -> UInt32 {
    if pendingCount < size {
      if position &+ 4 <= count {
        let next = UnsafeRawPointer(bytes + position).loadUnaligned(as: UInt32.self)
        pending |= UInt64(UInt32(littleEndian: next)) &<< UInt64(pendingCount)
        position &+= 4
        pendingCount &+= 32
      } else {
        while pendingCount < size {
          let next: UInt64 = position < count ? UInt64(bytes[position]) : 0
          pending |= next &<< UInt64(pendingCount)
          position &+= 1
          pendingCount &+= 8
        }
      }
    }
    let value = pending & ((1 &<< UInt64(size)) &- 1)
    pending &>>= UInt64(size)
    pendingCount &-= size
    return UInt32(truncatingIfNeeded: value)
  }

  /// Whether all bytes were read, and none beyond the end.
  var isExhausted: Bool { position == count && pendingCount < 8 }
}
