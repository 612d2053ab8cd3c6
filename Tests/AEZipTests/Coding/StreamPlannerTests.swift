import Testing

@testable import AEZip

@Suite struct StreamPlannerTests {
  /// Streams of pieces with these counts of symbols.
  private func streams(
    _ histograms: [[Int]], level: Int = 6, kernels: Kernels = Kernels()
  ) throws -> (count: Int, of: [Int]) {
    let planner = try StreamPlanner(level: level, kernels: kernels)
    var pieces: [Piece] = []
    for (index, histogram) in histograms.enumerated() {
      pieces.append(Piece(count: histogram.reduce(0, +)))
      try planner.add(histogram + [Int](repeating: 0, count: 256 - histogram.count), piece: index)
    }
    return (try planner.plan(&pieces), pieces.map { $0.stream })
  }

  /// A sample of as many symbols, whose shares fall by a factor.
  private func sample(_ count: Int, _ factor: Double, _ random: inout Seeded) -> [Int] {
    var histogram = [Int](repeating: 0, count: 64)
    for _ in 0..<count {
      var symbol = 0
      while symbol < 63 && Double.random(in: 0..<1, using: &random) < factor { symbol += 1 }
      histogram[symbol] += 1
    }
    return histogram
  }

  @Test func noPiecesNeedNoStreams() throws { #expect(try streams([]) == (0, [])) }

  @Test func onePieceHasOneStream() throws { #expect(try streams([[3, 4]]) == (1, [0])) }

  @Test func emptyPiecesHaveAStream() throws {
    let (count, of) = try streams([[], [5000, 5000], [], [0, 0, 9000, 9000]])
    #expect(count == 2)
    #expect(of.allSatisfy { $0 < 2 } && of[1] != of[3])
  }

  @Test func fewSymbolsDoNotPayForAStream() throws {
    #expect(try streams([[10], [0, 10], [0, 0, 10], [0, 0, 0, 10]]).count == 1)
  }

  /// Three sources of nearly the same entropy, in any order: one stream each. Two of them have the
  /// same shares of other symbols, so that their order of entropy says nothing.
  @Test func piecesOfOneSourceShareAStream() throws {
    var random = Seeded(8)
    var histograms: [[Int]] = []
    for piece in 0..<90 {
      let histogram = sample(600, 0.6, &random)
      switch piece % 3 {
      case 0: histograms.append(histogram)
      case 1: histograms.append(histogram.reversed())
      default: histograms.append([Int](repeating: 0, count: 20) + histogram)
      }
    }
    let (count, of) = try streams(histograms)
    #expect(count == 3)
    for piece in 3..<90 { #expect(of[piece] == of[piece % 3]) }
  }

  /// Against each stream alone and all in one, by entropy and a stream's price.
  @Test(arguments: [1, 6, 9]) func costsNoMoreThanTheSimpleWays(level: Int) throws {
    var random = Seeded(9)
    let histograms = (0..<60).map { sample(40 * ($0 % 7 + 1), 0.2 + 0.1 * Double($0 % 8), &random) }
    func bits(_ of: [Int]) -> Double {
      var sums = [Int: [Int]]()
      for (histogram, stream) in zip(histograms, of) {
        sums[stream] = zip(sums[stream] ?? [Int](repeating: 0, count: 64), histogram).map {
          $0 + $1
        }
      }
      return sums.values.reduce(0) { $0 + Entropy.bits($1) + Entropy.streamBits }
    }
    let planned = bits(try streams(histograms, level: level).of)
    #expect(planned < bits(Array(0..<60)))
    #expect(planned < bits([Int](repeating: 0, count: 60)))
  }

  @Test func streamsDoNotDependOnTheInstructionSet() throws {
    var random = Seeded(10)
    let histograms = (0..<300).map { sample(30 + 7 * $0, Double($0 % 13) / 14, &random) }
    let expected = try streams(histograms, kernels: Kernels(level: 0))
    for level in [3, 4] as [Int32] where level <= instructionSetLevel {
      #expect(try streams(histograms, kernels: Kernels(level: level)) == expected)
    }
  }
}
