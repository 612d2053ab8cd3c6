/// How the records of a chunk lie on the lanes of blocks.
///
/// A chunk is cut into `laneCount` strands of consecutive records; block t holds record t of each
/// strand, so the previous record is the previous block's same lane. The first strands have one
/// record more than the others if the division leaves a rest. Format.md, section 6.1.
struct Strands {
  /// Lanes of a block in memory; those from `laneCount` on are padding.
  static let width = 64
  /// Short chunks use fewer strands, so that few records lack a predecessor.
  static let shortestStrand = 24

  let recordCount: Int
  let laneCount: Int

  init(recordCount: Int, laneCount: Int) {
    self.recordCount = recordCount
    self.laneCount = laneCount
  }

  init(recordCount: Int) {
    self.init(
      recordCount: recordCount,
      laneCount: max(1, min(Self.width, recordCount / Self.shortestStrand)))
  }

  /// As few strands as may be: what predicts well from the record before, whose records are few.
  init(ofFewest recordCount: Int) {
    let most = Limits.blocksWithPadding
    self.init(
      recordCount: recordCount,
      laneCount: max(1, min(Self.width, (recordCount + most - 1) / most)))
  }

  /// Blocks, the last of which may be partly filled.
  var blockCount: Int { (recordCount + laneCount - 1) / laneCount }

  /// Lanes that hold a record in block `block`; they are the first ones.
  func activeLanes(_ block: Int) -> Int {
    block < recordCount / laneCount ? laneCount : recordCount % laneCount
  }

  /// The record, counted from the chunk's start, of a lane's first block.
  func firstRecord(lane: Int) -> Int {
    lane * (recordCount / laneCount) + min(lane, recordCount % laneCount)
  }

  /// Elements of a plane in memory: blocks of 64 lanes.
  var planeCount: Int { blockCount * Self.width }
}
