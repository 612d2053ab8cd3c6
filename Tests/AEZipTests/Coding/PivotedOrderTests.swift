import Foundation
import Testing

@testable import AEZip

@Suite struct PivotedOrderTests {
  /// Columns of code units with these covariances, row by row.
  private func order(
    _ covariances: [[Double]], gain: Double, seen: Int = 4000, records: Int = 10_000,
    kernels: Kernels = Kernels()
  ) throws -> [Int] {
    let count = covariances.count
    let stride = (count + 15) / 16 * 16
    let gram = try Memory<Double>(stride * stride, zeroed: true)
    for (a, row) in covariances.enumerated() {
      for (b, value) in row.enumerated() { gram[a * stride + b] = value }
    }
    var moments = SampleMoments(lags: 0, columnCount: count, stride: stride)
    moments.append(gram, true)
    let columns = (0..<count).map { _ in Column() }
    return Array(
      try PivotedOrder.plan(
        columns, after: 0, moments, gain: gain, seen: seen, records: records, kernels: kernels))
  }

  /// Values on a line, alike where they are near: exp(-(distance / 4)^2).
  private func smooth(_ count: Int, variance: Double) -> [[Double]] {
    (0..<count).map { a in
      (0..<count).map { b in variance * exp(-pow(Double(a - b) / 4, 2)) }
    }
  }

  @Test func theLeastKnownComesFirst() throws {
    // Column 1 is 2, whose codes tell 0 of; 3 stands alone.
    let covariances: [[Double]] = [[1, 0, 0, 0], [0, 9, 9, 0], [0, 9, 9, 0], [0, 0, 0, 5]]
    #expect(try order(covariances, gain: 0) == [1, 3, 0, 2])
  }

  /// Every column once, and of neighbours not both before what lies between others.
  @Test func aCoarseGridComesFirst() throws {
    let found = try order(smooth(64, variance: 4), gain: 0)
    #expect(found.sorted() == Array(0..<64))
    let first = found[..<12].sorted()
    for (a, b) in zip(first, first.dropFirst()) { #expect(b - a > 2) }
  }

  @Test func smoothFieldsAreArrangedAtLooseBounds() throws {
    #expect(!(try order(smooth(64, variance: 0.5), gain: 0.05).isEmpty))
    #expect(!(try order(smooth(300, variance: 0.5), gain: 0.05).isEmpty))
  }

  @Test func whatGainsNothingStaysAsItIs() throws {
    // Tight bounds, strangers, constants, too few.
    #expect(try order(smooth(64, variance: 1e8), gain: 0.05) == [])
    let strangers = (0..<40).map { a in (0..<40).map { $0 == a ? 0.4 : 0 } }
    #expect(try order(strangers, gain: 0.05) == [])
    #expect(try order([[Double]](repeating: [0, 0, 0], count: 3), gain: 0.05) == [])
    #expect(try order([[1, 1], [1, 1]], gain: 0) == [])
    // So few records that the order itself takes more than it saves.
    #expect(try order(smooth(64, variance: 0.5), gain: 0.05, records: 50) == [])
    #expect(try order(smooth(64, variance: 0.5), gain: 0.05, seen: 200) == [])
  }

  @Test func theOrderDoesNotDependOnTheInstructionSet() throws {
    let covariances = smooth(90, variance: 0.7)
    let expected = try order(covariances, gain: 0, kernels: Kernels(level: 0))
    for level in [3, 4] as [Int32] where level <= instructionSetLevel {
      #expect(try order(covariances, gain: 0, kernels: Kernels(level: level)) == expected)
    }
  }

  /// Against integrals of the density, from its distribution function.
  @Test(arguments: [0.02, 0.04, 0.0884, 0.1, 0.2, 0.3, 1, 7, 300])
  func bitsAndKnowledgeOfRoundedNormalVariables(variance: Double) {
    let deviation = variance.squareRoot()
    func above(_ x: Double) -> Double { 0.5 * erfc(x / deviation / 2.0.squareRoot()) }
    func density(_ x: Double) -> Double {
      exp(-x * x / (2 * variance)) / (2 * Double.pi * variance).squareRoot()
    }
    var (bits, error) = (0.0, 0.0)
    for k in 0...Int(9 * deviation + 2) {
      let share = k == 0 ? 1 - 2 * above(0.5) : above(Double(k) - 0.5) - above(Double(k) + 0.5)
      if share > 0 { bits -= (k == 0 ? 1 : 2) * share * log2(share) }
      for step in 0..<1000 {
        let offset = (Double(step) + 0.5) / 1000 - 0.5
        error += (k == 0 ? 1 : 2) * density(Double(k) + offset) * offset * offset / 1000
      }
    }
    #expect(abs(PivotedOrder.bits(variance) - bits) < 0.02)
    #expect(abs(PivotedOrder.known(variance) - (1 - error / variance)) < 0.02)
  }
}
