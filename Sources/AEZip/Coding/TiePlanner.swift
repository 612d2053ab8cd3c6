import CPlatform

/// Finds columns that follow from others of the record by a sum of products, or its root: exactly, or
/// far better than by a linear combination. ``Planner`` then races what was found.
///
/// Least squares on some records: of the values on products of two others, and of their squares on
/// squares of others. For tables of many fields products of different ones are left out.
struct TiePlanner {
  private static let fitRows = 128
  private static let leastRecords = 256
  private static let mostTerms = 6
  /// Bits a value that a tie must save over a linear combination; what merely bends is left to trees.
  private static let leastGain = 0.5
  /// Columns up to which all products take part.
  private static let mostPaired = 24

  let columns: [Column]
  let planes: List<Plane>
  let strands: Strands
  let isDouble: Bool
  let kernels: Kernels

  private typealias Feature = (a: Int, b: Int)

  private struct Found {
    var column: Int
    var tie: Tie
    var gain: Double
  }

  /// Sets the ties of columns that are worth a trial.
  ///
  /// - Returns: the order in which columns that are tied come after what they are tied to; their ties
  ///   name columns in that order. Empty if it is the present one.
  func plan(mostColumns: Int) throws(AEZipError) -> List<Int> {
    guard columns.count > 1, columns.count <= mostColumns,
      strands.recordCount >= Self.leastRecords
    else { return List() }
    // The rows that are fitted, then those that judge.
    let rows = 2 * Self.fitRows
    let values = try Memory<Double>(columns.count * rows)
    guard take(rows, values) else { return List() }
    var scales: [Double] = []
    for index in 0..<columns.count {
      var largest = 0.0
      for row in 0..<rows { largest = max(largest, values[index * rows + row].magnitude) }
      let reach = largest / columns[index].scaledUnit
      let isUsable = columns[index].integerOrigin == 0 && reach < (isDouble ? 0x1p40 : 0x1p18)
      scales.append(isUsable ? largest : 0)
    }
    // Features: one, the values, and their products.
    var features = List<Feature>()
    features.append((a: -1, b: -1))
    for index in 0..<columns.count where scales[index] > 0 { features.append((a: index, b: -1)) }
    let linearCount = features.count
    for a in 0..<columns.count where scales[a] > 0 {
      for b in a..<columns.count where scales[b] > 0 {
        if a == b || columns.count <= Self.mostPaired { features.append((a: a, b: b)) }
      }
    }
    let stride = (features.count + 15) / 16 * 16
    let matrix = try Memory<Double>(Self.fitRows * stride, zeroed: true)
    for place in 0..<features.count {
      let (a, b) = features[place]
      for row in 0..<Self.fitRows {
        var product = a < 0 ? 1 : values[a * rows + row] / scales[a]
        if b >= 0 { product *= values[b * rows + row] / scales[b] }
        matrix[row * stride + place] = product
      }
    }
    let gram = try Memory<Double>(stride * stride, zeroed: true)
    var first = 0
    while first < stride {
      kernels.call.gram(
        gram.base, stride, matrix.base, stride, matrix.base, stride, Self.fitRows, first,
        first + 16, 0, first + 16)
      first += 16
    }

    /// A tie of the target, which is a value or a square, to features of a range.
    func fit(_ target: Int, _ range: Range<Int>, squaresOnly: Bool) -> Tie {
      func moment(_ a: Regression.Candidate, _ b: Regression.Candidate) -> Double {
        gram[max(a.column, b.column) * stride + min(a.column, b.column)]
      }
      let own = features[target].a
      var candidates = List<Regression.Candidate>()
      for place in range {
        let (a, b) = features[place]
        if a == own || b == own || squaresOnly && a != b { continue }
        candidates.append(Regression.Candidate(column: place, lag: 0))
      }
      let wanted = Regression.Candidate(column: target, lag: 0)
      var regression = Regression(
        candidates: candidates, targetVariance: moment(wanted, wanted),
        target: { moment(wanted, $0) }, variance: { moment($0, $0) })
      while regression.chosen.count < Self.mostTerms + 1,
        regression.variances[regression.chosen.count] > 1e-13 * regression.variances[0],
        regression.extend(moment: moment)
      {}
      let count = regression.chosen.count
      let weights = regression.coefficients(count)
      var tie = Tie()
      tie.isRoot = features[target].b >= 0
      let scale = tie.isRoot ? scales[own] * scales[own] : scales[own]
      for rank in 0..<count {
        let (a, b) = features[candidates[regression.chosen[rank]].column]
        if a < 0 {
          tie.constant = weights[rank] * scale
        } else {
          let weight = weights[rank] * scale / scales[a] / (b < 0 ? 1 : scales[b])
          tie.terms.append(
            Tie.Term(
              a: Tie.Factor(column: a, lag: 0), b: Tie.Factor(column: b, lag: 0), weight: weight))
        }
      }
      return tie
    }

    var found: [Found] = []
    for place in 1..<linearCount {
      let index = features[place].a
      let step = columns[index].scaledUnit * columns[index].multiple
      let linear = fit(place, 0..<linearCount, squaresOnly: false)
      let squares = error(linear, index, values, rows, isRounded: false)
      let base = bits(squares, step)
      var best = Found(column: index, tie: Tie(), gain: Self.leastGain)
      guard base > best.gain else { continue }
      func offer(_ tie: Tie) {
        guard error(tie, index, values, rows, isRounded: false) < squares / 32 else { return }
        let gain = base - bits(error(tie, index, values, rows, isRounded: true), step)
        if gain > best.gain { best = Found(column: index, tie: tie, gain: gain) }
      }
      if isPositive(values.base + index * rows, rows) {
        var square = linearCount
        while features[square].a != index || features[square].b != index { square += 1 }
        offer(fit(square, 0..<features.count, squaresOnly: true))
      }
      if columns.count <= Self.mostPaired { offer(fit(place, 0..<features.count, squaresOnly: false)) }
      guard !best.tie.isEmpty, best.gain * Double(strands.recordCount) > 1000 else { continue }
      shorten(&best.tie, index, values, rows, step)
      if !best.tie.isEmpty { found.append(best) }
    }
    return arrange(found)
  }

