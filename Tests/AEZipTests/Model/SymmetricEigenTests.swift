import Testing

@testable import AEZip

@Suite struct SymmetricEigenTests {
  private func expectDecomposition(_ matrix: [Double], _ size: Int) {
    let eigen = SymmetricEigen(matrix, size: size)
    let scale = matrix.map { $0.magnitude }.max() ?? 0
    #expect(eigen.values == eigen.values.sorted(by: >))
    for k in 0..<size {
      let v = eigen.vectors[k]
      // a v = value v, and all vectors orthonormal.
      for row in 0..<size {
        var sum = 0.0
        for column in 0..<size { sum += matrix[row * size + column] * v[column] }
        #expect((sum - eigen.values[k] * v[row]).magnitude <= 1e-11 * max(scale, 1e-300))
      }
      for other in 0...k {
        var product = 0.0
        for row in 0..<size { product += v[row] * eigen.vectors[other][row] }
        #expect((product - (other == k ? 1 : 0)).magnitude < 1e-12)
      }
    }
  }

  @Test(arguments: [1, 2, 3, 10, 25]) func decomposesRandomMatrices(size: Int) {
    var random = Seeded(UInt64(size))
    var matrix = [Double](repeating: 0, count: size * size)
    for row in 0..<size {
      for column in 0...row {
        matrix[row * size + column] = random.normal()
        matrix[column * size + row] = matrix[row * size + column]
      }
    }
    expectDecomposition(matrix, size)
  }

  @Test func decomposesRepeatedAndZeroEigenvalues() {
    let size = 12
    expectDecomposition([Double](repeating: 0, count: size * size), size)
    expectDecomposition([Double](repeating: 1, count: size * size), size)
    var identity = [Double](repeating: 0, count: size * size)
    for row in 0..<size { identity[row * size + row] = row < 5 ? 3 : 1e-8 }
    expectDecomposition(identity, size)
  }

  @Test func findsEigenvaluesKnownByFormula() {
    // The second difference: 2 - 2 cos(k pi / (n + 1)); for n = 2: 3 and 1, for n = 3: 2 +- sqrt 2, 2.
    let eigen = SymmetricEigen([2, -1, 0, -1, 2, -1, 0, -1, 2], size: 3)
    let root = 2.0.squareRoot()
    for (value, expected) in zip(eigen.values, [2 + root, 2, 2 - root]) {
      #expect((value - expected).magnitude < 1e-14)
    }
  }
}
