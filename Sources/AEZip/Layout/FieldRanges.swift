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
  private var integers: List<(low: UInt64, high: UInt64)?>
  let layout: Layout

  public init(layout: Layout) {
    self.layout = layout
    minima = [Double](repeating: .infinity, count: layout.fields.count)
    maxima = [Double](repeating: -.infinity, count: layout.fields.count)
    integers = List<(low: UInt64, high: UInt64)?>(repeating: nil, count: layout.fields.count)
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
  ///
  /// - Throws: ``AEZipError/outOfMemory(bytes:)``.
  public mutating func add(_ records: UnsafeRawBufferPointer) throws(AEZipError) {
    try add(records, all: false)
  }

  /// - Parameter all: also fields whose bound is not relative.
  mutating func add(_ records: UnsafeRawBufferPointer, all: Bool) throws(AEZipError) {
    let size = layout.recordSize
    let count = records.count / size
    let kernels = Kernels()
    // For each field 64 running minima, as many maxima, and the values of 64 records.
    let fieldCount = layout.fields.count
    guard count > 0 else { return }
    let lanes = try Memory<Double>(fieldCount * 192)
    var fields = try RecordFields(
      most: fieldCount, recordSize: size, strands: Strands(recordCount: 64, laneCount: 64))
    for index in 0..<fieldCount {
      let field = layout.fields[index]
      field.type.clearExtent(lanes.base + index * 192)
      guard all || field.bound.isRelative, !field.type.isWideInteger else { continue }
      fields.add(
        lanes.base + (index * 192 + 128), offset: field.offset, type: field.type, origin: 0)
    }
    // A few records at a time, so that each is read from memory once.
    var first = try addDense(records, all: all, kernels)
    while first < count {
      let batch = min(64, count - first)
      let base = records.baseAddress! + first * size
      fields.gather(0, lanes: batch, row: 0, from: base, kernels)
      for index in 0..<fieldCount {
        let field = layout.fields[index]
        guard all || field.bound.isRelative else { continue }
        if field.type.isWideInteger {
          extend(
            index, field.type,
            field.type.integerRange(base + field.offset, stride: size, count: batch))
        } else {
          let extent = lanes.base + index * 192
          field.type.extend(extent, by: extent + 128, kernels)
        }
      }
      first += batch
    }
    for index in 0..<fieldCount where integers[index] == nil {
      let (low, high) = layout.fields[index].type.extent(lanes.base + index * 192)
      minima[index] = min(minima[index], low)
      maxima[index] = max(maxima[index], high)
    }
  }

  /// Values that are looked at together in ``addDense(_:all:_:)``, at most.
  private static let longestPeriod = 1 << 16

  /// Of records that are floats alone, side by side: as many records as fill vectors of 64 values, again
  /// and again, without moving them.
  ///
  /// - Returns: how many records were taken into account.
  private mutating func addDense(
    _ records: UnsafeRawBufferPointer, all: Bool, _ kernels: Kernels
  ) throws(AEZipError) -> Int {
    let (type, fieldCount) = (layout.fields[0].type, layout.fields.count)
    guard type.isFloat, layout.recordSize == type.size * fieldCount,
      Int(bitPattern: records.baseAddress) % type.size == 0
    else { return 0 }
    for index in 0..<fieldCount {
      let field = layout.fields[index]
      guard field.type == type, field.offset == type.size * index, all || field.bound.isRelative
      else { return 0 }
    }
    let together = 64 >> min(6, fieldCount.trailingZeroBitCount)
    let period = together * fieldCount
    let rounds = records.count / layout.recordSize / together
    guard period <= Self.longestPeriod, rounds > 1 else { return 0 }
    let lanes = try Memory<Double>(2 * period)
    for group in 0..<period / 64 { type.clearExtent(lanes.base + 128 * group) }
    var values = records.baseAddress!
    for _ in 0..<rounds {
      for group in 0..<period / 64 {
        type.extend(lanes.base + 128 * group, by: values, kernels)
        values += 64 * type.size
      }
    }
    for place in 0..<period {
      let extent = type.extent(lanes.base + 128 * (place / 64), lane: place % 64)
      let index = place % fieldCount
      minima[index] = min(minima[index], extent.low)
      maxima[index] = max(maxima[index], extent.high)
    }
    return rounds * together
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
    minima[field] = min(minima[field], type.double(low))
    maxima[field] = max(maxima[field], type.double(high))
  }
}

// Running extents of a plane's values: 64 minima, then as many maxima, in the plane's type.
extension ElementType {
  func clearExtent(_ lanes: UnsafeMutablePointer<Double>) {
    if usesFloatPlane {
      let x = UnsafeMutableRawPointer(lanes).assumingMemoryBound(to: Float.self)
      x.update(repeating: .infinity, count: 64)
      (x + 64).update(repeating: -.infinity, count: 64)
    } else {
      lanes.update(repeating: .infinity, count: 64)
      (lanes + 64).update(repeating: -.infinity, count: 64)
    }
  }

  /// Takes 64 values into account.
  func extend(
    _ lanes: UnsafeMutablePointer<Double>, by values: UnsafeRawPointer, _ kernels: Kernels
  ) {
    if usesFloatPlane {
      let x = UnsafeMutableRawPointer(lanes).assumingMemoryBound(to: Float.self)
      kernels.call.extent_f32(values.assumingMemoryBound(to: Float.self), x, x + 64)
    } else {
      kernels.call.extent_f64(
        values.assumingMemoryBound(to: Double.self), lanes, lanes + 64)
    }
  }

  func extent(_ lanes: UnsafeMutablePointer<Double>) -> (low: Double, high: Double) {
    var (low, high) = extent(lanes, lane: 0)
    for lane in 1..<64 {
      let next = extent(lanes, lane: lane)
      low = min(low, next.low)
      high = max(high, next.high)
    }
    return (low, high)
  }

  fileprivate func extent(
    _ lanes: UnsafeMutablePointer<Double>, lane: Int
  ) -> (low: Double, high: Double) {
    guard usesFloatPlane else { return (lanes[lane], lanes[64 + lane]) }
    let x = UnsafeMutableRawPointer(lanes).assumingMemoryBound(to: Float.self)
    return (Double(x[lane]), Double(x[64 + lane]))
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
