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
