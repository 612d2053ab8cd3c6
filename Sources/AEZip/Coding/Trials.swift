import CPlatform

/// Tries ways of predicting a column on a sample, with the loop closed as in the corrector but for
/// the later columns of the record before, which are merely rounded as yet.
final class Trials {
  /// Bits of a column's codes, scaled from the sample to the chunk.
  struct Judgement {
    var bits = 0.0
    /// The same from every other strand only: those that trees do not learn from.
    var oddBits = 0.0
  }

  private let sample: Sample
  private let recordCount: Int
  private let kernels: Kernels
  private let effort: Effort
  /// Whether odd strands are judged apart.
  let isSplit: Bool
  /// What the last trial would restore values as, and what the one to ``keep()`` did.
  private var restored: Memory<Double>
  private(set) var kept: Memory<Double>
  /// Value less prediction in the last trial; only if trees grow.
  let residuals: Memory<Double>
  private let growsTrees: Bool
  /// What the present column's tie makes of the others.
  var tied: Memory<Double>?

  private let vectors: Memory<Double>
  /// What comes before the first records.
  private let zeros: Memory<Double>
  private let codes: Memory<Int32>
  private let leaves: Memory<UInt8>
  private let offsets: Memory<Double>
  private let parents: Memory<UInt8>
  /// Counts of symbols by the code before, of odd and even strands, then those of each leaf.
  private let counts: Memory<Int>
  private var besides: UnsafeMutablePointer<Int> { counts.base }
  private var histograms: UnsafeMutablePointer<Int> { counts.base + 6 * 256 }
  private var weights: Memory<Double>
  private var planes: Memory<UnsafePointer<Double>>
  private var lags: Memory<Int>
  private var pointers: Memory<UnsafePointer<Double>?>

  init(
    sample: Sample, recordCount: Int, kernels: Kernels, effort: Effort, growsTrees: Bool
  ) throws(AEZipError) {
    self.sample = sample
    self.recordCount = recordCount
    self.kernels = kernels
    self.effort = effort
    self.growsTrees = growsTrees
    isSplit = growsTrees && sample.laneCount >= 16
    restored = try Memory(sample.rowCount)
    kept = try Memory(sample.rowCount)
    residuals = try Memory(growsTrees ? sample.rowCount : 1)
    vectors = try Memory(2 * 64)
    zeros = try Memory(64, zeroed: true)
    codes = try Memory(2 * 64)
    leaves = try Memory(64)
    let mostLeaves = growsTrees ? Tree.mostSplits + 1 : 1
    offsets = try Memory(mostLeaves)
    parents = try Memory(mostLeaves)
    counts = try Memory((6 + 2 * mostLeaves) * 256)
    let mostSources = effort.mostRegressors + mostLeaves
    weights = try Memory(mostSources)
    planes = try Memory(mostSources)
    lags = try Memory(mostSources)
    pointers = try Memory(mostSources)
  }

  /// Keeps what the last trial restored.
  func keep() { swap(&restored, &kept) }

