import Testing

@testable import AEZip

#if canImport(Glibc)
  import Glibc
#endif

/// The learning rate over a training.
@Suite struct ScheduleTests {
  private func plan(_ change: (inout TrainingOptions) -> Void) throws -> TrainingPlan {
    var options = TrainingOptions()
    options.latentCount = 2
    change(&options)
    let table = try AutoencoderTests.plane(20)
    let kernels = Kernels()
    return try table.bytes.withUnsafeBytes {
      let data = try TrainingData($0, layout: table.layout, options: options, kernels: kernels)
      return try TrainingPlan(options, data, recordCount: 20, kernels: kernels)
    }
  }

  /// From 0 in a straight line to the full height, then down as half a cosine to 0.
  @Test(arguments: [0, 0.05, 0.3]) func risesAndFallsAsACosine(_ warmup: Double) throws {
    let plan = try plan {
      $0.learningRate = 0.01
      $0.warmup = warmup
    }
    for step in 0...1000 {
      let share = Double(step) / 1000
      let left = (share - warmup) / (1 - warmup)
      let expected = share < warmup ? share / warmup : (1 + cos(left * Double.pi)) / 2
      #expect((plan.rate(share) / 0.01 - expected).magnitude < 1e-9, "after \(share)")
    }
  }

  @Test func staysAtItsHeightWithoutTheCosine() throws {
    let plan = try plan {
      $0.learningRate = 0.01
      $0.warmup = 0.1
      $0.cosine = false
    }
    #expect(plan.rate(0.05) == 0.005)
    for share in [0.1, 0.5, 1] { #expect(plan.rate(share) == 0.01) }
  }
}
