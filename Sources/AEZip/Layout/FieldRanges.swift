/// The smallest and largest finite value of every field: what a relative bound is relative to.
///
/// Start with ``init(layout:)``, then ``add(_:)`` batches of records in any number.
public struct FieldRanges: Sendable {
  /// `+infinity` for a field without finite values. 64-bit integers are rounded to Double.
  public var minima: [Double]
  /// `-infinity` for a field without finite values.
  public var maxima: [Double]
  /// The exact range of 64-bit integers, which Double may round: smallest and largest value as their
  /// bits, once there is one.
  private var integers: [(low: UInt64, high: UInt64)?]
  let layout: Layout

  public init(layout: Layout) {
    self.layout = layout
    minima = [Double](repeating: .infinity, count: layout.fields.count)
    maxima = [Double](repeating: -.infinity, count: layout.fields.count)
    integers = [(low: UInt64, high: UInt64)?](repeating: nil, count: layout.fields.count)
  }

  /// max - min of a field; 0 without finite values. Of 64-bit integers that were added it is exact
  /// up to 2^53, and rounded down beyond.
  func span(_ field: Int) -> Double {
    if let (low, high) = integers[field] {
      let span = high &- low
      return Double(span.leadingZeroBitCount < 11 ? span & ~0x7FF : span)
    }
    return minima[field] <= maxima[field] ? maxima[field] - minima[field] : 0
  }

  /// Takes the values of whole records into account; bytes after the last whole record are ignored,
  /// and so are fields whose bound is not relative.
  public mutating func add(_ records: UnsafeRawBufferPointer) {
    let size = layout.recordSize
    let count = records.count / size
    // A few records at a time, so that each is read from memory once.
    var first = 0
    while first < count {
      let batch = min(max(1, (1 << 15) / size), count - first)
      let base = records.baseAddress! + first * size
      for index in 0..<layout.fields.count {
        let field = layout.fields[index]
        if case .relative = field.bound {} else { continue }
        let p = base + field.offset
        let (low, high): (Double, Double) =
          switch field.type {
          case .f32: Self.range(p, size, batch, Float.self)
          case .f64: Self.range(p, size, batch, Double.self)
          case .i8: Self.range(p, size, batch, Int8.self)
          case .i16: Self.range(p, size, batch, Int16.self)
          case .i32: Self.range(p, size, batch, Int32.self)
          case .i64: extend(index, Self.integers(p, size, batch, Int64.self))
          case .u8: Self.range(p, size, batch, UInt8.self)
          case .u16: Self.range(p, size, batch, UInt16.self)
          case .u32: Self.range(p, size, batch, UInt32.self)
          case .u64: extend(index, Self.integers(p, size, batch, UInt64.self))
          }
        if low < minima[index] { minima[index] = low }
        if high > maxima[index] { maxima[index] = high }
      }
      first += batch
    }
  }

  @inline(__always)
  private static func range<T: BinaryFloatingPoint>(
    _ p: UnsafeRawPointer, _ size: Int, _ count: Int, _: T.Type
  ) -> (Double, Double) {
    var low = T.infinity
    var high = -T.infinity
    let largest = T.greatestFiniteMagnitude
    var p = p
    for _ in 0..<count {
      let value = p.loadUnaligned(as: T.self)
      // NaN compares false, so only finite values get through.
      if value < low && value >= -largest { low = value }
      if value > high && value <= largest { high = value }
      p += size
    }
    return (Double(low), Double(high))
  }

  private mutating func extend(_ field: Int, _ range: (Int64, Int64)) -> (Double, Double) {
    var (low, high) = range
    if let before = integers[field] {
      low = min(low, Int64(bitPattern: before.low))
      high = max(high, Int64(bitPattern: before.high))
    }
    integers[field] = (UInt64(bitPattern: low), UInt64(bitPattern: high))
    return (Double(low), Double(high))
  }

  private mutating func extend(_ field: Int, _ range: (UInt64, UInt64)) -> (Double, Double) {
    var (low, high) = range
    if let before = integers[field] { (low, high) = (min(low, before.low), max(high, before.high)) }
    integers[field] = (low, high)
    return (Double(low), Double(high))
  }

  @inline(__always)
  private static func range<T: FixedWidthInteger>(
    _ p: UnsafeRawPointer, _ size: Int, _ count: Int, _: T.Type
  ) -> (Double, Double) {
    let (low, high) = integers(p, size, count, T.self)
    return (Double(low), Double(high))
  }

  @inline(__always)
  private static func integers<T: FixedWidthInteger>(
    _ p: UnsafeRawPointer, _ size: Int, _ count: Int, _: T.Type
  ) -> (T, T) {
    var low = T.max
    var high = T.min
    var p = p
    for _ in 0..<count {
      let value = p.loadUnaligned(as: T.self)
      low = min(low, value)
      high = max(high, value)
      p += size
    }
    return (low, high)
  }
}
