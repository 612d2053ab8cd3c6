import CPlatform

// Records to planes and back: the values of one field in the order of blocks.
//
// Narrow types become Float, wide ones Double. 64-bit integers are stored relative to `base`, so
// that a Double holds them exactly when the chunk's range permits. Lanes without a record repeat values,
// so that kernels need no masks.

extension ElementType {
  /// Whether planes of this type hold Float (else Double); every value is exact in it.
  var usesFloatPlane: Bool {
    switch self {
    case .f32, .i8, .i16, .u8, .u16: true
    case .f64, .i32, .i64, .u32, .u64: false
    }
  }
}

/// Some fields of records, and where the values of a block's lanes lie: moves them forth and back.
struct RecordFields {
  /// Fields of one type that are moved together: so many that they and their values stay in the
  /// cache.
  private struct Group {
    var first: Int
    var count: Int
    var type: ElementType
  }
  private static let mostTogether = 32

  private let cells: Memory<aezk_cell>
  private var count = 0
  private var groups = List<Group>()
  private var places = aezk_places()
  private let laneCount: Int

  /// - Parameters:
  ///   - most: how many fields will be added.
  ///   - recordSize: bytes from one record to the next.
  init(most: Int, recordSize: Int, strands: Strands) throws(AEZipError) {
    cells = try Memory(max(most, 1))
    laneCount = strands.laneCount
    places.record_size = recordSize
    places.strand = strands.recordCount / strands.laneCount
    places.longer = strands.recordCount % strands.laneCount
    places.blocks = 1
  }

  var isEmpty: Bool { count == 0 }

  /// - Parameter values: Float or Double, see ``ElementType/usesFloatPlane``.
  mutating func add(
    _ values: UnsafeMutableRawPointer, offset: Int, type: ElementType, origin: Int64
  ) {
    cells.base[count] = aezk_cell(values: values, offset: offset, origin: origin)
    let last = groups.count - 1
    if last >= 0 && groups[last].type == type && groups[last].count < Self.mostTogether {
      groups[last].count += 1
    } else {
      groups.append(Group(first: count, count: 1, type: type))
    }
    count += 1
  }

  /// Blocks that are gathered together, so that memory is read in stretches; of long records each is a
  /// stretch by itself.
  private static let mostBlocks = 8
  private static let stretch = 2048

  /// Values of all blocks, one after the other.
  ///
  /// - Parameter records: the first of those that ``Strands`` counts.
  mutating func gather(from records: UnsafeRawPointer, _ strands: Strands, _ kernels: Kernels) {
    let together = max(1, min(Self.mostBlocks, Self.stretch / max(1, places.record_size)))
    var block = 0
    while block < strands.blockCount {
      places.blocks = min(together, strands.blockCount - block)
      let last = block + places.blocks - 1
      // Blocks without a record in some lanes stand alone.
      if strands.activeLanes(last) < Strands.width { places.blocks = 1 }
      let lanes = strands.activeLanes(block)
      gather(block, lanes: lanes, row: block * Strands.width, from: records, kernels)
      block += places.blocks
    }
    places.blocks = 1
  }

  /// Values of a block from its records.
  ///
  /// - Parameters:
  ///   - records: the first of those that ``Strands`` counts.
  ///   - lanes: how many lanes have a record; a strand that has ended repeats its last values, and
  ///     lanes without a strand those of the others in turn.
  ///   - row: where the values of lane 0 go, an element's index.
  mutating func gather(
    _ block: Int, lanes: Int, row: Int, from records: UnsafeRawPointer, _ kernels: Kernels
  ) {
    places.first = block
    places.lanes = lanes
    places.row = row
    for group in groups {
      kernels.call.gather(
        records, cells.base + group.first, group.count, Int32(group.type.rawValue), &places)
      guard lanes < Strands.width else { continue }
      let size = group.type.usesFloatPlane ? 4 : 8
      for index in group.first..<group.first + group.count {
        let values = cells.base[index].values! + row * size
        for lane in lanes..<Strands.width {
          let ended = lane < laneCount && row >= Strands.width
          let source = ended ? lane - Strands.width : lane % min(laneCount, lanes)
          memcpy(values + lane * size, values + source * size, size)
        }
      }
    }
  }

  /// Values of a block to those of its records that are `wanted`, the first of which lies at
  /// `output`.
  mutating func scatter(
    _ block: Int, lanes: Int, row: Int, to output: UnsafeMutableRawPointer, wanted: Range<Int>,
    _ kernels: Kernels
  ) {
    places.first = block - wanted.lowerBound
    places.records = wanted.count
    places.lanes = lanes
    places.row = row
    for group in groups {
      kernels.call.scatter(
        output, cells.base + group.first, group.count, Int32(group.type.rawValue), &places)
    }
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
