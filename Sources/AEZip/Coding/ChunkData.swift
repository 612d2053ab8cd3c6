import CPlatform

/// The values of one field in the order of blocks.
struct Plane {
  var float: UnsafeMutablePointer<Float>?
  var double: UnsafeMutablePointer<Double>?

  var base: UnsafeMutableRawPointer {
    float.map { UnsafeMutableRawPointer($0) } ?? UnsafeMutableRawPointer(double!)
  }
}

/// The codes of all columns of a chunk, block after block, each plane after two blocks of zeros, so
/// that contexts may look back from the first block.
final class CodePlanes {
  static let leadIn = Column.largestLag * Strands.width
  /// Blocks that are kept where only the last ones are.
  private static let ringBlocks = 4
  private let memory: Memory<Int32>
  private let values: Memory<Double>?
  private var planes: List<UnsafeMutablePointer<Int32>> = List()
  /// For each column the bits of a block's number that tell its place.
  private var masks: List<Int> = List()

  /// For a decoder.
  ///
  /// - Parameter rings: for each column whether only the last blocks are kept: its codes are learnt
  ///   when it comes to them.
  /// - Throws: ``AEZipError/outOfMemory(bytes:)``.
  init(rings: List<Bool>, strands: Strands) throws(AEZipError) {
    var size = 0
    for isRing in rings {
      size += isRing ? Self.ringBlocks * Strands.width : Self.leadIn + strands.planeCount
    }
    memory = try Memory(max(size, 1))
    values = nil
    var start = memory.base
    for isRing in rings {
      add(isRing ? start : start + Self.leadIn, isRing: isRing)
      start += isRing ? Self.ringBlocks * Strands.width : Self.leadIn + strands.planeCount
    }
  }

  /// For an encoder.
  ///
  /// - Parameters:
  ///   - ownCount: columns before those whose codes take the place of values.
  ///   - valuePlanes: in `values`, each after room for the zeros.
  /// - Throws: ``AEZipError/outOfMemory(bytes:)``.
  init(
    ownCount: Int, inPlaceOf valuePlanes: List<Plane>, of values: Memory<Double>, strands: Strands
  ) throws(AEZipError) {
    let stride = Self.leadIn + strands.planeCount
    memory = try Memory(ownCount * stride)
    self.values = values
    for column in 0..<ownCount {
      add(memory.base + (column * stride + Self.leadIn), isRing: false)
    }
    for plane in valuePlanes {
      add(plane.base.assumingMemoryBound(to: Int32.self), isRing: false)
    }
  }

  private func add(_ plane: UnsafeMutablePointer<Int32>, isRing: Bool) {
    planes.append(plane)
    masks.append(isRing ? Self.ringBlocks - 1 : -1)
    memset(
      block(planes.count - 1, -Column.largestLag), 0, Self.leadIn * MemoryLayout<Int32>.stride)
  }

  /// All codes of a column of which all are kept.
  func plane(_ column: Int) -> UnsafeMutablePointer<Int32> { planes[column] }

  /// The codes of a block, or zeros in the two before the first.
  func block(_ column: Int, _ block: Int) -> UnsafeMutablePointer<Int32> {
    planes[column] + (block & masks[column]) * Strands.width
  }
}

/// The leaves of all records in the trees of a chunk's columns, in the order of blocks.
final class LeafPlanes {
  private let memory: Memory<UInt8>
  private var places: List<Int> = List()

  /// - Throws: ``AEZipError/outOfMemory(bytes:)``.
  init(_ columns: [Column], strands: Strands) throws(AEZipError) {
    var size = 0
    for column in columns {
      places.append(column.tree.isEmpty ? -1 : size)
      if !column.tree.isEmpty { size += strands.planeCount }
    }
    memory = try Memory(max(size, 1))
  }

  /// Nil for a column without a tree.
  func plane(_ column: Int) -> UnsafeMutablePointer<UInt8>? {
    places[column] < 0 ? nil : memory.base + places[column]
  }
}

/// What happened while a chunk's columns were coded: exceptions and statistics.
struct ChunkOutcome {
  /// For each column, the records of the chunk whose values are stored bit for bit.
  var exceptions: [[UInt32]]
  var missing: [Int]
  /// The errors that the proof lets pass: the bounds, less a margin for the proof's own rounding.
  var proofBounds: [Double]
  private let float: Memory<aezk_stats_f32>
  private let double: Memory<aezk_stats_f64>

