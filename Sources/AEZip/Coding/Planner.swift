import CPlatform

/// How hard to look; see ``CompressionOptions/level``.
struct Effort {
  let level: Int
  /// A plan's: those of levels 4 to 6 are alike, so that none of them can be the worse one.
  static func ofPlan(_ level: Int) -> Effort { Effort(level: level < 4 ? level : max(6, level)) }
  /// That of plans where few codes are not zero.
  static let brief = Effort(level: 4)
  /// Whether the order of pivots is taken where it is reckoned to save much.
  var reckonsOrder: Bool { level >= 4 && level < 7 }
  /// Sample rows times moments to spend, in multiply-adds.
  var momentBudget: Int { [1, 20, 60, 400, 400, 400, 400, 800, 1600, 3200][level] << 20 }
  /// Rows that are enough where many columns make each row dear.
  var leastRows: Int { level >= 7 ? 2048 : level >= 4 ? 640 : 512 }
  /// Of how many columns, those that tell the most, regressors are chosen.
  var regressorCandidates: Int { level >= 7 ? 1024 : level >= 4 ? 256 : 32 }
  /// Columns up to which the records before take part in regressions.
  var mostLaggedFields: Int { level >= 4 ? 65536 : 64 }
  /// Columns up to which the two records before do.
  var mostTwiceLagged: Int { level >= 7 ? 160 : level > 1 ? 64 : 0 }
  /// Whether a first plan is worth its time, for columns of so many bits a value.
  func plansTwice(_ columns: Int, _ bits: Double) -> Bool {
    level >= 7 || level >= 4 && columns <= 64 && bits < 2
  }
  /// How many of them, each beside what the one before restores.
  var firstPlans: Int { level >= 7 ? 2 : 1 }
  var mostRegressors: Int { [0, 4, 8, 8, 8, 10, 12, 16, 24, 32][level] }
  /// Fields up to which principal components are tried unasked.
  var mostModelFields: Int { [0, 0, 0, 0, 32, 64, 128, 256, 512, 1024][level] }
  /// Whether a network may be trained for the records at hand.
  var trainsNetworks: Bool { level >= 9 }
  /// Records that tell whether principal components are worth trying.
  var modelRows: Int { level >= 7 ? 4096 : 1024 }
  var modelRaceRecords: Int { level >= 7 ? 16384 : 6144 }
  /// Records from which contexts are planned, for so many columns.
  func contextRows(_ columns: Int) -> Int {
    level >= 7 ? 16384 : max(1024, min(6144, 1 << 18 / max(1, columns)))
  }
  /// Codes of a column that are searched for repeats, once or twice.
  func repeatWindow(_ columns: Int) -> Int {
    level >= 7 ? 8192 : max(512, min(2048, 1 << 16 / columns))
  }
  var contextCandidates: Int { level >= 7 ? 12 : 7 }
  var contextSources: Int { level >= 7 ? 5 : 4 }
  var mostClasses: Int { [0, 1, 3, 3, 6, 6, 6, 10, 12, 16][level] }
  /// Whether codes may lie in the order of records, where repeats of records show.
  var looksForRepeats: Bool { level >= 3 }
  /// Splits of a column's tree, how many columns may take part in them, and how many are looked at.
  var mostTreeColumns: Int { level >= 7 ? 65536 : 128 }
  var mostGroups: Int { min(mostClasses, Context.mostGroups) }
  var mostSplits: Int { [0, 0, 0, 0, 6, 8, 14, 20, 26, 31][level] }
  var treeCandidates: Int { [0, 0, 0, 0, 4, 6, 8, 10, 14, 20][level] }
  var treeReach: Int { [0, 0, 0, 0, 8, 16, 24, 32, 48, 64][level] }
  /// Records from which a chunk of so many columns is planned.
  func sampleRows(_ columns: Int) -> Int {
    let width = (columns + 15) / 16 * 16
    let most = level >= 7 ? 16384 : min(level >= 4 ? 8192 : 2048 * min(level, 2), 1 << 18 / columns)
    return max(leastRows, min(most, momentBudget / (width * width * 2)))
  }
  /// Records on which ways of predicting a column race.
  var raceRows: Int { level >= 7 ? 16384 : 2048 }
  /// Bits of a column by itself, beside those with regressors, up to which it gets a tree of its own.
  var rivalShare: Double { level >= 7 ? .infinity : 2.5 }
  /// Columns up to which ties are looked for.
  var mostTiedColumns: Int { level >= 4 ? 128 : 0 }
  /// Records from which a tree grows.
  var treeRows: Int { level >= 7 ? 8192 : 4096 }
}

