import CPlatform

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
    let kernels = Kernels()
    guard let scratch = try? Memory<Double>(3 * 64) else { return }
    // A few records at a time, so that each is read from memory once.
    var first = 0
    while first < count {
      let batch = min(64, count - first)
      let base = records.baseAddress! + first * size
      for index in 0..<layout.fields.count {
        let field = layout.fields[index]
        if case .relative = field.bound {} else { continue }
        let p = base + field.offset
        if field.type.isWideInteger {
          extend(index, field.type, field.type.integerRange(p, stride: size, count: batch))
        } else {
          // Lanes without a record repeat the first one.
          let lanes = UnsafeMutableRawPointer(scratch.base)
          field.type.copy(p, stride: size, count: batch, origin: 0, to: lanes, step: 1)
          field.type.copy(
            p, stride: 0, count: 64 - batch, origin: 0,
            to: lanes + batch * (field.type.usesFloatPlane ? 4 : 8), step: 1)
          extend(index, field.type, lanes, kernels)
        }
      }
      first += batch
    }
  }

  private mutating func extend(
    _ field: Int, _ type: ElementType, _ lanes: UnsafeMutableRawPointer, _ kernels: Kernels
  ) {
    if type.usesFloatPlane {
      let x = lanes.assumingMemoryBound(to: Float.self)
      for lane in 0..<64 {
        x[64 + lane] = .infinity
        x[128 + lane] = -.infinity
      }
      _ = kernels.call.extent_f32(x, x + 64, x + 128)
      for lane in 0..<64 {
        minima[field] = min(minima[field], Double(x[64 + lane]))
        maxima[field] = max(maxima[field], Double(x[128 + lane]))
      }
    } else {
      let x = lanes.assumingMemoryBound(to: Double.self)
      for lane in 0..<64 {
        x[64 + lane] = .infinity
        x[128 + lane] = -.infinity
      }
      _ = kernels.call.extent_f64(x, x + 64, x + 128)
      for lane in 0..<64 {
        minima[field] = min(minima[field], x[64 + lane])
        maxima[field] = max(maxima[field], x[128 + lane])
      }
    }
  }

  private mutating func extend(
    _ field: Int, _ type: ElementType, _ range: (low: UInt64, high: UInt64)
  ) {
    var (low, high) = range
    let flip = type.signFlip
    if let before = integers[field] {
      if before.low ^ flip < low ^ flip { low = before.low }
      if before.high ^ flip > high ^ flip { high = before.high }
    }
    integers[field] = (low, high)
    minima[field] = type.double(low)
    maxima[field] = type.double(high)
  }
}

extension ElementType {
  /// Whether a Double may round values of this type.
  var isWideInteger: Bool { self == .i64 || self == .u64 }

  /// A 64-bit integer of this type, given as its bits.
  func double(_ bits: UInt64) -> Double {
    self == .i64 ? Double(Int64(bitPattern: bits)) : Double(bits)
  }

  /// What turns the order of 64-bit integers of this type into that of their bits.
  fileprivate var signFlip: UInt64 { self == .i64 ? 1 << 63 : 0 }

  /// The smallest and largest of some 64-bit integers, as their bits.
  func integerRange(
    _ source: UnsafeRawPointer, stride: Int, count: Int
  ) -> (low: UInt64, high: UInt64) {
    let flip = signFlip
    var low = UInt64.max
    var high = UInt64.min
    var source = source
    for _ in 0..<count {
      let value = source.loadUnaligned(as: UInt64.self) ^ flip
      low = min(low, value)
      high = max(high, value)
      source += stride
    }
    return (low ^ flip, high ^ flip)
  }
}
