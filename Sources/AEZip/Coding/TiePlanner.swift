import CPlatform

/// Finds columns that follow from others of the record by a sum of squares and its root, or by a
/// product: exactly, or far better than by a linear combination. ``Planner`` then races what was found.
///
/// Least squares on some records, which others judge.
struct TiePlanner {
  private static let fitRows = 64
  private static let leastRecords = 256
  private static let mostTerms = 6
  /// Columns up to which products are looked at.
  private static let mostPaired = 32
  /// Bits a value that a tie must save over a linear combination; what merely bends is left to trees.
  private static let leastGain = 0.5
  /// Bits of all values that it must save.
  private static let leastBits = 1000.0

  private let columns: [Column]
  private let isDouble: Bool
  private let kernels: Kernels
  /// For each column the values that are fitted, then those that judge.
  private let values: UnsafeMutablePointer<Double>
  /// The largest of them; 0 if the column cannot take part.
  private let scales: UnsafeMutablePointer<Double>
  /// Covariances of the values, then of their squares, in units of the scales; and their means.
  private let gram: UnsafeMutablePointer<Double>
  private let means: UnsafeMutablePointer<Double>
  private let stride: Int
  /// All of these.
  private let memory: Memory<Double>

  init(columns: [Column], isDouble: Bool, kernels: Kernels) throws(AEZipError) {
    self.columns = columns
    self.kernels = kernels
    self.isDouble = isDouble
    let count = columns.count
    stride = (2 * count + 15) / 16 * 16
    memory = try Memory(
      (stride + Self.fitRows + 1) * stride + (2 * Self.fitRows + 1) * count, zeroed: true)
    gram = memory.base
    means = gram + (stride + Self.fitRows) * stride
    scales = means + stride
    values = scales + count
  }

  /// Sets the ties of columns that are worth a trial.
  ///
  /// - Returns: the order in which columns that are tied come after what they are tied to; their ties
  ///   name columns in that order. Empty if it is the present one.
  func plan(_ planes: List<Plane>, _ strands: Strands) throws(AEZipError) -> List<Int> {
    guard columns.count > 1, strands.recordCount >= Self.leastRecords, take(planes, strands) else {
      return List()
    }
    correlate()
    var gains = List<Double>()
    for index in 0..<columns.count {
      gains.append(scales[index] > 0 ? try find(index) : 0)
      if gains[index] * Double(strands.recordCount) < Self.leastBits {
        gains[index] = 0
        columns[index].tie = Tie()
      }
    }
    return arrange(gains)
  }

  /// Looks for the tie of a column that saves the most bits; returns how many a value, 0 if none does.
  private func find(_ index: Int) throws(AEZipError) -> Double {
    let step = columns[index].scaledUnit * columns[index].multiple
    var trials = List<Tie>()
    if isPositive(index) { trials.append(try fit(index, squares: true)) }
    product(of: index, to: &trials)
    guard !trials.isEmpty else { return 0 }
    let linear = error(try fit(index, squares: false), index, isRounded: false)
    var best = Self.leastGain
    for tie in trials where error(tie, index, isRounded: false) < linear / 32 {
      let gain =
        Planner.bits(linear, step) - Planner.bits(error(tie, index, isRounded: true), step)
      if gain > best { (best, columns[index].tie) = (gain, tie) }
    }
    guard best > Self.leastGain else { return 0 }
    shorten(index, step)
    return best
  }

  private func value(_ column: Int, _ row: Int) -> Double {
    values[column * 2 * Self.fitRows + row]
  }

  /// Fills in the values of some records none of which lacks one; false if there are too few.
  private func take(_ planes: List<Plane>, _ strands: Strands) -> Bool {
    let rows = 2 * Self.fitRows
    var taken = 0
    for pick in 0..<2 * rows where taken < rows {
      let number = strands.recordCount * pick / (2 * rows)
      let place = number / strands.laneCount * Strands.width + number % strands.laneCount
      var isFinite = true
      for index in 0..<columns.count {
        let plane = planes[index]
        let value = plane.float.map { Double($0[place]) } ?? plane.double![place]
        isFinite = isFinite && value.isFinite
        // Rows in turn are fitted, and judge.
        values[index * rows + taken / 2 + taken % 2 * Self.fitRows] = value
      }
      if isFinite { taken += 1 }
    }
    guard taken == rows else { return false }
    for index in 0..<columns.count {
      var largest = 0.0
      for row in 0..<rows { largest = max(largest, value(index, row).magnitude) }
      // Squares must be finer than codes in the arithmetic of predictions.
      let reach = largest / columns[index].scaledUnit
      let isUsable = columns[index].integerOrigin == 0 && reach < (isDouble ? 0x1p40 : 0x1p18)
      scales[index] = isUsable ? largest : 0
    }
    return true
  }

