import Testing

@testable import AEZip

/// Matrices and their eigenvalues by `numpy.linalg.eigvalsh` (numpy 2.4.6, LAPACK).
@Suite struct SymmetricEigenTests {
  struct Known: Sendable {
    var name: String
    var size: Int
    var matrix: [Double]
    var values: [Double]
  }

  static let known = [
    Known(
      name: "random", size: 5,
      matrix: [
        0.001, -0.34650000000000003, 0.10799999999999998, -0.09800000000000003, -1.1485,
        -0.34650000000000003, 0.06, 0.8485, -0.918, -0.4275, 0.10799999999999998, 0.8485,
        0.105, -0.6940000000000001, -0.6479999999999999, -0.09800000000000003, -0.918,
        -0.6940000000000001, -1.901, -0.5095000000000001, -1.1485, -0.4275,
        -0.6479999999999999, -0.5095000000000001, 0.157,
      ],
      values: [
        1.693218354003363, 1.07425766354651, -0.7813819077250667, -0.944190420274432,
        -2.6199036895503744,
      ]),
    Known(
      name: "four zero eigenvalues", size: 6,
      matrix: [
        6.370258, 0.22412600000000002, 3.829879, 2.5535289999999997, -2.5192539999999997,
        0.234157, 0.22412600000000002, 0.292922, 0.014063, 0.30561299999999997,
        0.38406200000000007, 0.43712900000000005, 3.829879, 0.014063, 2.353669, 1.443856,
        -1.714747, -0.04081400000000001, 2.5535289999999997, 0.30561299999999997, 1.443856,
        1.186925, -0.652017, 0.418531, -2.5192539999999997, 0.38406200000000007, -1.714747,
        -0.652017, 1.780202, 0.6186590000000001, 0.234157, 0.43712900000000005,
        -0.04081400000000001, 0.418531, 0.6186590000000001, 0.6539530000000001,
      ],
      values: [
        10.764016712042197, 1.8739122879578007, 2.1898051066412333e-16,
        9.879572503523404e-17, -1.5136771614653335e-16, -1.1373487115807036e-15,
      ]),
    Known(
      name: "two repeated eigenvalues", size: 4,
      matrix: [
        1.3998356476686005, 0.4317027622642543, -0.6444479317378845, 0.1952494264340037,
        0.4317027622642543, 1.9518853308941515, -0.6294661246347729, -0.644274864950922,
        -0.6444479317378845, -0.6294661246347729, 2.0477706272560696, -0.4314825933773068,
        0.1952494264340037, -0.644274864950922, -0.4314825933773068, 2.6005083941811793,
      ],
      values: [
        3.0, 2.9999999999999996, 1.0, 0.9999999999999991,
      ]),
    Known(
      name: "zero", size: 3,
      matrix: [
        0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
      ],
      values: [
        0.0, 0.0, 0.0,
      ]),
  ]

  @Test(arguments: known)
  func agreesWithNumpy(_ known: Known) {
    let eigen = SymmetricEigen(known.matrix, size: known.size)
    for index in 0..<known.size {
      #expect(abs(eigen.values[index] - known.values[index]) < 1e-12, "\(known.name)")
    }
    checkVectors(eigen, known.matrix, known.size)
  }

  @Test func largeMatricesKeepTheirEquation() {
    let size = 70
    var random = Seeded(3)
    var matrix = [Double](repeating: 0, count: size * size)
    for row in 0..<size {
      for column in 0...row {
        let value = random.normal()
        matrix[row * size + column] = value
        matrix[column * size + row] = value
      }
    }
    let eigen = SymmetricEigen(matrix, size: size)
    checkVectors(eigen, matrix, size)
    var trace = 0.0
    for index in 0..<size { trace += matrix[index * size + index] }
    #expect(abs(eigen.values.reduce(0, +) - trace) < 1e-10)
    for index in 1..<size { #expect(eigen.values[index - 1] >= eigen.values[index]) }
  }

  @Test func findsEigenvaluesKnownByFormula() {
    // The second difference: 2 - 2 cos(k pi / (n + 1)); for n = 2: 3 and 1, for n = 3: 2 +- sqrt 2, 2.
    let eigen = SymmetricEigen([2, -1, 0, -1, 2, -1, 0, -1, 2], size: 3)
    let root = 2.0.squareRoot()
    for (value, expected) in zip(eigen.values, [2 + root, 2, 2 - root]) {
      #expect((value - expected).magnitude < 1e-14)
    }
  }

  /// A v = value v, and the vectors are orthonormal.
  private func checkVectors(_ eigen: SymmetricEigen, _ matrix: [Double], _ size: Int) {
    for a in 0..<size {
      for row in 0..<size {
        var product = 0.0
        for column in 0..<size { product += matrix[row * size + column] * eigen.vectors[a][column] }
        #expect(abs(product - eigen.values[a] * eigen.vectors[a][row]) < 1e-10)
      }
      for b in 0...a {
        var dot = 0.0
        for row in 0..<size { dot += eigen.vectors[a][row] * eigen.vectors[b][row] }
        #expect(abs(dot - (a == b ? 1 : 0)) < 1e-10)
      }
    }
  }
}