  /// Fills in the values of some records none of which lacks one; false if there are too few.
  private func take(_ rows: Int, _ values: Memory<Double>) -> Bool {
    var taken = 0
    var place = 0
    let step = max(1, strands.recordCount / (2 * rows)) | 1
    while place < strands.planeCount && taken < rows {
      if place % Strands.width < strands.activeLanes(place / Strands.width) {
        var isFinite = true
        for index in 0..<columns.count {
          let plane = planes[index]
          let value = plane.float.map { Double($0[place]) } ?? plane.double![place]
          isFinite = isFinite && value.isFinite
          // Even rows are fitted, odd ones judge.
          values[index * rows + taken / 2 + taken % 2 * Self.fitRows] = value
        }
        if isFinite { taken += 1 }
      }
      place += step
    }
    return taken == rows
  }

  private func isPositive(_ values: UnsafePointer<Double>, _ count: Int) -> Bool {
    for row in 0..<count where values[row] < 0 { return false }
    return true
  }

  /// About the bits of a code where predictions are off by so much in the mean of squares.
  private func bits(_ squares: Double, _ step: Double) -> Double { Planner.bits(squares, step) }

  /// The mean squared error of a tie over the rows that judge.
  ///
  /// - Parameter isRounded: the values that it takes are as coarse as their codes.
  private func error(
    _ tie: Tie, _ index: Int, _ values: Memory<Double>, _ rows: Int, isRounded: Bool
  ) -> Double {
    func value(_ factor: Tie.Factor, _ row: Int) -> Double {
      guard factor.column >= 0 else { return 1 }
      let x = values[factor.column * rows + row]
      let column = columns[factor.column]
      guard isRounded else { return x }
      let step = column.scaledUnit * column.multiple
      let start = column.scaledUnit * column.shift
      return start + nearest((x - start) / step) * step
    }
    var sum = 0.0
    for row in Self.fitRows..<rows {
      var result = tie.constant
      for term in tie.terms { result += term.weight * (value(term.a, row) * value(term.b, row)) }
      if tie.isRoot { result = result > 0 ? result.squareRoot() : 0 }
      let difference = values[index * rows + row] - result
      sum += difference * difference
    }
    return sum / Double(rows - Self.fitRows)
  }

  /// Leaves out what a tie does not need, and takes numbers of few digits where they do.
  private func shorten(
    _ tie: inout Tie, _ index: Int, _ values: Memory<Double>, _ rows: Int, _ step: Double
  ) {
    // A twentieth of a step makes no difference.
    let most =
      1.1 * error(tie, index, values, rows, isRounded: false) + step * step / 400
    func offer(_ trial: Tie) {
      if error(trial, index, values, rows, isRounded: false) <= most { tie = trial }
    }
    var trial = tie
    trial.constant = 0
    offer(trial)
    var place = tie.terms.count
    while place > 0 {
      place -= 1
      trial = tie
      trial.terms.remove(at: place)
      offer(trial)
    }
    for digits in [48, 32, 24, 16, 8, 4] {
      trial = tie
      trial.constant = Self.rounded(tie.constant, digits)
      for place in 0..<tie.terms.count {
        trial.terms[place].weight = Self.rounded(tie.terms[place].weight, digits)
      }
      offer(trial)
    }
  }

  /// A number of so many binary digits.
  private static func rounded(_ value: Double, _ digits: Int) -> Double {
    let low = UInt64(1) << UInt64(53 - digits)
    return Double(bitPattern: (value.bitPattern &+ low / 2) & ~(low - 1))
  }

  /// Takes the ties that gain the most first, as long as there is an order for them.
  private func arrange(_ found: [Found]) -> List<Int> {
    var order = List<Int>()
    for index in 0..<columns.count { order.append(index) }
    var places = order
    var isMoved = false
    var taken = List<Int>()
    for number in ascending(found.map { -$0.gain }) {
      let index = found[number].column
      var last = places[index]
      for term in found[number].tie.terms {
        last = max(last, places[term.a.column], places[max(0, term.b.column)])
      }
      var isFirst = true
      for other in taken where places[found[other].column] <= last {
        for term in found[other].tie.terms where term.a.column == index || term.b.column == index {
          isFirst = false
        }
      }
      guard isFirst else { continue }
      taken.append(number)
      for place in places[index]..<last {
        order[place] = order[place + 1]
        places[order[place]] = place
        isMoved = true
      }
      order[last] = index
      places[index] = last
    }
    for number in taken {
      var tie = found[number].tie
      for place in 0..<tie.terms.count {
        tie.terms[place].a.column = places[tie.terms[place].a.column]
        if tie.terms[place].b.column >= 0 {
          tie.terms[place].b.column = places[tie.terms[place].b.column]
        }
      }
      columns[found[number].column].tie = tie
    }
    return isMoved ? order : List()
  }
}