  /// Codes a column of the sample.
  ///
  /// - Parameters:
  ///   - raceRows: if given, how many records are enough.
  ///   - mostOddBits: from which `bits` are not counted: they are infinite.
  func judge(
    _ column: Column, _ index: Int, raceRows: Int = Int.max, mostOddBits: Double = .infinity
  ) throws(AEZipError) -> Judgement {
    let (regressors, tree) = (column.regressors, column.tree)
    let (splitCount, leafCount) = (tree.splits.count, tree.splits.count + 1)
    connect(column, index)
    // What a sample holds beside a model are corrections: they lie on no lattice.
    let snap = sample.latentCount > 0 ? 0 : Int32(column.snap.rawValue)
    let (p, shifted) = (vectors.base, vectors.base + 64)
    let splits = isSplit && raceRows == Int.max
    memset(counts.base, 0, 8 * 256 * (6 + (splits ? 2 : 1) * leafCount))
    memset(leaves.base, 0, 64)
    // Codes of even strands are counted behind those of odd ones.
    let parity = splits ? UInt64(leafCount) &* 0x0001_0001_0001_0001 : 0
    let words = UnsafeMutableRawPointer(leaves.base).assumingMemoryBound(to: UInt64.self)
    if splitCount == 0 { for word in 0..<8 { words[word] = parity } }
    let looksBeside = effort.mostClasses > 1
    // Without a tree the codes' histograms are sums of those by the code before.
    let besidesTell = looksBeside && leafCount == 1
    var rawBits: Int64 = 0
    var rows = 0
    for range in sample.parts(of: raceRows) {
      let lead = max(0, range.lowerBound - 64 * Column.largestLag)
      memcpy(
        restored.base + lead, sample.rounded(index) + lead, 8 * (range.lowerBound - lead))
      var (now, before) = (codes.base, codes.base + 64)
      memset(before, 0, 4 * 64)
      var row = range.lowerBound
      while row < range.upperBound {
        let base = column.tie.isEmpty ? nil : tied.map { UnsafePointer($0.base + row) }
        for place in 0..<splitCount + regressors.count {
          let lag = lags.base[place]
          pointers.base[place] =
            row < lag ? UnsafePointer(zeros.base) : planes.base[place] + (row - lag)
        }
        if splitCount > 0 {
          kernels.call.split_f64(
            leaves.base, pointers.base, weights.base, parents.base, splitCount)
          kernels.call.shift_f64(shifted, base, leaves.base, offsets.base)
          for word in 0..<8 { words[word] &+= parity }
        }
        kernels.call.predict_f64(
          p, splitCount > 0 ? UnsafePointer(shifted) : base, 0, weights.base + splitCount,
          pointers.base + splitCount, regressors.count, snap)
        let y = sample.values(of: index) + row
        if growsTrees { kernels.call.subtract_f64(residuals.base + row, y, p) }
        kernels.call.quantize_f64(
          now, restored.base + row, y, p, column.multiple, 1 / column.multiple)
        rawBits += kernels.call.tally(
          now, leaves.base, sample.laneCount, besidesTell ? nil : histograms, before,
          looksBeside ? besides : nil)
        swap(&now, &before)
        rows += sample.laneCount
        row += 64
      }
    }
    guard rows > 0 else { return Judgement() }
    let scale = Double(recordCount) / Double(rows)
    if besidesTell && splits {
      aezk_add_counts(histograms, besides, besides + 256, Symbols.count)
      aezk_add_counts(histograms, histograms, besides + 512, Symbols.count)
    }
    let share = looksBeside ? shareBeside(scale) : 1
    var result = Judgement()
    var all = besidesTell ? besides : histograms
    if splits {
      // Of all strands, in the place of the even ones; merging changes histograms.
      if !besidesTell {
        all += 256 * leafCount
        aezk_add_counts(all, all, histograms, 256 * leafCount)
      }
      let odd = try bits(histograms, leafCount, 2 * scale)
      result.oddBits = odd * share + Double(rawBits) * scale
      guard result.oddBits < mostOddBits else {
        result.bits = .infinity
        return result
      }
    }
    result.bits = try bits(all, leafCount, scale) * share + Double(rawBits) * scale
    return result
  }

  /// Where splits, then regressors, find their values.
  private func connect(_ column: Column, _ index: Int) {
    let tree = column.tree
    var place = 0
    func add(_ source: Int, _ lag: Int, _ weight: Double) {
      planes.base[place] = UnsafePointer(source == index ? restored.base : sample.rounded(source))
      lags.base[place] = 64 * lag
      weights.base[place] = weight
      place += 1
    }
    for split in tree.splits {
      parents.base[place] = UInt8(split.leaf)
      add(split.column, split.lag, Double(split.twice) / 2)
    }
    for regressor in column.regressors {
      add(regressor.column, regressor.lag, regressor.coefficient)
    }
    for leaf in 0..<tree.offsets.count {
      offsets.base[leaf] = Double(tree.offsets[leaf]) * column.multiple / Tree.offsetParts
    }
  }

  /// The bits of codes in contexts, which will save at least what the codes before tell, as a share
  /// of those without. Leaves the counts of all codes in the first of ``besides``.
  private func shareBeside(_ scale: Double) -> Double {
    aezk_add_counts(besides, besides, besides + 768, 768)
    var apart = 0.0
    for kind in 0..<3 { apart += entropy(besides + 256 * kind) }
    aezk_add_counts(besides, besides, besides + 256, Symbols.count)
    aezk_add_counts(besides, besides, besides + 512, Symbols.count)
    let together = entropy(besides)
    guard together > 0 else { return 1 }
    return min(1, (apart + 3 * ContextPlanner.classBits / scale) / together)
  }

  private func entropy(_ counts: UnsafePointer<Int>) -> Double {
    kernels.call.entropy(counts, Symbols.count, nil)
  }

  private func bits(
    _ histograms: UnsafeMutablePointer<Int>, _ leafCount: Int, _ scale: Double
  ) throws(AEZipError) -> Double {
    guard leafCount > 1 else { return tableBits(histograms, Symbols.count, scale) }
    return try GroupMerge(histograms, count: leafCount, most: effort.mostGroups) {
      tableBits($0, $1, scale)
    }.bits
  }

  /// What symbols of these counts cost, with the code table that they need.
  private func tableBits(
    _ counts: UnsafePointer<Int>, _ used: Int, _ scale: Double
  ) -> Double {
    var kinds = 0
    let bits = kernels.call.entropy(counts, used, &kinds)
    return bits * scale + (5 + Entropy.bias * max(0, scale - 1)) * Double(kinds)
      + ContextPlanner.classBits
  }
}