  private func correlate() {
    let count = columns.count
    let matrix = gram + stride * stride
    for place in 0..<2 * count {
      let column = place % count
      guard scales[column] > 0 else { continue }
      var sum = 0.0
      for row in 0..<Self.fitRows {
        let x = value(column, row) / scales[column]
        matrix[row * stride + place] = place < count ? x : x * x
        sum += matrix[row * stride + place]
      }
      means[place] = sum / Double(Self.fitRows)
      for row in 0..<Self.fitRows { matrix[row * stride + place] -= means[place] }
    }
    var first = 0
    while first < stride {
      kernels.call.gram(
        gram, stride, matrix, stride, matrix, stride, Self.fitRows, first, first + 16, 0,
        first + 16)
      first += 16
    }
  }

  /// A column's values from those of others, or its squares from their squares.
  private func fit(_ index: Int, squares: Bool) throws(AEZipError) -> Tie {
    let start = squares ? columns.count : 0
    func moment(_ a: Regression.Candidate, _ b: Regression.Candidate) -> Double {
      gram[max(a.column, b.column) * stride + min(a.column, b.column)]
    }
    var candidates = List<Regression.Candidate>()
    for column in 0..<columns.count where column != index && scales[column] > 0 {
      candidates.append(Regression.Candidate(column: start + column, lag: 0))
    }
    let target = Regression.Candidate(column: start + index, lag: 0)
    var regression = try Regression(
      candidates: candidates, most: Self.mostTerms, targetVariance: moment(target, target),
      kernels: kernels, covariance: { moment(target, $0) }, variance: { moment($0, $0) })
    func moments(_ row: UnsafeMutablePointer<Double>, _ chosen: Regression.Candidate) {
      for place in 0..<candidates.count { row[place] = moment(candidates[place], chosen) }
    }
    while regression.variances[regression.chosen.count] > 1e-13 * regression.variances[0],
      regression.extend(moments: moments)
    {
      // What is exact shows soon.
      let steps = regression.chosen.count
      if squares && steps == 3 && regression.variances[3] > 0.5 * regression.variances[0] { break }
    }
    let weights = regression.coefficients(regression.chosen.count)
    let scale = squares ? scales[index] * scales[index] : scales[index]
    var tie = Tie()
    tie.isRoot = squares
    tie.constant = means[start + index] * scale
    for rank in 0..<weights.count {
      let feature = candidates[regression.chosen[rank]].column
      let column = feature - start
      let unit = squares ? scales[column] * scales[column] : scales[column]
      let weight = weights[rank] * scale / unit
      tie.constant -= weights[rank] * scale * means[feature]
      tie.terms.append(
        Tie.Term(
          a: Tie.Factor(column: column, lag: 0),
          b: Tie.Factor(column: squares ? column : -1, lag: 0), weight: weight))
    }
    return tie
  }

  /// A column's values from one product of two others, if there is one that three records allow.
  private func product(of index: Int, to trials: inout List<Tie>) {
    guard columns.count <= Self.mostPaired else { return }
    var (low, high) = (0, 0)
    for row in 1..<Self.fitRows {
      if value(index, row) < value(index, low) { low = row }
      if value(index, row) > value(index, high) { high = row }
    }
    let span = value(index, high) - value(index, low)
    var middle = 0
    func distance(_ row: Int) -> Double {
      ((value(index, row) - value(index, low)) / span - 0.5).magnitude
    }
    for row in 1..<Self.fitRows where distance(row) < distance(middle) { middle = row }
    let share = (value(index, middle) - value(index, low)) / span
    guard share > 0.02, share < 0.98 else { return }
    for a in 0..<columns.count where a != index && scales[a] > 0 {
      let (atLow, atMiddle, atHigh) = (value(a, low), value(a, middle), value(a, high))
      for b in a..<columns.count where b != index && scales[b] > 0 {
        let first = atLow * value(b, low)
        let rise = atHigh * value(b, high) - first
        let part = atMiddle * value(b, middle) - first
        guard (part - share * rise).magnitude < 0.01 * rise.magnitude else { continue }
        var tie = Tie()
        let weight = span / rise
        tie.constant = value(index, low) - weight * first
        tie.terms.append(
          Tie.Term(
            a: Tie.Factor(column: a, lag: 0), b: Tie.Factor(column: b, lag: 0), weight: weight))
        trials.append(tie)
      }
    }
  }

