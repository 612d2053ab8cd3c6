import CPlatform

/// Chooses regressors one after the other, each the one that leaves the least variance, from second
/// moments alone (forward selection with orthogonalized candidates), and solves for coefficients.
struct Regression {
  struct Candidate {
    var column: Int
    var lag: Int
  }

  let candidates: List<Candidate>
  private(set) var chosen: [Int] = []
  /// Variance left after 0, 1, 2 ... regressors.
  private(set) var variances: [Double]

  private let kernels: Kernels
  private let most: Int
  /// For each choice: candidates' covariance with the chosen one given those before it, and the
  /// chosen one's variance given those before it.
  private let rows: Memory<Double>
  private var pivots: [Double] = []
  private var targetLoads: [Double] = []
  /// For each candidate its covariance with the target, its variance, and the variance that it would
  /// explain, given those chosen.
  private let covariances: Memory<Double>
  private let remaining: Memory<Double>
  private let gains: Memory<Double>

  /// - Parameters:
  ///   - most: how many may be chosen.
  ///   - covariance: E[target a] of a candidate.
  ///   - variance: E[a a] of a candidate, with what quantizing adds to it.
  init(
    candidates: List<Candidate>, most: Int, targetVariance: Double, kernels: Kernels,
    covariance: (Candidate) -> Double, variance: (Candidate) -> Double
  ) throws(AEZipError) {
    self.candidates = candidates
    self.kernels = kernels
    self.most = most
    let count = candidates.count
    variances = [targetVariance]
    rows = try Memory(max(1, most * count))
    covariances = try Memory(max(1, count))
    remaining = try Memory(max(1, count))
    gains = try Memory(max(1, count))
    for index in 0..<count {
      covariances.base[index] = covariance(candidates[index])
      remaining.base[index] = variance(candidates[index])
      rows.base[index] = 0
    }
    kernels.call.explain(gains.base, covariances.base, remaining.base, rows.base, 0, 1, count)
  }

  /// Adds the best candidate; false if none explains anything.
  ///
  /// - Parameter moments: fills in E[a b] of a candidate and each of them.
  mutating func extend(moments: (UnsafeMutablePointer<Double>, Candidate) -> Void) -> Bool {
    let count = candidates.count
    guard chosen.count < most else { return false }
    var best = -1
    var bestGain = 0.0
    for index in 0..<count where gains.base[index] > bestGain {
      (best, bestGain) = (index, gains.base[index])
    }
    guard best >= 0 else { return false }
    let pivot = remaining.base[best]
    let row = rows.base + chosen.count * count
    moments(row, candidates[best])
    for step in 0..<chosen.count {
      let before = rows.base + step * count
      kernels.call.eliminate(row, before, before[best] / pivots[step], count)
    }
    row[best] = pivot
    let load = covariances.base[best] / pivot
    // What the chosen ones explain wholly is no candidate any more.
    kernels.call.explain(gains.base, covariances.base, remaining.base, row, load, 1 / pivot, count)
    remaining.base[best] = 0
    gains.base[best] = 0
    pivots.append(pivot)
    targetLoads.append(load)
    chosen.append(best)
    variances.append(max(0, variances[variances.count - 1] - bestGain))
    return true
  }

  /// The coefficients of the first `count` chosen candidates, by back-substitution.
  func coefficients(_ count: Int) -> [Double] {
    var result = [Double](repeating: 0, count: count)
    var step = count - 1
    while step >= 0 {
      var value = targetLoads[step]
      for later in step + 1..<max(count, step + 1) {
        value -= result[later] * rows.base[step * candidates.count + chosen[later]] / pivots[step]
      }
      result[step] = value
      step -= 1
    }
    return result
  }
}
