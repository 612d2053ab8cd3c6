import Testing

@testable import AEZip

@Suite struct ThreadsTests {
  @Test(arguments: [0, 1, 2, 7, 100]) func everyIndexRunsOnce(count: Int) {
    for threads in [1, 2, 7, 64] {
      let counts = UnsafeMutablePointer<Int>.allocate(capacity: max(count, 1))
      defer { counts.deallocate() }
      counts.initialize(repeating: 0, count: max(count, 1))
      nonisolated(unsafe) let shared = counts
      parallelFor(count, threads: threads) { shared[$0] += 1 }
      for index in 0..<count { #expect(counts[index] == 1) }
    }
  }

  /// Helpers that come late to a round take part in the next one, and in none twice.
  @Test(arguments: [1, 2, 5]) func everyIndexRunsOnceInEveryRoundOfATeam(threads: Int) {
    let team = Team(threads)
    defer { team.dismiss() }
    #expect(team.size == threads)
    let counts = UnsafeMutablePointer<Int>.allocate(capacity: 40)
    defer { counts.deallocate() }
    nonisolated(unsafe) let shared = counts
    for round in 0..<3000 {
      let count = round % 40
      counts.initialize(repeating: 0, count: 40)
      team.run(count) { shared[$0] += round + 1 }
      #expect((0..<40).allSatisfy { counts[$0] == ($0 < count ? round + 1 : 0) })
    }
  }

  @Test func zeroMeansOneThreadAProcessor() {
    #expect(threadCount(0) >= 1)
    #expect(threadCount(5) == 5)
    #expect(threadCount(.max) == 64)
  }

  @Test func memoryThatIsNotThereIsAnError() {
    #expect(status { _ = try Memory<Double>(.max) } == 9)
    #expect(status { _ = try Memory<UInt8>(.max / 2) } == 9)
    #expect(status { _ = try Memory<UInt8>(-1) } == 9)
    #expect(status { _ = try Memory<UInt8>(0) } == 0)
    #expect(status { _ = try ByteBuffer().reserve(.max / 2) } == 9)
  }
}
