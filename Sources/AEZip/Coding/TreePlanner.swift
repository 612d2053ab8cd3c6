import CPlatform

/// Grows a column's tree on what its other predictors leave: the split that saves the most bits
/// first, as long as one saves more than it costs.
///
///     bits of a leaf = n * bits of a normal variable with the variance in the leaf
final class TreePlanner {
  /// Bins into which a column's restored values are cut; their edges are the thresholds.
  private static let mostEdges = 31
  private static let splitBits = 192.0
  private static let leastRows = 20

  private let sample: Sample
  private let kernels: Kernels
  private let effort: Effort
  /// For each column and row of the sample the bin, and for each column the edges, doubled.
  private let bins: Memory<UInt8>
  private var edges: [List<Int32>] = []
  private let rowCount: Int
  private let doubled: Memory<Int32>
  private let scratchEdges: Memory<Int32>
  private let errors: Memory<Float>
  private let moments: Memory<Float>

  init(sample: Sample, kernels: Kernels, effort: Effort) throws(AEZipError) {
    self.sample = sample
    self.kernels = kernels
    self.effort = effort
    rowCount = sample.rowCount
    bins = try Memory(sample.columnCount * rowCount)
    edges = [List<Int32>](repeating: List(), count: sample.columnCount)
    doubled = try Memory(rowCount)
    scratchEdges = try Memory(Self.mostEdges)
    errors = try Memory(rowCount)
    moments = try Memory(3 * (Self.mostEdges + 1))
  }

