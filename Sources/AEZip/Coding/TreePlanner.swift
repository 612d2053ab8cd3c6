import CPlatform

/// Grows a column's tree on what its other predictors leave: the split that saves the most bits
/// first, as long as one saves more than it costs.
///
///     bits of a leaf = n * bits of a normal variable with the variance in the leaf
///
/// Errors are integers here, so that the moments of a leaf are exactly those of its two halves.
final class TreePlanner {
  /// Bins into which a column's restored values are cut; their edges are the thresholds.
  private static let mostEdges = 31
  private static let splitBits = 192.0
  private static let leastRows = 20
  /// Bins up to which two splits are looked for at once.
  private static let mostCategories = 12
  /// Numbers of a table of moments: two a bin.
  private static let tableSize = 2 * (mostEdges + 1)
  /// Rows that tell which columns are worth a closer look, and errors that tell a median.
  private static let mostScreenRows = 2048
  private static let mostPicks = 160

  private let sample: Sample
  private let kernels: Kernels
  private let effort: Effort
  /// For each column and row of the sample the bin, and for each column the edges, doubled.
  private let bins: Memory<UInt8>
  private var edges: [List<Int32>] = []
  private let rowCount: Int
  private let doubled: Memory<Int32>
  private let scratchEdges: Memory<Int32>
  /// The rows to learn from, some of them to screen columns by, and both in the order of leaves.
  private let targetRows: Memory<Int32>
  private let screenRows: Memory<Int32>
  private let rows: Memory<Int32>
  private let spare: Memory<Int32>
  /// What predictions leave of values, in units of which the largest that counts has 2^15.
  private let errors: Memory<Int32>
  private var errorUnit = 1.0
  /// For each leaf and candidate the moments of bins.
  private let tables: Memory<UInt64>
  private let scratch: Memory<UInt64>
  private let picks: Memory<Int>

  init(sample: Sample, kernels: Kernels, effort: Effort) throws(AEZipError) {
    self.sample = sample
    self.kernels = kernels
    self.effort = effort
    rowCount = sample.rowCount
    bins = try Memory(sample.columnCount * rowCount)
    edges = [List<Int32>](repeating: List(), count: sample.columnCount)
    doubled = try Memory(rowCount)
    scratchEdges = try Memory(Self.mostEdges)
    targetRows = try Self.targetRows(sample, most: effort.treeRows)
    let screened = min(targetRows.count, Self.mostScreenRows)
    screenRows = try Memory(screened)
    let step = targetRows.count / max(1, screened)
    for place in 0..<screened { screenRows.base[place] = targetRows.base[place * step] }
    rows = try Memory(targetRows.count)
    spare = try Memory(targetRows.count)
    errors = try Memory(rowCount)
    tables = try Memory((Tree.mostSplits + 1) * effort.treeCandidates * Self.tableSize)
    scratch = try Memory(2 * Self.tableSize)
    picks = try Memory(4 * Self.mostPicks + Int(AEZK_SORT_TABLE))
  }

  /// Takes in what a column's values are restored as, for the trees of later columns.
  func note(_ column: Int) throws(AEZipError) {
    let values = sample.rounded(column)
    for row in 0..<rowCount {
      // Thresholds beyond 2^29 cannot be stored.
      let twice = max(-0x1.fffffp29, min(0x1.fffffp29, 2 * values[row]))
      let whole = nearest(twice)
      doubled.base[row] = Int32(whole > twice ? whole - 1 : whole)
    }
    let step = max(1, rowCount / 600) | 1
    let count = (rowCount + step - 1) / step
    let picks = try Memory<Int>(2 * count + Int(AEZK_SORT_TABLE))
    for place in 0..<count { picks.base[place] = Int(doubled.base[place * step]) }
    aezk_sort(picks.base, picks.base + count, count)
    // Between values that follow each other: all such places, or those of quantiles.
    var cuts = List<Int32>()
    for place in 1..<max(count, 1) where picks[place] > picks[place - 1] {
      cuts.append(Int32(Double(picks[place - 1] + picks[place]) / 2 + 0.5))
    }
    var kept = List<Int32>()
    if cuts.count <= Self.mostEdges {
      kept = cuts
    } else {
      for edge in 1...Self.mostEdges {
        let cut = Int32(picks[count * edge / (Self.mostEdges + 1)])
        if kept.last.map({ cut > $0 }) ?? true { kept.append(cut) }
      }
    }
    edges[column] = kept
    for edge in 0..<kept.count { scratchEdges[edge] = kept[edge] }
    kernels.call.rank(
      bins.base + column * rowCount, doubled.base, rowCount, scratchEdges.base, kept.count)
  }

  private struct Leaf {
    var rows: Range<Int>
    var candidate = -1
    var bin = 0
    var gain = 0.0
  }