/// Decides how each column of a chunk is predicted: by itself, from the previous record, or from a
/// sparse linear combination of what is already restored; by bytes, on a sample.
struct Planner {
  let kernels: Kernels
  private(set) var effort: Effort
  let strands: Strands

  /// What plans are made from.
  struct Draft {
    let sample: Sample
    /// Whether the records before are worth regressors, and a first plan.
    let lags: Int
    /// None of very many columns.
    var moments: SampleMoments?

    /// Puts fields in another order: place i of them is for what was field order[i].
    mutating func arrange(_ order: List<Int>) throws(AEZipError) {
      let latentCount = sample.latentCount
      var places = List<Int>()
      for latent in 0..<latentCount { places.append(latent) }
      for place in order { places.append(latentCount + place) }
      sample.arrange(places)
      try moments?.arrange(places)
    }
  }

  /// Looks at a sample of the records; nil if there is nothing to plan from.
  ///
  /// - Parameters:
  ///   - fields: columns whose values `planes` are.
  ///   - terms: the model's part of predictions, if there are latents.
  func draft(
    _ latents: Latents, _ fields: [Column], terms: ModelTerms, planes: List<Plane>
  ) throws(AEZipError) -> Draft? {
    let columns = latents.columns + fields
    let count = columns.count
    var allPlanes = latents.planes
    for plane in planes { allPlanes.append(plane) }
    guard count > 0, strands.recordCount >= 32 else { return nil }
    let sample = try Sample(
      columns: columns, latentCount: latents.columns.count, planes: allPlanes, strands: strands,
      wanted: effort.sampleRows(count), kernels: kernels)
    try sample.apply(terms, columns: columns, kernels: kernels)
    guard sample.targetCount > 0 else { return nil }
    let looksBack = strands.blockCount > 2 && hasMemory(sample)
    let lags =
      looksBack && count <= effort.mostLaggedFields ? (count <= effort.mostTwiceLagged ? 2 : 1) : 0
    return Draft(
      sample: sample, lags: lags,
      moments: count > 1024 ? nil : try sample.moments(columns, lags: lags, kernels: kernels))
  }

  /// Where few codes are not zero, levels 4 to 6 plan with less effort: what more of it finds on a sample
  /// is chance there, and the time is better spent on plans of other kinds.
  mutating func limitEffort(_ columns: [Column], _ draft: Draft) {
    guard effort.level == 6, let moments = draft.moments,
      bitsOfDifferences(columns, moments, looksBack: draft.lags > 0) < Self.fewBits
    else { return }
    effort = .brief
  }
  private static let fewBits = 1.4