  /// Takes in what a column's values are restored as, for the trees of later columns.
  func note(_ column: Int) {
    let values = sample.rounded(column)
    for row in 0..<rowCount {
      // Thresholds beyond 2^29 cannot be stored.
      let twice = max(-0x1.fffffp29, min(0x1.fffffp29, 2 * values[row]))
      let whole = nearest(twice)
      doubled.base[row] = Int32(whole > twice ? whole - 1 : whole)
    }
    var picks: [Double] = []
    let step = max(1, rowCount / 600) | 1
    var row = 0
    while row < rowCount {
      picks.append(Double(doubled[row]))
      row += step
    }
    let order = ascending(picks)
    // Between values that follow each other: all such places, or those of quantiles.
    var cuts = List<Int32>()
    for place in 1..<max(order.count, 1) where picks[order[place]] > picks[order[place - 1]] {
      cuts.append(Int32((picks[order[place - 1]] + picks[order[place]]) / 2 + 0.5))
    }
    var kept = List<Int32>()
    if cuts.count <= Self.mostEdges {
      kept = cuts
    } else {
      for edge in 1...Self.mostEdges {
        let cut = Int32(picks[order[order.count * edge / (Self.mostEdges + 1)]])
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
    var bits: Double
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
    let rows = try targetRows()
    let count = rows.count
    guard count >= 4 * Self.leastRows else { return Tree() }
    clip(residuals, rows)
    let candidates = try screen(column, index, rows)
    guard !candidates.isEmpty else { return Tree() }

    let spare = try Memory<Int32>(count)
    var tree = Tree()
    let unit = column.multiple
    var leaves = List<Leaf>()
    leaves.append(Leaf(rows: 0..<count, bits: bits(rows.base, count, unit)))
    search(&leaves, 0, candidates, rows, unit)
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
      let plane = binPlane(candidate)
      var low = leaf.rows.lowerBound
      var high = 0
      for place in leaf.rows {
        let row = rows.base[place]
        if Int(plane[Int(row)]) > leaf.bin {
          spare.base[high] = row
          high += 1
        } else {
          rows.base[low] = row
          low += 1
        }
      }
      (rows.base + low).update(from: spare.base, count: high)
      leaves[best] = Leaf(
        rows: leaf.rows.lowerBound..<low,
        bits: bits(rows.base + leaf.rows.lowerBound, low - leaf.rows.lowerBound, unit))
      leaves.append(
        Leaf(rows: low..<leaf.rows.upperBound, bits: bits(rows.base + low, high, unit)))
      search(&leaves, best, candidates, rows, unit)
      search(&leaves, leaves.count - 1, candidates, rows, unit)
    }
    guard !tree.splits.isEmpty else { return tree }
    for leaf in leaves {
      let shift = median(residuals, rows, leaf.rows) * Tree.offsetParts / unit
      tree.offsets.append(shift.magnitude < 1e8 ? Int32(nearest(shift)) : 0)
      tree.groups.append(0)
    }
    return tree
  }

  private func binPlane(_ candidate: Regression.Candidate) -> UnsafePointer<UInt8> {
    UnsafePointer(bins.base + (candidate.column * rowCount - 64 * candidate.lag))
  }

  /// Every other strand's rows: the rest is there to judge by. All, if there are few.
  private func targetRows() throws(AEZipError) -> Memory<Int32> {
    let step = sample.laneCount >= 16 ? 2 : 1
    var blocks = 0
    for range in sample.targets where range.lowerBound >= 64 { blocks += range.count / 64 }
    // Whole blocks, of which as many are left out as there are too many rows.
    let perBlock = (sample.laneCount + step - 1) / step
    let every = max(1, (blocks * perBlock + effort.treeRows - 1) / effort.treeRows)
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

  /// Few large errors must not decide everything.
  private func clip(_ residuals: Memory<Double>, _ rows: Memory<Int32>) {
    var sum = 0.0
    for place in 0..<rows.count { sum += residuals.base[Int(rows.base[place])].magnitude }
    let limit = 12 * sum / Double(rows.count)
    for place in 0..<rows.count {
      let row = Int(rows.base[place])
      errors.base[row] = Float(max(-limit, min(limit, residuals.base[row])))
    }
  }

  private func bits(_ rows: UnsafePointer<Int32>, _ count: Int, _ unit: Double) -> Double {
    var sum = 0.0
    var squares = 0.0
    for place in 0..<count {
      let e = Double(errors.base[Int(rows[place])])
      sum += e
      squares += e * e
    }
    return Self.bits(Double(count), sum, squares, unit)
  }

  @inline(never)
  private static func bits(_ n: Double, _ sum: Double, _ squares: Double, _ unit: Double) -> Double
  {
    n > 0 ? n * Planner.bits(max(0, (squares - sum * sum / n) / n), unit) : 0
  }

  /// The columns that tell the most when cut into all their bins.
  private func screen(
    _ column: Column, _ index: Int, _ rows: Memory<Int32>
  ) throws(AEZipError) -> List<Regression.Candidate> {
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
    let count = min(rows.count, 2048)
    let step = rows.count / count
    let few = try Memory<Int32>(count)
    for place in 0..<count { few.base[place] = rows.base[place * step] }
    let whole = bits(few.base, count, column.multiple)
    // Latents follow from latents only, so that they can be read alone.
    if column.field == nil { all = List(all.filter { $0.column < sample.latentCount }) }
    var gains: [Double] = []
    for candidate in all {
      let used = tally(candidate, few.base, count)
      var split = 0.0
      for bin in 0..<used {
        let m = moments.base + 3 * bin
        split += Self.bits(Double(m[0]), Double(m[1]), Double(m[2]), column.multiple)
      }
      gains.append(whole - split - 3 * Double(used))
    }
    var kept = List<Regression.Candidate>()
    for place in ascending(gains.map { -$0 }) {
      guard gains[place] > 0, kept.count < effort.treeCandidates else { break }
      kept.append(all[place])
    }
    return kept
  }

  /// Fills `moments` with count, sum and squares for each bin; returns the number of bins.
  private func tally(
    _ candidate: Regression.Candidate, _ rows: UnsafePointer<Int32>, _ count: Int
  ) -> Int {
    let used = edges[candidate.column].count + 1
    for index in 0..<3 * used { moments.base[index] = 0 }
    kernels.call.moments(moments.base, errors.base, binPlane(candidate), rows, count)
    return used
  }

  /// Finds the best split of a leaf.
  private func search(
    _ leaves: inout List<Leaf>, _ leaf: Int, _ candidates: List<Regression.Candidate>,
    _ rows: Memory<Int32>, _ unit: Double
  ) {
    let range = leaves[leaf].rows
    guard range.count >= 2 * Self.leastRows else { return }
    for index in 0..<candidates.count {
      let used = tally(candidates[index], rows.base + range.lowerBound, range.count)
      var total = (0.0, 0.0, 0.0)
      for bin in 0..<used {
        let m = moments.base + 3 * bin
        total = (total.0 + Double(m[0]), total.1 + Double(m[1]), total.2 + Double(m[2]))
      }
      var below = (0.0, 0.0, 0.0)
      for bin in 0..<used - 1 {
        let m = moments.base + 3 * bin
        below = (below.0 + Double(m[0]), below.1 + Double(m[1]), below.2 + Double(m[2]))
        guard m[0] > 0, below.0 >= Double(Self.leastRows),
          total.0 - below.0 >= Double(Self.leastRows)
        else { continue }
        let gain =
          leaves[leaf].bits - Self.bits(below.0, below.1, below.2, unit)
          - Self.bits(total.0 - below.0, total.1 - below.1, total.2 - below.2, unit)
        if gain > leaves[leaf].gain {
          leaves[leaf].gain = gain
          leaves[leaf].candidate = index
          leaves[leaf].bin = bin
        }
      }
    }
  }

  private func median(
    _ residuals: Memory<Double>, _ rows: Memory<Int32>, _ range: Range<Int>
  ) -> Double {
    var picks: [Double] = []
    let step = max(1, range.count / 160)
    var place = range.lowerBound
    while place < range.upperBound {
      picks.append(residuals.base[Int(rows.base[place])])
      place += step
    }
    return picks[ascending(picks)[picks.count / 2]]
  }
}
