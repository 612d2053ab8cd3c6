import CPlatform

/// Hands the decoder its codes: columns without context are laid out at once, columns with context
/// block by block, when the codes are known that their classes depend on. Format.md, section 6.5.
final class ContextReader {
  private static let manyColumns = 100
  private static let classesAhead = 6
  private let columns: [Column]
  private let ordered: Memory<Int32>
  private let codes: CodePlanes
  private let strands: Strands
  private let kernels: Kernels
  /// For each column the first of its classes in `cursors`.
  private var firstClass: [Int] = []
  /// Next and end position in `ordered` of each class.
  private let cursors: Memory<Int>
  private let ends: Memory<Int>
  private let classes: Memory<UInt8>
  private var classifiers: [ContextClassifier?] = []

  /// Where the codes of a piece are unpacked to: in their plane, if they lie there as in the stream,
  /// else behind those of the pieces before in `ordered`.
  static func isInPlace(_ column: Column, _ strands: Strands) -> Bool {
    column.context.classCount == 1 && !column.recordOrder && strands.laneCount == Strands.width
  }

  init(
    columns: [Column], counts: [Int], ordered: Memory<Int32>, codes: CodePlanes, strands: Strands,
    kernels: Kernels
  ) throws(AEZipError) {
    self.columns = columns
    self.ordered = ordered
    self.codes = codes
    self.strands = strands
    self.kernels = kernels
    cursors = try Memory(max(counts.count, 1))
    ends = try Memory(max(counts.count, 1))
    classes = try Memory(64)
    var start = 0
    var next = 0
    for index in 0..<columns.count {
      let column = columns[index]
      firstClass.append(next)
      let isInPlace = Self.isInPlace(column, strands)
      for kind in next..<next + column.context.classCount {
        cursors[kind] = start
        if !isInPlace { start += counts[kind] }
        ends[kind] = start
      }
      if column.context.classCount > 1 {
        classifiers.append(try ContextClassifier(column))
      } else {
        classifiers.append(nil)
        let source = ordered.base + cursors[next]
        let plane = codes.plane(index)
        if isInPlace {
          // Lanes without a record.
          for place in strands.recordCount..<strands.planeCount { plane[place] = 0 }
        } else if column.recordOrder {
          try CodeOrder.fromRecords(source, strands, kernels, into: plane)
        } else {
          CodeOrder.fromBlocks(source, strands, into: plane)
        }
      }
      next += column.context.classCount
    }
  }

  /// Makes sure that the codes of a column in a block are in place.
  ///
  /// - Parameter leaves: of the block's records in the column's tree, if it has one.
  @inline(__always)
  func fetch(_ index: Int, _ block: Int, _ leaves: UnsafePointer<UInt8>) throws(AEZipError) {
    guard columns[index].context.classCount > 1 else { return }
    try fetchClasses(index, block, leaves)
  }

  private func fetchClasses(
    _ index: Int, _ block: Int, _ leaves: UnsafePointer<UInt8>
  ) throws(AEZipError) {
    classifiers[index]!.classify(block, codes, leaves, kernels, into: classes.base)
    let target = codes.block(index, block)
    let active = strands.activeLanes(block)
    let cursors = self.cursors.base + firstClass[index]
    let ends = self.ends.base + firstClass[index]
    let count = columns[index].context.classCount
    // Codes that are asked for a block ahead stay in the cache only if there are few columns.
    let ahead =
      columns.count < Self.manyColumns
      ? 0 : min(self.cursors.count - firstClass[index] - count, Self.classesAhead)
    let short = kernels.call.deal(
      target, classes.base, active, ordered.base, cursors, ends, count, ahead)
    guard short < 0 else {
      throw .corrupted(
        what: "the classes of a column", declared: ends[short], computed: cursors[short])
    }
    for lane in active..<64 { target[lane] = 0 }
  }
}

/// The classes of codes, from the leaves of their records and the sizes of codes that are already
/// known; for encoder and decoder.
final class ContextClassifier {
  private let context: Context
  private let tree: Tree
  private let pointers: Memory<UnsafePointer<Int32>?>
  private let weights: Memory<Int32>
  private let thresholds: Memory<Int32>
  private let groupThresholds: Memory<Int>
  private let groups: Memory<UInt8>

  init(_ column: Column) throws(AEZipError) {
    context = column.context
    tree = column.tree
    pointers = try Memory(max(context.sources.count, 1))
    weights = try Memory(max(context.sources.count, 1))
    thresholds = try Memory(max(context.thresholds.count, 1))
    groupThresholds = try Memory(context.groups.count)
    groups = try Memory(max(tree.groups.count, 1))
    for leaf in 0..<tree.groups.count { groups[leaf] = tree.groups[leaf] }
    for index in 0..<context.sources.count { weights[index] = context.sources[index].weight }
    for index in 0..<context.thresholds.count { thresholds[index] = context.thresholds[index] }
    for index in 0..<context.groups.count { groupThresholds[index] = context.groups[index] }
  }

  /// The classes of a block's 64 lanes.
  ///
  /// - Parameter leaves: of the 64 lanes in the column's tree, if it has one.
  @inline(__always)
  func classify(
    _ block: Int, _ codes: CodePlanes, _ leaves: UnsafePointer<UInt8>?, _ kernels: Kernels,
    into classes: UnsafeMutablePointer<UInt8>
  ) {
    for index in 0..<context.sources.count {
      let source = context.sources[index]
      pointers.base[index] = UnsafePointer(codes.block(source.column, block - source.lag))
    }
    kernels.call.classify(
      classes, pointers.base, weights.base, context.sources.count, thresholds.base,
      leaves, groups.base, groupThresholds.base, context.groups.count)
  }
}
