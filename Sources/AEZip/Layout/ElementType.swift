/// The numeric types of a field, little-endian in memory and in the container.
///
/// The raw values are those of `aez_type` and of Format.md, section 3.
public enum ElementType: UInt8, Sendable, CaseIterable {
  case f32 = 1
  case f64 = 2
  case i8 = 3
  case i16 = 4
  case i32 = 5
  case i64 = 6
  case u8 = 7
  case u16 = 8
  case u32 = 9
  case u64 = 10

  /// Bytes of one value: 1, 2, 4 or 8.
  public var size: Int {
    switch self {
    case .i8, .u8: 1
    case .i16, .u16: 2
    case .f32, .i32, .u32: 4
    case .f64, .i64, .u64: 8
    }
  }

  public var isFloat: Bool {
    switch self {
    case .f32, .f64: true
    case .i8, .i16, .i32, .i64, .u8, .u16, .u32, .u64: false
    }
  }
}

extension ElementType {
  /// One value as a Double, rounded for integers above 2^53.
  ///
  /// - Parameter place: `size` bytes, at any address.
  public func load(_ place: UnsafeRawPointer) -> Double {
    switch self {
    case .f32: Double(place.loadUnaligned(as: Float.self))
    case .f64: place.loadUnaligned(as: Double.self)
    case .i8: Double(place.load(as: Int8.self))
    case .i16: Double(place.loadUnaligned(as: Int16.self))
    case .i32: Double(place.loadUnaligned(as: Int32.self))
    case .i64: Double(place.loadUnaligned(as: Int64.self))
    case .u8: Double(place.load(as: UInt8.self))
    case .u16: Double(place.loadUnaligned(as: UInt16.self))
    case .u32: Double(place.loadUnaligned(as: UInt32.self))
    case .u64: Double(place.loadUnaligned(as: UInt64.self))
    }
  }

  /// Writes a value, rounded and clamped to the type; NaN becomes 0 in integers.
  ///
  /// - Parameter place: `size` bytes, at any address.
  public func store(_ value: Double, to place: UnsafeMutableRawPointer) {
    switch self {
    case .f32: return place.storeBytes(of: Float(value), as: Float.self)
    case .f64: return place.storeBytes(of: value, as: Double.self)
    default: break
    }
    let whole = value.magnitude < 0x1p51 ? nearest(value) : value
    if self == .u64 {
      let bits = whole >= 0x1p64 ? UInt64.max : whole > 0 ? UInt64(whole) : 0
      return place.storeBytes(of: bits, as: UInt64.self)
    }
    let range = clampRange(origin: 0)
    let limited =
      self == .i64
      ? max(-0x1p63, min(whole, 0x1p63 - 1024))
      : max(range.lowerBound, min(whole, range.upperBound))
    let bits = limited == limited ? Int64(limited) : 0
    // Little-endian: the low bytes come first.
    withUnsafeBytes(of: bits) { place.copyMemory(from: $0.baseAddress!, byteCount: size) }
  }
}
