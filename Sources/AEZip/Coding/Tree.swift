/// A small decision tree over what is already known of a record: its leaf shifts the prediction of a
/// value, and tells which values are alike. Format.md, section 6.5.
///
/// Every record starts in leaf 0; then, for each split in turn, the records of its leaf whose
/// correction reaches the threshold move to a new leaf.
struct Tree {
  struct Split {
    /// The leaf that is split; the new one's number is the split's, plus one.
    var leaf: Int
    /// Whose correction decides.
    var column: Int
    var lag: Int
    /// Twice the threshold, in code units.
    var twice: Int32
  }

  static let mostSplits = 31
  /// Parts of a multiple in which leaves shift predictions.
  static let offsetParts = 8.0

  var splits: List<Split> = List()
  /// For each leaf what it adds to the prediction, in parts of the multiple.
  var offsets: List<Int32> = List()
  /// For each leaf the group of codes that it belongs to; see ``Context``.
  var groups: List<UInt8> = List()

  var isEmpty: Bool { splits.isEmpty }
}

extension Tree {
  func write(_ groupCount: Int, to writer: inout ByteWriter) {
    writer.count(splits.count)
    for split in splits {
      writer.count(split.leaf)
      writer.lane = .references
      writer.count(split.column * (Column.largestLag + 1) + split.lag)
      writer.lane = .numbers
      writer.signed(Int(split.twice))
    }
    for offset in offsets { writer.signed(Int(offset)) }
    writer.byte(UInt8(groupCount))
    for group in groups { writer.byte(group) }
  }

  /// - Returns: the tree and the number of groups.
  static func read(
    index: Int, columnCount: Int, from reader: inout ByteReader
  ) throws(AEZipError) -> (tree: Tree, groupCount: Int) {
    var tree = Tree()
    let count = try reader.count(limit: mostSplits)
    for number in 0..<count {
      let leaf = try reader.count(limit: number)
      reader.lane = .references
      let (column, lag) = try Column.reference(index, columnCount, &reader)
      reader.lane = .numbers
      tree.splits.append(Split(leaf: leaf, column: column, lag: lag, twice: try number32(&reader)))
    }
    for _ in 0...count { tree.offsets.append(try number32(&reader)) }
    let groupCount = try reader.byte(below: Context.mostGroups + 1)
    for _ in 0...count {
      tree.groups.append(UInt8(try reader.byte(below: max(groupCount, 1))))
    }
    return (tree, max(groupCount, 1))
  }

  private static func number32(_ reader: inout ByteReader) throws(AEZipError) -> Int32 {
    let value = try reader.signed()
    guard let number = Int32(exactly: value), number.magnitude < 1 << 30 else {
      throw .corrupted(what: "a number of a tree", declared: value, computed: 1 << 30)
    }
    return number
  }
}