  /// Fills in regressors, trees, and which ties pay.
  func plan(_ columns: [Column], _ draft: Draft) throws(AEZipError) {
    let (count, sample, lags, moments) = (columns.count, draft.sample, draft.lags, draft.moments)
    let trees =
      effort.mostSplits > 0 && count <= effort.mostTreeColumns
      ? try TreePlanner(sample: sample, kernels: kernels, effort: effort) : nil
    let trials = try Trials(
      sample: sample, recordCount: strands.recordCount, kernels: kernels, effort: effort,
      growsTrees: trees != nil)
    let fit =
      effort.level > 1
      ? try RobustFit(sample, most: effort.mostRegressors, kernels: kernels) : nil
    // What is restored is far from what is rounded there: a plan without trees serves to restore the
    // later columns of the record before.
    if lags > 0, let moments,
      effort.plansTwice(count, bitsOfDifferences(columns, moments, looksBack: true))
    {
      for _ in 0..<effort.firstPlans {
        for index in 0..<count {
          try choose(
            columns, index, sample, moments: moments, looksBack: true, trees: nil, trials: trials,
            fit: fit)
        }
      }
    }
    if let trees { for index in 0..<count { try trees.note(index) } }
    for index in 0..<count {
      try choose(
        columns, index, sample, moments: moments, looksBack: strands.blockCount > 1,
        trees: trees, trials: trials, fit: fit)
    }
  }

  /// Whether what the neighbour in its record does not tell of a column follows from the record
  /// before: for any column, or, of many, for more than a few. With e = y - b x, x the neighbour:
  ///
  ///     |corr(e now, e before)| > 0.3
  private func hasMemory(_ sample: Sample) -> Bool {
    let count = sample.columnCount
    var found = 0
    for column in 0..<count {
      let (y, x) = (sample.values(of: column), sample.values(of: max(0, column - 1)))
      var n = 0.0
      var (sumY, sumX, yy, xx, xy) = (0.0, 0.0, 0.0, 0.0, 0.0)
      var (yOld, xOld, yxOld) = (0.0, 0.0, 0.0)
      for range in sample.targets {
        var row = max(64, range.lowerBound)
        while row < range.upperBound {
          let (y0, y1) = (y[row - 64], y[row])
          let (x0, x1) = column > 0 ? (x[row - 64], x[row]) : (0, 0)
          n += 1
          sumY += y1
          sumX += x1
          yy += y1 * y1
          xx += x1 * x1
          xy += x1 * y1
          yOld += y0 * y1
          xOld += x0 * x1
          yxOld += y0 * x1 + x0 * y1
          row += 3
        }
      }
      let (meanY, meanX) = (sumY / max(1, n), sumX / max(1, n))
      (yy, xx, xy) = (yy - sumY * meanY, xx - sumX * meanX, xy - sumX * meanY)
      (yOld, xOld) = (yOld - sumY * meanY, xOld - sumX * meanX)
      yxOld -= 2 * sumX * meanY
      let b = xx > 0 ? xy / xx : 0
      let variance = yy - 2 * b * xy + b * b * xx
      let both = yOld - b * yxOld + b * b * xOld
      if variance > 1e-9 * yy && both.magnitude > 0.3 * variance { found += 1 }
      if found > (count > 64 ? count / 8 : 0) { return true }
    }
    return false
  }

  /// Bits of a value, or of its difference to the record before, if that is less: the columns' mean.
  private func bitsOfDifferences(
    _ columns: [Column], _ moments: SampleMoments, looksBack: Bool
  ) -> Double {
    var bits = 0.0
    for index in 0..<columns.count {
      let now = Regression.Candidate(column: index, lag: 0)
      let before = Regression.Candidate(column: index, lag: 1)
      var variance = moments.of(now, now)
      if looksBack {
        let change = variance + moments.of(before, before) - 2 * moments.of(now, before)
        variance = max(0, min(variance, change))
      }
      bits += Self.bits(variance, columns[index].multiple)
    }
    return bits / Double(columns.count)
  }

