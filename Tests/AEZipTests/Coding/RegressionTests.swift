import Testing

@testable import AEZip

@Suite struct RegressionTests {
  /// Solves a x = b by elimination with pivots.
  private func solve(_ a: [[Double]], _ b: [Double]) -> [Double] {
    var a = a
    var b = b
    let n = b.count
    for column in 0..<n {
      let pivot = (column..<n).max { a[$0][column].magnitude < a[$1][column].magnitude }!
      a.swapAt(column, pivot)
      b.swapAt(column, pivot)
      for row in column + 1..<max(n, column + 1) {
        let factor = a[row][column] / a[column][column]
        for k in column..<n { a[row][k] -= factor * a[column][k] }
        b[row] -= factor * b[column]
      }
    }
    var x = [Double](repeating: 0, count: n)
    for row in (0..<n).reversed() {
      var value = b[row]
      for k in row + 1..<max(n, row + 1) { value -= a[row][k] * x[k] }
      x[row] = value / a[row][row]
    }
    return x
  }

  /// Random fields that depend on each other: rows of values, the target last.
  private func fields(_ count: Int, _ random: inout Seeded) -> [[Double]] {
    (0..<400).map { _ in
      var row: [Double] = []
      for field in 0..<count {
        var value = random.normal() * Double(field % 3 + 1)
        for before in 0..<field { value += row[before] * (before % 2 == 0 ? 0.3 : -0.2) }
        row.append(value)
      }
      return row
    }
  }

  @Test(arguments: 0..<10 as Range<UInt64>)
  func coefficientsSolveTheNormalEquations(seed: UInt64) throws {
    var random = Seeded(seed)
    let count = 9
    let rows = fields(count, &random)
    func moment(_ a: Int, _ b: Int) -> Double {
      rows.reduce(0) { $0 + $1[a] * $1[b] } / Double(rows.count)
    }
    let target = count - 1
    let candidates = List((0..<target).map { Regression.Candidate(column: $0, lag: 0) })
    var regression = try Regression(
      candidates: candidates, most: 5,
      targetVariance: moment(target, target), kernels: Kernels(),
      covariance: { moment(target, $0.column) },
      variance: { moment($0.column, $0.column) })
    for size in 1...5 {
      let isAdded = regression.extend { row, chosen in
        for place in 0..<candidates.count { row[place] = moment(place, chosen.column) }
      }
      #expect(isAdded)
      let chosen = regression.chosen.map { regression.candidates[$0].column }
      #expect(chosen.count == size && Set(chosen).count == size)
      let expected = solve(
        chosen.map { a in chosen.map { moment(a, $0) } }, chosen.map { moment(target, $0) })
      for (a, b) in zip(regression.coefficients(size), expected) {
        #expect((a - b).magnitude < 1e-8 * max(1, b.magnitude))
      }
      // The variance that is left is that of the residuals.
      let left = rows.reduce(0) { sum, row in
        var residual = row[target]
        for (column, coefficient) in zip(chosen, expected) { residual -= coefficient * row[column] }
        return sum + residual * residual
      }
      #expect((regression.variances[size] - left / Double(rows.count)).magnitude < 1e-8)
    }
  }

  @Test func theFirstChoiceExplainsMost() throws {
    var random = Seeded(1)
    let rows = (0..<500).map { _ in
      let x = random.normal()
      return [random.normal(), x + 0.1 * random.normal(), random.normal(), x]
    }
    func moment(_ a: Int, _ b: Int) -> Double { rows.reduce(0) { $0 + $1[a] * $1[b] } }
    let candidates = List((0..<3).map { Regression.Candidate(column: $0, lag: 0) })
    var regression = try Regression(
      candidates: candidates, most: 3, targetVariance: moment(3, 3), kernels: Kernels(),
      covariance: { moment(3, $0.column) },
      variance: { moment($0.column, $0.column) })
    let isAdded = regression.extend { row, chosen in
      for place in 0..<candidates.count { row[place] = moment(place, chosen.column) }
    }
    #expect(isAdded)
    #expect(regression.chosen == [1])
  }

  @Test func stopsWhenNothingIsLeft() throws {
    var regression = try Regression(
      candidates: List((0..<2).map { Regression.Candidate(column: $0, lag: 0) }), most: 2,
      targetVariance: 1, kernels: Kernels(), covariance: { _ in 1 }, variance: { _ in 1 })
    // Both candidates are the target itself.
    func ones(_ row: UnsafeMutablePointer<Double>, _: Regression.Candidate) {
      (row[0], row[1]) = (1, 1)
    }
    let (first, second) = (regression.extend(moments: ones), regression.extend(moments: ones))
    #expect(first && !second)
    #expect(regression.coefficients(1) == [1])
    var none = try Regression(
      candidates: List(), most: 2, targetVariance: 1, kernels: Kernels(), covariance: { _ in 1 },
      variance: { _ in 1 })
    let isFound = none.extend { _, _ in }
    #expect(!isFound)
    #expect(none.coefficients(0).isEmpty)
  }

  @Test func noMoreAreChosenThanPermitted() throws {
    var regression = try Regression(
      candidates: List((0..<3).map { Regression.Candidate(column: $0, lag: 0) }), most: 1,
      targetVariance: 9, kernels: Kernels(), covariance: { Double($0.column + 1) },
      variance: { _ in 4 })
    let first = regression.extend { row, _ in for place in 0..<3 { row[place] = 0 } }
    #expect(first)
    #expect(regression.chosen == [2] && regression.variances == [9, 9 - 9.0 / 4])
    let second = regression.extend { _, _ in }
    #expect(!second)
  }
}
