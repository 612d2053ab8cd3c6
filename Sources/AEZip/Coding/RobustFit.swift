import CPlatform

/// Linear equations with a symmetric matrix.
enum NormalEquations {
  /// Cholesky's decomposition of the lower triangle, its diagonal a little raised; false if it is
  /// not positive. What is in `x` on the right hand side becomes the solution.
  static func solve(_ m: inout [Double], _ x: inout [Double], damping: Double) -> Bool {
    let n = x.count
    var trace = 0.0
    for i in 0..<n { trace += m[i * n + i] }
    for i in 0..<n {
      m[i * n + i] += damping * (m[i * n + i] + 1e-3 * trace) + 1e-30
      for j in 0...i {
        var sum = m[i * n + j]
        for k in 0..<j { sum -= m[i * n + k] * m[j * n + k] }
        if i == j {
          guard sum > 0 else { return false }
          m[i * n + i] = sum.squareRoot()
        } else {
          m[i * n + j] = sum / m[j * n + j]
        }
      }
      var sum = x[i]
      for k in 0..<i { sum -= m[i * n + k] * x[k] }
      x[i] = sum / m[i * n + i]
    }
    var i = n
    while i > 0 {
      i -= 1
      var sum = x[i]
      for k in i + 1..<max(n, i + 1) { sum -= m[k * n + i] * x[k] }
      x[i] = sum / m[i * n + i]
    }
    return true
  }
}

/// Refines coefficients. Least squares follow the few large residuals, but most bits are spent on the
/// many small ones: so steps of least squares with weights
///
///     1 / (1 + (e / s)^2)
///
/// (Cauchy's), e the residual and s about half its usual size, as the bits of a code tell it.
final class RobustFit {
  private let sample: Sample
  private let kernels: Kernels
  private let pointers: Memory<UnsafePointer<Double>?>
  private let weights: Memory<Double>
  private let scratch: Memory<Double>
  private let sums: Memory<Double>

  init(_ sample: Sample, most: Int, kernels: Kernels) throws(AEZipError) {
    self.sample = sample
    self.kernels = kernels
    pointers = try Memory(most)
    weights = try Memory(most)
    scratch = try Memory(3 * 64)
    sums = try Memory(4 * (most + 1) * (most + 2))
  }

  /// A step from the coefficients of a column's regressors; false if it leads nowhere.
  ///
  /// - Parameters:
  ///   - bits: of a code.
  ///   - rows: how many records are enough.
  func improve(_ column: Column, _ index: Int, bits: Double, rows: Int) -> Bool {
    let count = column.regressors.count
    let size = 8 * (count + 1) * (count + 2) / 2
    for place in 0..<size { sums.base[place] = 0 }
    for place in 0..<count { weights.base[place] = column.regressors[place].coefficient }
    let whole = max(0, min(40, bits)).rounded(.down)
    let spread = exp2(Int(whole)) * (1 + max(0, bits - whole))
    let inverse = 1 / (column.multiple * (0.5 + 0.125 * spread))
    for range in sample.parts(of: rows) {
      var row = max(64 * Column.largestLag, range.lowerBound)
      while row < range.upperBound {
        for place in 0..<count {
          let regressor = column.regressors[place]
          pointers.base[place] = UnsafePointer(
            sample.rounded(regressor.column) + (row - 64 * regressor.lag))
        }
        kernels.call.reweigh(
          sums.base, pointers.base, weights.base, count, sample.values(of: index) + row, inverse,
          scratch.base)
        row += 64
      }
    }
    var matrix = [Double](repeating: 0, count: count * count)
    var right = [Double](repeating: 0, count: count)
    func sum(_ i: Int, _ j: Int) -> Double {
      let parts = sums.base + 8 * (i * (i + 1) / 2 + j)
      var sum = 0.0
      for part in 0..<8 { sum += parts[part] }
      return sum
    }
    for i in 0..<count {
      for j in 0...i { matrix[i * count + j] = sum(i, j) }
      right[i] = sum(count, i)
    }
    guard NormalEquations.solve(&matrix, &right, damping: 1e-9) else { return false }
    for place in 0..<count { column.regressors[place].coefficient += right[place] }
    return true
  }
}