  /// - Throws: ``AEZipError/outOfMemory(bytes:)``.
  init(columnCount: Int) throws(AEZipError) {
    exceptions = [[UInt32]](repeating: [], count: columnCount)
    missing = [Int](repeating: 0, count: columnCount)
    proofBounds = [Double](repeating: 0, count: columnCount)
    float = try Memory(columnCount, zeroed: true)
    double = try Memory(columnCount, zeroed: true)
  }

  func floatStats(_ column: Int) -> UnsafeMutablePointer<aezk_stats_f32> { float.base + column }
  func doubleStats(_ column: Int) -> UnsafeMutablePointer<aezk_stats_f64> { double.base + column }

  mutating func exception(_ column: Int, _ record: Int, _ isMissing: Bool) {
    exceptions[column].append(UInt32(record))
    if isMissing { missing[column] += 1 }
  }

  /// Adds one value to the statistics if its restored value keeps the bound; the scalar form of the
  /// kernel `check_f32`.
  func note(
    _ value: Float, _ restored: Float, _ bound: Float, _ lane: Int,
    _ stats: UnsafeMutablePointer<aezk_stats_f32>
  ) -> Bool {
    let error = (value - restored).magnitude
    guard error <= bound, value.bitPattern == 0 || value.isNormal else { return false }
    let s = UnsafeMutableRawPointer(stats).assumingMemoryBound(to: Float.self) + lane
    s[0] = max(s[0], error)
    s[64] += error * error
    return true
  }

  func note(
    _ value: Double, _ restored: Double, _ bound: Double, _ lane: Int,
    _ stats: UnsafeMutablePointer<aezk_stats_f64>
  ) -> Bool {
    let error = (value - restored).magnitude
    guard error <= bound, value.bitPattern == 0 || value.isNormal else { return false }
    let s = UnsafeMutableRawPointer(stats).assumingMemoryBound(to: Double.self) + lane
    s[0] = max(s[0], error)
    s[64] += error * error
    return true
  }

  /// The errors of one column: largest, and the sum of squares over all lanes in their order.
  func errors(_ column: Int, isFloat: Bool) -> (largest: Double, squares: Double) {
    var largest = 0.0
    var squares = 0.0
    let f = UnsafeRawPointer(float.base + column).assumingMemoryBound(to: Float.self)
    let d = UnsafeRawPointer(double.base + column).assumingMemoryBound(to: Double.self)
    for lane in 0..<64 {
      largest = max(largest, isFloat ? Double(f[lane]) : d[lane])
      squares += isFloat ? Double(f[64 + lane]) : d[64 + lane]
    }
    return (largest, squares)
  }
}

/// The restored values of a block, before they go to their records.
struct RestoredBlock {
  /// From the values of a column to the next one's: 64, and a cache line more, so that the same
  /// places of all columns do not fall into the same few lines of the cache.
  private static let rowWords = 72
  private let values: Memory<Double>
  private var fields: RecordFields
  private let output: UnsafeMutableRawPointer
  private let wanted: Range<Int>
  private let strands: Strands
  /// For each column whether its values are wanted, and as Float or Double.
  private(set) var types: List<ElementType?> = List()

  var count: Int { types.count }

  init(
    _ columnCount: Int, _ target: ChunkDecoder.Target, _ strands: Strands
  ) throws(AEZipError) {
    values = try Memory(max(columnCount, 1) * Self.rowWords)
    fields = try RecordFields(most: columnCount, recordSize: target.recordSize, strands: strands)
    output = target.output
    wanted = target.wanted
    self.strands = strands
  }

  /// The next column; `offset` in the output's records is nil if it is not wanted.
  mutating func add(_ offset: Int?, _ type: ElementType, _ origin: Int64) {
    if let offset { fields.add(row(types.count), offset: offset, type: type, origin: origin) }
    types.append(offset == nil ? nil : type)
  }

  /// Where a column's values go.
  func row(_ column: Int) -> UnsafeMutablePointer<Double> { values.base + Self.rowWords * column }

  /// Moves the values of a block's columns to their records.
  mutating func finish(_ block: Int, _ kernels: Kernels) {
    fields.scatter(
      block, lanes: strands.activeLanes(block), row: 0, to: output, wanted: wanted, kernels)
  }
}
