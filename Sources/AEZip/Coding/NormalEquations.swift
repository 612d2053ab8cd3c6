import CPlatform

/// Linear equations with a symmetric matrix.
struct NormalEquations {
  private let memory: Memory<Double>
  private var count = 0

  init(most: Int) throws(AEZipError) { memory = try Memory(max(1, most * (most + 1))) }

  /// The lower triangle, at [i * count + j], j <= i.
  var matrix: UnsafeMutablePointer<Double> { memory.base }
  /// The right hand side, then the solution.
  var right: UnsafeMutablePointer<Double> { memory.base + count * count }

  /// Begins equations of so many unknowns.
  mutating func clear(_ count: Int) {
    self.count = count
    memset(memory.base, 0, 8 * count * (count + 1))
  }

  /// By Cholesky's decomposition, the diagonal a little raised; false if it is not positive.
  func solve(damping: Double) -> Bool {
    let (n, m, x) = (count, matrix, right)
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