  /// - Parameters:
  ///   - column: whose tree it will be.
  ///   - residuals: for each target row of the sample, value less prediction.
  ///   - records: how many the chunk has.
  /// - Returns: an empty tree if none pays.
  func grow(
    _ column: Column, _ index: Int, residuals: Memory<Double>, records: Int
  ) throws(AEZipError) -> Tree {
    let count = targetRows.count
    guard count >= 4 * Self.leastRows else { return Tree() }
    takeErrors(residuals)
    let factor = Planner.variances * (errorUnit / column.multiple) * (errorUnit / column.multiple)
    let candidates = screen(column, index, factor)
    guard !candidates.isEmpty else { return Tree() }

    memcpy(rows.base, targetRows.base, 4 * count)
    var tree = Tree()
    var leaves = List<Leaf>()
    leaves.append(Leaf(rows: 0..<count))
    for number in 0..<candidates.count {
      tally(candidates[number], rows.base, count, into: table(0, number))
    }
    search(&leaves, 0, candidates, factor)
    // A split must save what it costs in the file, and more than chance would on the sample.
    let doubt = Entropy.log2(Double(candidates.count * Self.mostEdges)) + 4
    let least = max(doubt, Self.splitBits * Double(count) / Double(records))
    while tree.splits.count < min(effort.mostSplits, Tree.mostSplits) {
      var best = 0
      for leaf in 0..<leaves.count where leaves[leaf].gain > leaves[best].gain { best = leaf }
      guard leaves[best].gain > least else { break }
      let leaf = leaves[best]
      let candidate = candidates[leaf.candidate]
      tree.splits.append(
        Tree.Split(
          leaf: best, column: candidate.column, lag: candidate.lag,
          twice: edges[candidate.column][leaf.bin]))
      // The rows below the threshold stay in front.
      let low = aezk_partition(
        rows.base + leaf.rows.lowerBound, spare.base, leaf.rows.count, binPlane(candidate),
        Int32(leaf.bin))
      let middle = leaf.rows.lowerBound + low
      leaves[best] = Leaf(rows: leaf.rows.lowerBound..<middle)
      leaves.append(Leaf(rows: middle..<leaf.rows.upperBound))
      divide(leaves, best, candidates)
      search(&leaves, best, candidates, factor)
      search(&leaves, leaves.count - 1, candidates, factor)
    }
    guard !tree.splits.isEmpty else { return tree }
    for leaf in leaves {
      let shift = median(leaf.rows) * Tree.offsetParts / column.multiple
      tree.offsets.append(shift.magnitude < 1e8 ? Int32(nearest(shift)) : 0)
      tree.groups.append(0)
    }
    return tree
  }

  private func binPlane(_ candidate: Regression.Candidate) -> UnsafePointer<UInt8> {
    UnsafePointer(bins.base + (candidate.column * rowCount - 64 * candidate.lag))
  }

  private func table(_ leaf: Int, _ candidate: Int) -> UnsafeMutablePointer<UInt64> {
    tables.base + (leaf * effort.treeCandidates + candidate) * Self.tableSize
  }

  /// Every other strand's rows: the rest is there to judge by. All, if there are few.
  private static func targetRows(
    _ sample: Sample, most: Int
  ) throws(AEZipError) -> Memory<Int32> {
    let step = sample.laneCount >= 16 ? 2 : 1
    var blocks = 0
    for range in sample.targets where range.lowerBound >= 64 { blocks += range.count / 64 }
    // Whole blocks, of which as many are left out as there are too many rows.
    let perBlock = (sample.laneCount + step - 1) / step
    let every = max(1, (blocks * perBlock + most - 1) / most)
    let rows = try Memory<Int32>(blocks / every * perBlock)
    var next = 0
    var block = 0
    for range in sample.targets where range.lowerBound >= 64 {
      for row in stride(from: range.lowerBound, to: range.upperBound, by: 64) {
        block += 1
        guard block % every == 0 else { continue }
        for lane in stride(from: 0, to: sample.laneCount, by: step) {
          rows.base[next] = Int32(row + lane)
          next += 1
        }
      }
    }
    return rows
  }

  /// Few large errors must not decide everything: they are cut.
  private func takeErrors(_ residuals: Memory<Double>) {
    var sum = 0.0
    for place in 0..<targetRows.count {
      sum += residuals.base[Int(targetRows.base[place])].magnitude
    }
    let limit = 12 * sum / Double(targetRows.count)
    errorUnit = limit > 0 ? limit / 32767 : 1
    let scale = 1 / errorUnit
    for place in 0..<targetRows.count {
      let row = Int(targetRows.base[place])
      errors.base[row] = Int32(nearest(max(-32767, min(32767, residuals.base[row] * scale))))
    }
  }

