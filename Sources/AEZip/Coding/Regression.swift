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

  /// For each choice: candidates' covariance with the chosen one given those before it, and the
  /// chosen one's variance given those before it.
  private var rows: [[Double]] = []
  private var pivots: [Double] = []
  private var targetCovariance: [Double]
  private var targetLoads: [Double] = []
  private var remaining: [Double]

  /// - Parameters:
  ///   - moment: E[a b] of two candidates.
  ///   - target: E[target a] of a candidate.
  ///   - noise: the variance that quantizing adds to a candidate.
  init(
    candidates: List<Candidate>, targetVariance: Double, target: (Candidate) -> Double,
    variance: (Candidate) -> Double
  ) {
    self.candidates = candidates
    variances = [targetVariance]
    targetCovariance = candidates.map(target)
    remaining = candidates.map(variance)
  }

  /// Adds the best candidate; false if none explains anything.
  mutating func extend(moment: (Candidate, Candidate) -> Double) -> Bool {
    var best = -1
    var bestGain = 0.0
    for index in 0..<candidates.count where remaining[index] > 0 {
      let gain = targetCovariance[index] * targetCovariance[index] / remaining[index]
      if gain > bestGain { (best, bestGain) = (index, gain) }
    }
    guard best >= 0, bestGain > 0 else { return false }
    let pivot = remaining[best]
    var row = [Double](repeating: 0, count: candidates.count)
    let selected = candidates[best]
    for index in 0..<candidates.count where remaining[index] > 0 {
      var value = index == best ? pivot : moment(candidates[index], selected)
      if index != best {
        for step in 0..<chosen.count {
          value -= rows[step][index] * rows[step][best] / pivots[step]
        }
      }
      row[index] = value
    }
    let load = targetCovariance[best] / pivot
    let floor = 1e-9
    for index in 0..<candidates.count where remaining[index] > 0 && index != best {
      let share = row[index] / pivot
      targetCovariance[index] -= share * targetCovariance[best]
      let left = remaining[index] - share * row[index]
      // What the chosen ones explain wholly is no candidate any more.
      remaining[index] = left > floor * remaining[index] ? left : 0
    }
    remaining[best] = 0
    rows.append(row)
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
        value -= result[later] * rows[step][chosen[later]] / pivots[step]
      }
      result[step] = value
      step -= 1
    }
    return result
  }
}
