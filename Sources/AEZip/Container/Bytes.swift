/// Writes numbers as Format.md, section 1, says: little-endian, counts as LEB128.
struct ByteWriter {
  private(set) var bytes: [UInt8] = []
  /// Where the bytes of another lane begin.
  private(set) var runs = List<(start: Int, lane: Lane)>([(0, .general)])
  /// The kind of what is written next.
  var lane = Lane.general {
    didSet { if lane != oldValue { runs.append((bytes.count, lane)) } }
  }

  @inline(never)
  mutating func byte(_ value: UInt8) { bytes.append(value) }

  /// Sets bits of a byte that was written before.
  mutating func set(_ bits: UInt8, at place: Int) { bytes[place] |= bits }

  @inline(never)
  mutating func u32(_ value: UInt32) {
    for shift in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt32(shift)))) }
  }

  @inline(never)
  mutating func u64(_ value: UInt64) {
    for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(shift)))) }
  }

  @inline(never)
  mutating func f64(_ value: Double) { u64(value.bitPattern) }

  @inline(never)
  mutating func f32(_ value: Float) { u32(value.bitPattern) }

  /// Seven bits a byte, low ones first, the high bit set on all but the last.
  @inline(never)
  mutating func count(_ value: Int) {
    var rest = UInt64(value)
    let own = lane
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
      if own.isSplit { lane = .continuations }
    }
    bytes.append(UInt8(rest))
    lane = own
  }

  /// Zig-zag: 0, -1, 1, -2 ... as 0, 1, 2, 3 ...
  @inline(never)
  mutating func signed(_ value: Int) { count(Int((value << 1) ^ (value >> 63))) }

  @inline(never)
  mutating func block(_ block: [UInt8]) {
    count(block.count)
    bytes += block
  }
}

/// Reads what ``ByteWriter`` wrote; every step is checked against what remains.
struct ByteReader {
  /// The bytes of a lane, and the next one of them.
  struct Part {
    var bytes: UnsafeRawBufferPointer
    var position: Int
  }

  private var bytes: UnsafeRawBufferPointer
  private(set) var position = 0
  /// Bytes of all lanes that were read.
  private(set) var taken = 0
  private let what: StaticString
  /// Of all lanes; none if they lie as they were written. That of the present one is out of date.
  private var parts = List<Part>()
  /// The kind of what is read next.
  var lane = Lane.general {
    didSet {
      guard parts.count > 0, lane != oldValue else { return }
      parts[oldValue.rawValue].position = position
      (bytes, position) = (parts[lane.rawValue].bytes, parts[lane.rawValue].position)
    }
  }

  init(_ bytes: UnsafeRawBufferPointer, what: StaticString) {
    self.bytes = bytes
    self.what = what
  }

  var remaining: Int { bytes.count - position }

  /// Reads on in lanes.
  mutating func enter(_ parts: List<Part>) {
    self.parts = parts
    (bytes, position) = (parts[lane.rawValue].bytes, 0)
  }

  @inline(never)
  mutating func take(_ size: Int) throws(AEZipError) -> UnsafeRawBufferPointer {
    guard size >= 0, size <= remaining else {
      throw .truncated(what: what, needed: size, available: remaining)
    }
    let start = position
    position += size
    taken += size
    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + size])
  }

  @inline(never)
  mutating func byte() throws(AEZipError) -> UInt8 { try take(1)[0] }

  @inline(never)
  mutating func u32() throws(AEZipError) -> UInt32 {
    UInt32(littleEndian: try take(4).loadUnaligned(as: UInt32.self))
  }

  @inline(never)
  mutating func u64() throws(AEZipError) -> UInt64 {
    UInt64(littleEndian: try take(8).loadUnaligned(as: UInt64.self))
  }

  @inline(never)
  mutating func f64() throws(AEZipError) -> Double { Double(bitPattern: try u64()) }

  @inline(never)
  mutating func f32() throws(AEZipError) -> Float { Float(bitPattern: try u32()) }

  /// A count of at most `limit`, which must not exceed `Int.max`.
  @inline(never)
  mutating func count(limit: Int = Int.max) throws(AEZipError) -> Int {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    let own = lane
    while true {
      let next = try byte()
      value |= UInt64(next & 0x7F) << shift
      if next & 0x80 == 0 { break }
      shift += 7
      if own.isSplit { lane = .continuations }
      guard shift < 63 else { throw .corrupted(what: what, declared: Int.max, computed: limit) }
    }
    lane = own
    guard value <= UInt64(limit) else {
      throw .limitExceeded(
        what: what, value: Int(truncatingIfNeeded: min(value, UInt64(Int.max))), limit: limit)
    }
    return Int(value)
  }

  @inline(never)
  mutating func signed() throws(AEZipError) -> Int {
    let value = try count()
    return (value >> 1) ^ -(value & 1)
  }

  /// A byte that must be below `limit`.
  @inline(never)
  mutating func byte(below limit: Int) throws(AEZipError) -> Int {
    let value = Int(try byte())
    guard value < limit else { throw .limitExceeded(what: what, value: value, limit: limit - 1) }
    return value
  }

  @inline(never)
  mutating func block(limit: Int) throws(AEZipError) -> UnsafeRawBufferPointer {
    try take(try count(limit: limit))
  }

  /// Checks that nothing is left, in no lane.
  func expectEnd() throws(AEZipError) {
    var left = remaining
    for index in 0..<parts.count where index != lane.rawValue {
      left += parts[index].bytes.count - parts[index].position
    }
    guard left == 0 else {
      throw .corrupted(what: what, declared: taken, computed: taken + left)
    }
  }
}