  /// The columns that tell the most when cut into all their bins.
  private func screen(
    _ column: Column, _ index: Int, _ factor: Double
  ) -> List<Regression.Candidate> {
    var all = List<Regression.Candidate>()
    let reach = effort.treeReach
    for back in 1...max(1, reach) where back <= index {
      all.append(Regression.Candidate(column: index - back, lag: 0))
    }
    // The first columns are often keys that tell about all others.
    for first in 0..<min(index, reach / 2) where first < index - reach {
      all.append(Regression.Candidate(column: first, lag: 0))
    }
    for lag in 1...Column.largestLag {
      all.append(Regression.Candidate(column: index, lag: lag))
      for other in max(0, index - reach / 4)..<min(sample.columnCount, index + reach / 4 + 1)
      where other != index && lag == 1 {
        all.append(Regression.Candidate(column: other, lag: lag))
      }
    }
    for regressor in column.regressors where regressor.lag == 0 && regressor.column < index - reach
    {
      all.append(Regression.Candidate(column: regressor.column, lag: 0))
    }
    // Latents follow from latents only, so that they can be read alone.
    if column.field == nil { all = List(all.filter { $0.column < sample.latentCount }) }
    var gains: [Double] = []
    for candidate in all {
      tally(candidate, screenRows.base, screenRows.count, into: tables.base)
      let binCount = edges[candidate.column].count + 1
      let split = kernels.call.best_split(tables.base, binCount, factor, 0)
      gains.append(split.whole - split.apart - 3 * Double(binCount))
    }
    var kept = List<Regression.Candidate>()
    for place in ascending(gains.map { -$0 }) {
      guard gains[place] > 0, kept.count < effort.treeCandidates else { break }
      kept.append(all[place])
    }
    return kept
  }

  /// Fills a table with the moments of errors in the bins of a candidate.
  private func tally(
    _ candidate: Regression.Candidate, _ rows: UnsafePointer<Int32>, _ count: Int,
    into table: UnsafeMutablePointer<UInt64>
  ) {
    let binCount = edges[candidate.column].count + 1
    memset(scratch.base, 0, 8 * 4 * binCount)
    kernels.call.moments(scratch.base, errors.base, binPlane(candidate), rows, count, binCount)
    memcpy(table, scratch.base, 16 * binCount)
  }

  /// The tables of a leaf to those of its halves: itself, and the newest leaf.
  private func divide(
    _ leaves: List<Leaf>, _ low: Int, _ candidates: List<Regression.Candidate>
  ) {
    let high = leaves.count - 1
    let (smaller, larger) =
      leaves[low].rows.count < leaves[high].rows.count ? (low, high) : (high, low)
    let range = leaves[smaller].rows
    for number in 0..<candidates.count {
      let (whole, part) = (table(low, number), table(high, number))
      tally(candidates[number], rows.base + range.lowerBound, range.count, into: part)
      for place in 0..<2 * (edges[candidates[number].column].count + 1) {
        let rest = whole[place] &- part[place]
        if larger == low {
          whole[place] = rest
        } else {
          whole[place] = part[place]
          part[place] = rest
        }
      }
    }
  }

  /// Finds the best split of a leaf.
  private func search(
    _ leaves: inout List<Leaf>, _ leaf: Int, _ candidates: List<Regression.Candidate>,
    _ factor: Double
  ) {
    guard leaves[leaf].rows.count >= 2 * Self.leastRows else { return }
    // Of all errors of the leaf, as any candidate's table tells.
    var whole = 0.0
    for number in 0..<candidates.count {
      let split = kernels.call.best_split(
        table(leaf, number), edges[candidates[number].column].count + 1, factor,
        Double(Self.leastRows))
      whole = split.whole
      guard split.gain > leaves[leaf].gain else { continue }
      leaves[leaf].gain = split.gain
      leaves[leaf].candidate = number
      leaves[leaf].bin = split.bin
    }
    for number in 0..<candidates.count {
      lookAhead(&leaves[leaf], whole, table(leaf, number), number, candidates[number], factor)
    }
  }

  /// What sets a few categories apart from those on both sides takes two splits, of which one alone may
  /// save nothing: half of what both save counts for the first.
  private func lookAhead(
    _ leaf: inout Leaf, _ whole: Double, _ table: UnsafePointer<UInt64>, _ number: Int,
    _ candidate: Regression.Candidate, _ factor: Double
  ) {
    let binCount = edges[candidate.column].count + 1
    guard binCount <= Self.mostCategories else { return }
    let least = Double(Self.leastRows)
    var count = 0
    for bin in 0..<max(0, binCount - 2) {
      count += Int(truncatingIfNeeded: table[2 * bin] >> 32)
      guard count >= Self.leastRows else { continue }
      let low = kernels.call.best_split(table, bin + 1, factor, least)
      let high = kernels.call.best_split(
        table + 2 * (bin + 1), binCount - bin - 1, factor, least)
      let gain = (whole - low.whole - high.whole + high.gain) / 2
      guard high.gain > 0, gain > leaf.gain else { continue }
      leaf.gain = gain
      leaf.candidate = number
      leaf.bin = bin
    }
  }

  private func median(_ range: Range<Int>) -> Double {
    let step = max(1, range.count / Self.mostPicks)
    let count = (range.count + step - 1) / step
    for pick in 0..<count {
      picks.base[pick] = Int(errors.base[Int(rows.base[range.lowerBound + pick * step])])
    }
    aezk_sort(picks.base, picks.base + count, count)
    return Double(picks.base[count / 2]) * errorUnit
  }
}
