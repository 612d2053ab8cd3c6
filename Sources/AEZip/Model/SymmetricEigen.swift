/// Eigenvalues and eigenvectors of a real symmetric matrix: Householder tridiagonalization, then QL
/// with implicit shifts (Wilkinson and Reinsch, Handbook for Automatic Computation II, 1971, `tred2`
/// and `tql2`). Uses + - * / and square roots alone, so the result has the same bits everywhere.
struct SymmetricEigen {
  /// Descending.
  private(set) var values: [Double]
  /// `vectors[k]` belongs to `values[k]`; of length 1, its largest component positive.
  private(set) var vectors: [[Double]] = []

  /// - Parameters:
  ///   - matrix: `size * size` elements, of which the lower triangle is read; finite.
  /// - Complexity: about 3 size^3 multiply-adds.
  init(_ matrix: [Double], size: Int) {
    values = [Double](repeating: 0, count: size)
    guard size > 0 else { return }
    var z = matrix
    var d = [Double](repeating: 0, count: size)
    var e = [Double](repeating: 0, count: size)
    z.withUnsafeMutableBufferPointer { z in
      d.withUnsafeMutableBufferPointer { d in
        e.withUnsafeMutableBufferPointer { e in
          Self.tridiagonalize(z.baseAddress!, d.baseAddress!, e.baseAddress!, size)
          Self.diagonalize(z.baseAddress!, d.baseAddress!, e.baseAddress!, size)
        }
      }
    }
    let order = ascending(d.map { -$0 })
    for rank in 0..<size {
      values[rank] = d[order[rank]]
      var vector = [Double](repeating: 0, count: size)
      var largest = 0.0
      for row in 0..<size {
        vector[row] = z[row * size + order[rank]]
        if vector[row].magnitude > largest.magnitude { largest = vector[row] }
      }
      if largest < 0 { for row in 0..<size { vector[row] = -vector[row] } }
      vectors.append(vector)
    }
  }

  /// Reduces to a tridiagonal matrix: diagonal `d`, subdiagonal `e`, transformation in `z`.
  private static func tridiagonalize(
    _ z: UnsafeMutablePointer<Double>, _ d: UnsafeMutablePointer<Double>,
    _ e: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    var i = n - 1
    while i > 0 {
      let last = i - 1
      var h = 0.0
      if last > 0 {
        var scale = 0.0
        for k in 0...last { scale += z[i * n + k].magnitude }
        if scale == 0 {
          e[i] = z[i * n + last]
        } else {
          for k in 0...last {
            z[i * n + k] /= scale
            h += z[i * n + k] * z[i * n + k]
          }
          let f = z[i * n + last]
          let g = f >= 0 ? -h.squareRoot() : h.squareRoot()
          e[i] = scale * g
          h -= f * g
          z[i * n + last] = f - g
          var sum = 0.0
          for j in 0...last {
            z[j * n + i] = z[i * n + j] / h
            var product = 0.0
            for k in 0...j { product += z[j * n + k] * z[i * n + k] }
            var k = j + 1
            while k <= last {
              product += z[k * n + j] * z[i * n + k]
              k += 1
            }
            e[j] = product / h
            sum += e[j] * z[i * n + j]
          }
          let half = sum / (h + h)
          for j in 0...last {
            let f = z[i * n + j]
            let g = e[j] - half * f
            e[j] = g
            for k in 0...j { z[j * n + k] -= f * e[k] + g * z[i * n + k] }
          }
        }
      } else {
        e[i] = z[i * n + last]
      }
      d[i] = h
      i -= 1
    }
    d[0] = 0
    e[0] = 0
    for i in 0..<n {
      if d[i] != 0 {
        for j in 0..<i {
          var product = 0.0
          for k in 0..<i { product += z[i * n + k] * z[k * n + j] }
          for k in 0..<i { z[k * n + j] -= product * z[k * n + i] }
        }
      }
      d[i] = z[i * n + i]
      z[i * n + i] = 1
      for j in 0..<i {
        z[j * n + i] = 0
        z[i * n + j] = 0
      }
    }
  }

  /// QL iterations on the tridiagonal matrix, carried along in `z`.
  private static func diagonalize(
    _ z: UnsafeMutablePointer<Double>, _ d: UnsafeMutablePointer<Double>,
    _ e: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    for i in 1..<max(n, 1) { e[i - 1] = e[i] }
    e[n - 1] = 0
    for l in 0..<n {
      // 60 iterations are beyond what any matrix needs; what is left then is below rounding.
      for _ in 0..<60 {
        var m = l
        while m < n - 1 {
          let size = d[m].magnitude + d[m + 1].magnitude
          if e[m].magnitude <= 0x1p-52 * size { break }
          m += 1
        }
        if m == l { break }
        var g = (d[l + 1] - d[l]) / (2 * e[l])
        var r = (g * g + 1).squareRoot()
        g = d[m] - d[l] + e[l] / (g + (g >= 0 ? r : -r))
        var s = 1.0
        var c = 1.0
        var p = 0.0
        var i = m - 1
        var vanished = false
        while i >= l {
          var f = s * e[i]
          let b = c * e[i]
          r = (f * f + g * g).squareRoot()
          e[i + 1] = r
          if r == 0 {
            d[i + 1] -= p
            e[m] = 0
            vanished = true
            break
          }
          s = f / r
          c = g / r
          g = d[i + 1] - p
          r = (d[i] - g) * s + 2 * c * b
          p = s * r
          d[i + 1] = g + p
          g = c * r - b
          for k in 0..<n {
            f = z[k * n + i + 1]
            z[k * n + i + 1] = s * z[k * n + i] + c * f
            z[k * n + i] = c * z[k * n + i] - s * f
          }
          i -= 1
        }
        if vanished { continue }
        d[l] -= p
        e[l] = g
        e[m] = 0
      }
    }
  }
}