  private func isPositive(_ index: Int) -> Bool {
    for row in 0..<2 * Self.fitRows where value(index, row) < 0 { return false }
    return true
  }

  /// The mean squared error of a tie over the rows that judge.
  ///
  /// - Parameter isRounded: the values that it takes are as coarse as their codes.
  private func error(_ tie: Tie, _ index: Int, isRounded: Bool) -> Double {
    func factor(_ factor: Tie.Factor, _ row: Int) -> Double {
      guard factor.column >= 0 else { return 1 }
      let x = value(factor.column, row)
      let column = columns[factor.column]
      guard isRounded else { return x }
      let step = column.scaledUnit * column.multiple
      let start = column.scaledUnit * column.shift
      return start + nearest((x - start) / step) * step
    }
    var sum = 0.0
    for row in Self.fitRows..<2 * Self.fitRows {
      var result = tie.constant
      for term in tie.terms { result += term.weight * (factor(term.a, row) * factor(term.b, row)) }
      if tie.isRoot { result = result > 0 ? result.squareRoot() : 0 }
      let difference = value(index, row) - result
      sum += difference * difference
    }
    return sum / Double(Self.fitRows)
  }

  /// Leaves out what a tie does not need, and takes numbers of few digits where they do.
  private func shorten(_ index: Int, _ step: Double) {
    let column = columns[index]
    // A twentieth of a step makes no difference.
    let most = 1.1 * error(column.tie, index, isRounded: false) + step * step / 400
    func offer(_ trial: Tie) {
      if error(trial, index, isRounded: false) <= most { column.tie = trial }
    }
    var trial = column.tie
    trial.constant = 0
    offer(trial)
    var place = column.tie.terms.count
    while place > 1 {
      place -= 1
      trial = column.tie
      trial.terms.remove(at: place)
      offer(trial)
    }
    var digits: UInt64 = 32
    while digits >= 4 {
      trial = column.tie
      trial.constant = Self.rounded(trial.constant, digits)
      for place in 0..<trial.terms.count {
        trial.terms[place].weight = Self.rounded(trial.terms[place].weight, digits)
      }
      offer(trial)
      digits /= 2
    }
  }

  /// A number of so many binary digits.
  private static func rounded(_ value: Double, _ digits: UInt64) -> Double {
    let low = UInt64(1) << (53 - digits)
    return Double(bitPattern: (value.bitPattern &+ low / 2) & ~(low - 1))
  }

  /// Takes the ties that gain the most first, as long as there is an order for them.
  private func arrange(_ gains: List<Double>) -> List<Int> {
    var gains = gains
    var order = List<Int>()
    for index in 0..<columns.count { order.append(index) }
    var places = order
    var isPart = List(repeating: false, count: columns.count)
    var isMoved = false
    while true {
      var index = 0
      for other in 1..<columns.count where gains[other] > gains[index] { index = other }
      guard gains[index] > 0 else { break }
      gains[index] = 0
      let terms = columns[index].tie.terms
      let first = places[index]
      var last = first
      for term in terms {
        last = max(last, places[term.a.column], places[max(0, term.b.column)])
      }
      // What others are tied to stays where it is.
      guard last == first || !isPart[index] else {
        columns[index].tie = Tie()
        continue
      }
      for term in terms {
        isPart[term.a.column] = true
        if term.b.column >= 0 { isPart[term.b.column] = true }
      }
      guard last > first else { continue }
      isMoved = true
      for place in first..<last {
        order[place] = order[place + 1]
        places[order[place]] = place
      }
      order[last] = index
      places[index] = last
    }
    for column in columns {
      for place in 0..<column.tie.terms.count {
        let term = column.tie.terms[place]
        column.tie.terms[place].a.column = places[term.a.column]
        if term.b.column >= 0 { column.tie.terms[place].b.column = places[term.b.column] }
      }
    }
    return isMoved ? order : List()
  }
}
