import CPlatform

/// The order in which always the column comes next that is known least: with pivots, the
/// factorization of Cholesky. Where fields are neighbours in space, the first columns are a coarse
/// grid, and those between follow from both sides; at loose bounds their codes are then nearly all 0.
///
/// What columns take is reckoned as if they were normal, of variance v in squares of a code's step:
/// bits H(v) of a rounded normal variable, of which codes tell the share K(v) of the variance. After a
/// column j
///
///     S_ab -= S_aj S_jb K(v) / v
///
/// for variances and covariances S of those that are left.
struct PivotedOrder {
  /// Columns, neighbours, from which the gain is reckoned.
  private static let mostReckoned = 160
  /// Codes of columns with a smaller variance are all 0.
  private static let leastVariance = 1.0 / 64
  /// Pivots; columns that are left then stay in their order.
  private static let mostPivots = 512
  /// Bits a value from which on no order saves much.
  private static let mostBits = 1.6
  /// Bits that the order takes for a column.
  private static let orderBits = 12.0

  private let first: Int
  private let count: Int
  private let moments: SampleMoments
  private let kernels: Kernels
  /// Inverse steps of codes.
  private let scales: Memory<Double>

  private init(
    _ range: Range<Int>, of columns: [Column], after latentCount: Int, _ moments: SampleMoments,
    _ kernels: Kernels
  ) throws(AEZipError) {
    first = latentCount + range.lowerBound
    count = range.count
    self.moments = moments
    self.kernels = kernels
    scales = try Memory(max(1, count))
    for index in range { scales[index - range.lowerBound] = 1 / columns[index].multiple }
  }

  /// The order of columns; empty if they had better stay as they are.
  ///
  /// - Parameters:
  ///   - columns: those of fields, which come after the latents.
  ///   - gain: the share of bits that must be saved; 0 takes the order for granted.
  ///   - seen: records that the moments are from.
  ///   - records: those that the order is for, which it takes some bits of its own to store.
  static func plan(
    _ columns: [Column], after latentCount: Int, _ moments: SampleMoments, gain: Double, seen: Int,
    records: Int, kernels: Kernels
  ) throws(AEZipError) -> List<Int> {
    let count = columns.count
    guard count > 2 else { return List() }
    if gain > 0 {
      let reckoned = min(count, mostReckoned)
      // Of few records each seems to follow from others.
      guard seen >= 4 * reckoned else { return List() }
      let start = (count - reckoned) / 2
      let part = try PivotedOrder(
        start..<start + reckoned, of: columns, after: latentCount, moments, kernels)
      guard try part.saves(gain, records) else { return List() }
    }
    var order = List<Int>()
    _ = try PivotedOrder(0..<count, of: columns, after: latentCount, moments, kernels)
      .follow(&order, isPivoted: true, most: .infinity)
    return order
  }

  /// Whether the order of pivots saves so large a share of the bits, and more than it takes itself.
  private func saves(_ gain: Double, _ records: Int) throws(AEZipError) -> Bool {
    var order = List<Int>()
    let most = Self.mostBits * Double(count)
    guard let bits = try follow(&order, isPivoted: true, most: most) else { return false }
    let least = bits + Self.orderBits * Double(count) / Double(records)
    return try follow(&order, isPivoted: false, most: max(least, bits / (1 - gain))) == nil
  }

  /// Bits of a record in the order of columns, or of pivots, which are appended to `order`; nil if
  /// they are more than `most`.
  private func follow(
    _ order: inout List<Int>, isPivoted: Bool, most: Double
  ) throws(AEZipError) -> Double? {
    let variances = try Memory<Double>(count)
    let isLeft = try Memory<Bool>(count)
    for index in 0..<count {
      let place = Regression.Candidate(column: first + index, lag: 0)
      variances[index] = max(0, moments.of(place, place) * scales[index] * scales[index])
      isLeft[index] = true
    }
    // Rows S_j as they were when their turn came, and K / v.
    let rows = try ByteBuffer()
    var factors = List<Double>()
    var bits = 0.0
    for step in 0..<count {
      var pivot = step
      if isPivoted {
        pivot = -1
        for index in 0..<count where isLeft[index] {
          if pivot < 0 || variances[index] > variances[pivot] { pivot = index }
        }
        if variances[pivot] < Self.leastVariance || factors.count >= Self.mostPivots {
          for index in 0..<count where isLeft[index] { order.append(index) }
          return bits
        }
      }
      order.append(pivot)
      isLeft[pivot] = false
      let variance = variances[pivot]
      bits += Self.bits(variance)
      guard bits <= most else { return nil }
      guard variance >= Self.leastVariance else { continue }
      let factor = Self.known(variance) / variance
      let row = try self.row(pivot, rows, factors)
      factors.append(factor)
      for index in 0..<count where isLeft[index] {
        variances[index] = max(0, variances[index] - factor * row[index] * row[index])
      }
    }
    return bits
  }

  /// What is left of the covariances of a column with all, put behind the rows before.
  private func row(
    _ pivot: Int, _ rows: ByteBuffer, _ factors: List<Double>
  ) throws(AEZipError) -> UnsafeMutablePointer<Double> {
    let size = 8 * count
    _ = try rows.reserve(size)
    rows.commit(size)
    let start = UnsafeMutableRawPointer(rows.base).assumingMemoryBound(to: Double.self)
    let row = start + factors.count * count
    let (base, step) = moments.row(Regression.Candidate(column: first + pivot, lag: 0), 0)
    for index in 0..<count {
      row[index] = base[(first + index) * step] * scales[index] * scales[pivot]
    }
    for earlier in 0..<factors.count {
      let before = start + earlier * count
      kernels.call.eliminate(row, before, factors[earlier] * before[pivot], count)
    }
    return row
  }

  // MARK: - A rounded normal variable

  /// H and K at variances of 2^-6, 2^-5.5 ... 2^-2:
  ///
  ///     H = - sum p_k log2 p_k,  p_k = P(k - 1/2 < x < k + 1/2)     K = 1 - E[(x - round x)^2] / v
  private static let table: [(bits: Double, known: Double)] = [
    (0.00104, 0.00023), (0.00984, 0.00268), (0.04762, 0.01565), (0.14390, 0.05523),
    (0.31247, 0.13585), (0.53774, 0.25718), (0.78542, 0.40206), (1.02378, 0.54609),
    (1.24120, 0.66958),
  ]

  /// H of a variance.
  static func bits(_ variance: Double) -> Double {
    if variance <= leastVariance { return 0 }
    // Steps are as good as noise of 1 / 12: 2 pi e (v + 1 / 12).
    if variance >= 0.25 { return 0.5 * Entropy.log2(Planner.variances * (variance + 1.0 / 12)) }
    return interpolate(variance) { $0.bits }
  }

  /// K of a variance.
  static func known(_ variance: Double) -> Double {
    if variance <= leastVariance { return 0 }
    if variance >= 0.25 { return 1 - 1 / (12 * variance) }
    return interpolate(variance) { $0.known }
  }

  private static func interpolate(
    _ variance: Double, _ value: ((bits: Double, known: Double)) -> Double
  ) -> Double {
    let place = 2 * (Entropy.log2(variance) + 6)
    let index = max(0, min(table.count - 2, Int(place)))
    let (low, high) = (value(table[index]), value(table[index + 1]))
    return low + (high - low) * (place - Double(index))
  }
}
