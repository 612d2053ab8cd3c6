import CPlatform

// Records to planes and back: the values of one field in the order of blocks.
//
// Narrow types become Float, wide ones Double. 64-bit integers are stored relative to `base`, so
// that a Double holds them exactly when the chunk's range permits. Lanes without a record repeat the
// first lane's value, so that kernels need no masks.

extension ElementType {
  /// Whether planes of this type hold Float (else Double); every value is exact in it.
  var usesFloatPlane: Bool {
    switch self {
    case .f32, .i8, .i16, .u8, .u16: true
    case .f64, .i32, .i64, .u32, .u64: false
    }
  }
}

/// Copies some blocks of one field into its plane.
func gather(
  _ records: UnsafeRawPointer, recordSize: Int, type: ElementType, origin: Int64, strands: Strands,
  blocks: Range<Int>, into plane: Plane, _ kernels: Kernels
) {
  let size = type.usesFloatPlane ? 4 : 8
  var places = aezk_places()
  places.record_size = recordSize
  places.strand = strands.recordCount / strands.laneCount
  places.longer = strands.recordCount % strands.laneCount
  for block in blocks {
    let row = plane.base + block * Strands.width * size
    places.first = block
    places.lanes = block < places.strand ? strands.laneCount : places.longer
    kernels.call.gather(row, records, Int32(type.rawValue), origin, &places)
    for lane in places.lanes..<Strands.width { memcpy(row + lane * size, row, size) }
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