  /// Picks the way of predicting a column that takes the fewest bits on the sample.
  private func choose(
    _ columns: [Column], _ index: Int, _ sample: Sample, moments: SampleMoments?, looksBack: Bool,
    trees: TreePlanner?, trials: Trials, fit: RobustFit?
  ) throws(AEZipError) {
    // A tie that was found is one of the ways of predicting.
    let tied = columns[index].with(List())
    columns[index].tie = Tie()
    // These race on a part of the sample; what wins is judged by the whole of it.
    var best = columns[index]
    let aloneBits = try trials.judge(best, index, raceRows: effort.raceRows).bits
    var bestBits = aloneBits
    var largest = (column: best, bits: aloneBits)
    func offer(_ regressors: List<Regressor>) throws(AEZipError) {
      let trial = columns[index].with(regressors)
      roundCoefficients(trial, sample)
      try offer(trial)
    }
    @discardableResult
    func offer(_ trial: Column) throws(AEZipError) -> Double {
      let bits =
        try trials.judge(trial, index, raceRows: effort.raceRows).bits + bitsOfCoefficients(trial)
      if trial.regressors.count > largest.column.regressors.count { largest = (trial, bits) }
      if bits < bestBits { (best, bestBits) = (trial, bits) }
      return bits
    }
    if !tied.tie.isEmpty {
      trials.tied = try sample.predictions(of: columns, index, tied.tie, kernels: kernels)
      try offer(tied)
    }
    if looksBack {
      try offer(List(repeating: Regressor(column: index, lag: 1, coefficient: 1), count: 1))
    }
    if let moments {
      let (regression, counts) = try regress(columns, index, moments, sample.targetCount)
      for size in counts {
        let coefficients = regression.coefficients(size)
        var regressors = List<Regressor>()
        for rank in 0..<size {
          let candidate = regression.candidates[regression.chosen[rank]]
          regressors.append(
            Regressor(
              column: candidate.column, lag: candidate.lag, coefficient: coefficients[rank]))
          // In the file they are in ascending order.
          var place = rank
          while place > 0
            && regressors[place - 1].rank(columns.count) > regressors[place].rank(columns.count)
          {
            let last = regressors[place]
            regressors[place] = regressors[place - 1]
            regressors[place - 1] = last
            place -= 1
          }
        }
        try offer(regressors)
      }
    }
    if let fit {
      func refine(_ start: Column, _ startBits: Double) throws(AEZipError) {
        guard !start.regressors.isEmpty, start.tie.isEmpty else { return }
        var (last, before) = (start, startBits)
        for _ in 0..<4 {
          let trial = last.with(last.regressors)
          let bits = before / Double(strands.recordCount)
          guard fit.improve(trial, index, bits: bits, rows: effort.raceRows) else { return }
          roundCoefficients(trial, sample)
          let after = try offer(trial)
          guard after < 0.985 * before else { return }
          (last, before) = (trial, after)
        }
      }
      let most = largest
      try refine(best, bestBits)
      // Of more regressors, with better coefficients, more may be worth their bits.
      if most.column.regressors.count > best.regressors.count {
        try refine(most.column, most.bits)
      }
    }
    let predictors = best
    let whole = try trials.judge(predictors, index)
    trials.keep()
    bestBits = whole.bits + bitsOfCoefficients(predictors)
    if let trees, bestBits > 256 {
      // A tree may tell more where regressors tell less, unless they tell much.
      let isRival = !predictors.regressors.isEmpty && aloneBits < effort.rivalShare * bestBits
      let starts = isRival ? [predictors, columns[index].with(List())] : [predictors]
      for (number, start) in starts.enumerated() {
        let before = number == 0 ? whole : try trials.judge(start, index)
        let tree = try trees.grow(
          start, index, residuals: trials.residuals, records: strands.recordCount)
        guard !tree.isEmpty else { continue }
        let trial = start.with(start.regressors)
        trial.coefficientExponent = start.coefficientExponent
        trial.tree = tree
        // A tree can learn a sample by heart: it must save bits on strands that it has not seen, and
        // few codes other than zero prove little.
        let treeBits = 80 * Double(tree.splits.count)
        let proof = 48 * Double(strands.recordCount) * 2 / Double(sample.targetCount)
        let least = min(before.oddBits * 0.98, before.oddBits - proof) - treeBits
        let after = try trials.judge(
          trial, index, mostOddBits: trials.isSplit ? least : .infinity)
        let bits = after.bits + bitsOfCoefficients(trial) + treeBits
        if bits < bestBits * 0.97 {
          (best, bestBits) = (trial, bits)
          trials.keep()
        }
      }
    }
    columns[index].takePlan(of: best)
    // Later columns see what this one will be restored as.
    for range in sample.targets {
      let (first, size) = (range.lowerBound, 8 * range.count)
      memcpy(sample.rounded(index) + first, trials.kept.base + first, size)
    }
  }

