import CPlatform

/// Refines coefficients. Least squares follow the few large residuals, but most bits are spent on the
/// many small ones: so steps of least squares with weights
///
///     1 / (1 + (e / s)^2)
///
/// (Cauchy's), e the residual and s about half its usual size, as the bits of a code tell it.
final class RobustFit {
  private let sample: Sample
  private let kernels: Kernels
  /// Where regressors of a block are, and, behind them, where those of row 0 would be.
  private let pointers: Memory<UnsafePointer<Double>?>
  private let weights: Memory<Double>
  private let scratch: Memory<Double>
  private let sums: Memory<Double>
  private var equations: NormalEquations

  init(_ sample: Sample, most: Int, kernels: Kernels) throws(AEZipError) {
    self.sample = sample
    self.kernels = kernels
    pointers = try Memory(2 * most)
    weights = try Memory(most)
    scratch = try Memory(3 * 64)
    sums = try Memory(4 * (most + 1) * (most + 2))
    equations = try NormalEquations(most: most)
  }

  /// A step from the coefficients of a column's regressors; false if it leads nowhere.
  ///
  /// - Parameters:
  ///   - bits: of a code.
  ///   - rows: how many records are enough.
  func improve(_ column: Column, _ index: Int, bits: Double, rows: Int) -> Bool {
    let count = column.regressors.count
    let size = 8 * (count + 1) * (count + 2) / 2
    memset(sums.base, 0, 8 * size)
    let sources = pointers.base + count
    for place in 0..<count {
      let regressor = column.regressors[place]
      weights.base[place] = regressor.coefficient
      sources[place] = UnsafePointer(sample.rounded(regressor.column)) - 64 * regressor.lag
    }
    let whole = max(0, min(40, bits)).rounded(.down)
    let spread = exp2(Int(whole)) * (1 + max(0, bits - whole))
    let inverse = 1 / (column.multiple * (0.5 + 0.125 * spread))
    for range in sample.parts(of: rows) {
      var row = max(64 * Column.largestLag, range.lowerBound)
      while row < range.upperBound {
        for place in 0..<count { pointers.base[place] = sources[place].unsafelyUnwrapped + row }
        kernels.call.reweigh(
          sums.base, pointers.base, weights.base, count, sample.values(of: index) + row, inverse,
          scratch.base)
        row += 64
      }
    }
    equations.clear(count)
    var parts = sums.base
    for i in 0...count {
      for j in 0...i {
        var sum = 0.0
        for part in 0..<8 { sum += parts[part] }
        parts += 8
        if i < count {
          equations.matrix[i * count + j] = sum
        } else if j < count {
          equations.right[j] = sum
        }
      }
    }
    guard equations.solve(damping: 1e-9) else { return false }
    for place in 0..<count { column.regressors[place].coefficient += equations.right[place] }
    return true
  }
}
