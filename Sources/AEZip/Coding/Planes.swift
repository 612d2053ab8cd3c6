import CPlatform

// Records to planes and back: the values of one field in the order of blocks.
//
// Narrow types become Float, wide ones Double. 64-bit integers are stored relative to `base`, so
// that a Double holds them exactly when the chunk's range permits. Lanes without a record repeat a
// value of their strand, so that kernels need no masks.

extension ElementType {
  /// Whether planes of this type hold Float (else Double); every value is exact in it.
  var usesFloatPlane: Bool {
    switch self {
    case .f32, .i8, .i16, .u8, .u16: true
    case .f64, .i32, .i64, .u32, .u64: false
    }
  }
}

extension ElementType {
  /// Copies `count` values that lie `stride` bytes apart, as Float or Double (see
  /// ``usesFloatPlane``), `step` elements apart. `origin` is subtracted from 64-bit integers.
  @inline(never)
  func copy(
    _ source: UnsafeRawPointer, stride: Int, count: Int, origin: Int64,
    to target: UnsafeMutableRawPointer, step: Int
  ) {
    let float = target.assumingMemoryBound(to: Float.self)
    let double = target.assumingMemoryBound(to: Double.self)
    switch self {
    case .f32: Self.each(source, stride, count, float, step, Float.self) { $0 }
    case .i8: Self.each(source, stride, count, float, step, Int8.self) { Float($0) }
    case .i16: Self.each(source, stride, count, float, step, Int16.self) { Float($0) }
    case .u8: Self.each(source, stride, count, float, step, UInt8.self) { Float($0) }
    case .u16: Self.each(source, stride, count, float, step, UInt16.self) { Float($0) }
    case .f64: Self.each(source, stride, count, double, step, Double.self) { $0 }
    case .i32: Self.each(source, stride, count, double, step, Int32.self) { Double($0) }
    case .u32: Self.each(source, stride, count, double, step, UInt32.self) { Double($0) }
    case .i64, .u64:
      Self.each(source, stride, count, double, step, Int64.self) { Double($0 &- origin) }
    }
  }

  @inline(__always)
  private static func each<Stored, Wide>(
    _ source: UnsafeRawPointer, _ stride: Int, _ count: Int, _ target: UnsafeMutablePointer<Wide>,
    _ step: Int, _: Stored.Type, _ convert: (Stored) -> Wide
  ) {
    var source = source
    var target = target
    var left = count
    while left > 0 {
      target.pointee = convert(source.loadUnaligned(as: Stored.self))
      source += stride
      target += step
      left &-= 1
    }
  }
}

/// Copies some blocks of one field into its plane.
func gather(
  _ records: UnsafeRawPointer, recordSize: Int, type: ElementType, origin: Int64, strands: Strands,
  blocks: Range<Int>, into plane: Plane
) {
  let size = type.usesFloatPlane ? 4 : 8
  for lane in 0..<strands.laneCount {
    let first = strands.firstRecord(lane: lane)
    let length = strands.firstRecord(lane: lane + 1) - first
    let end = min(blocks.upperBound, length)
    let start = plane.base + lane * size
    type.copy(
      records + (first + blocks.lowerBound) * recordSize, stride: recordSize,
      count: end - blocks.lowerBound, origin: origin,
      to: start + blocks.lowerBound * Strands.width * size, step: Strands.width)
    if end < blocks.upperBound {
      type.copy(
        records + first * recordSize, stride: 0, count: 1, origin: origin,
        to: start + end * Strands.width * size, step: 0)
    }
  }
  guard strands.laneCount < Strands.width else { return }
  for block in blocks {
    let row = plane.base + block * Strands.width * size
    // All strands in turn: plans are made from all lanes.
    for lane in strands.laneCount..<Strands.width {
      memcpy(row + lane * size, row + (lane % strands.laneCount) * size, size)
    }
  }
}

/// Writes block after block of a field into output records; the inverse of ``gather``.
struct Scatter {
  let output: UnsafeMutableRawPointer
  let recordSize: Int
  let offset: Int
  let type: ElementType
  let origin: Int64
  /// Records of the chunk that the output wants; the first of them lies at `output`.
  let wanted: Range<Int>

  /// - Parameter values: of a block, as Float or Double, whichever its plane would hold.
  func block(
    _ block: Int, _ strands: Strands, _ values: UnsafeRawPointer, _ kernels: Kernels
  ) {
    var places = aezk_places()
    places.records = wanted.count
    places.record_size = recordSize
    places.first = block - wanted.lowerBound
    places.strand = strands.recordCount / strands.laneCount
    places.longer = strands.recordCount % strands.laneCount
    places.lanes = block < places.strand ? strands.laneCount : places.longer
    kernels.call.scatter(output + offset, values, Int32(type.rawValue), origin, &places)
  }
}

extension ElementType {
  /// The values that the type can hold, seen from `origin` for 64-bit integers: restored values are
  /// clamped to them, so that no conversion traps. Floats are not clamped.
  func clampRange(origin: Int64) -> ClosedRange<Double> {
    // Planes of 64-bit integers span at most 2^53 around the origin.
    let widest = Int64(1) << 53
    switch self {
    case .f32, .f64: return -Double.infinity...Double.infinity
    case .i8: return -128...127
    case .u8: return 0...255
    case .i16: return -32768...32767
    case .u16: return 0...65535
    case .i32: return -2_147_483_648...2_147_483_647
    case .u32: return 0...4_294_967_295
    case .i64:
      let (low, under) = Int64.min.subtractingReportingOverflow(origin)
      let (high, over) = Int64.max.subtractingReportingOverflow(origin)
      return Double(under ? -widest : max(low, -widest))...Double(over ? widest : min(high, widest))
    case .u64:
      let value = UInt64(bitPattern: origin)
      let below = min(value, UInt64(widest))
      let above = min(UInt64.max - value, UInt64(widest))
      return -Double(below)...Double(above)
    }
  }
}