  /// Forward selection while a regressor saves more than it costs; also the counts worth racing.
  private func regress(
    _ columns: [Column], _ index: Int, _ moments: SampleMoments, _ rows: Int
  ) throws(AEZipError) -> (Regression, [Int]) {
    let target = Regression.Candidate(column: index, lag: 0)
    // Latents follow from latents only, so that they can be read alone.
    let isLatent = columns[index].field == nil
    let candidates = try moments.candidates(index, most: effort.regressorCandidates) {
      !isLatent || columns[$0].field == nil
    }
    let unit = columns[index].multiple
    var regression = try Regression(
      candidates: candidates, most: effort.mostRegressors,
      targetVariance: moments.of(target, target), kernels: kernels,
      covariance: { moments.of(target, $0) },
      variance: {
        let multiple = columns[$0.column].multiple
        let exact = columns[$0.column].lattice && multiple == 1
        return moments.of($0, $0) + (exact ? 0 : multiple * multiple / 12)
      })
    let records = Double(strands.recordCount)
    let price = 24.0
    // A sample of few rows makes strangers look like relatives.
    let doubt = Entropy.log2(Double(max(2, candidates.count))) + 6
    var worth = 0
    while regression.extend(moments: { moments.fill($0, $1, candidates) }) {
      let steps = regression.variances.count
      let gain =
        Self.bits(regression.variances[steps - 2], unit)
        - Self.bits(regression.variances[steps - 1], unit)
      let doubtful =
        0.5 * Double(rows)
        * Entropy.log2(
          (regression.variances[steps - 2] + 1e-12) / (regression.variances[steps - 1] + 1e-12))
        < doubt
      guard gain * records > price, !doubtful else { break }
      worth = regression.chosen.count
    }
    var counts = worth > 0 ? [worth] : []
    guard effort.level > 1 else { return (regression, counts) }
    for fewer in [4, 2, 1] where fewer < worth { counts.append(fewer) }
    return (regression, counts)
  }

  /// Bits of a normal variable of this variance, rounded to a multiple of `unit`: about its entropy.
  static func bits(_ variance: Double, _ unit: Double) -> Double {
    0.5 * Entropy.log2(1 + variances * variance / (unit * unit))
  }

  /// 2 pi e.
  static let variances = 17.079468445347132

  /// Rounds coefficients so that their rounding moves predictions by little of a code.
  private func roundCoefficients(_ column: Column, _ sample: Sample) {
    guard !column.regressors.isEmpty else { return }
    var spread = 0.0
    for regressor in column.regressors { spread = max(spread, sample.spread(regressor.column)) }
    let exponent = Int(Entropy.log2(max(1, spread / column.multiple)) + 4.5)
    column.coefficientExponent = max(0, min(30, exponent))
    let unit = exp2(column.coefficientExponent)
    var kept = List<Regressor>()
    for var regressor in column.regressors {
      let rounded = nearest(regressor.coefficient * unit)
      guard rounded != 0, rounded.magnitude < 1e9 else { continue }
      regressor.coefficient = rounded / unit
      kept.append(regressor)
    }
    column.regressors = kept
  }

  private func bitsOfCoefficients(_ column: Column) -> Double {
    var bits = 8.0 + 80 * Double(column.tie.terms.count)
    for regressor in column.regressors {
      let code = Int((regressor.coefficient * exp2(column.coefficientExponent)).magnitude) * 2
      bits += 8 * Double((code.bitWidth - code.leadingZeroBitCount + 6) / 7)
      bits += regressor.column * 3 < 128 ? 8 : 16
    }
    return bits
  }
}
