import CPlatform

/// E[a b] of columns of a sample now and some records before. All of them are taken over the same
/// rows: moments of neighbouring rows would contradict each other where a series moves slowly.
struct SampleMoments {
  typealias Place = Regression.Candidate

  let lags: Int
  let columnCount: Int
  let stride: Int
  /// For each pair of lags i <= j a matrix, E[y_a(i records before) y_b(j before)] at
  /// [a * stride + b].
  private var grams: [Memory<Double>] = []

  init(lags: Int, columnCount: Int, stride: Int) {
    self.lags = lags
    self.columnCount = columnCount
    self.stride = stride
  }

  /// - Parameter isSymmetric: only elements with a >= b are there; the others are filled in.
  mutating func append(_ gram: Memory<Double>, _ isSymmetric: Bool) {
    if isSymmetric {
      for a in 1..<max(1, columnCount) {
        let row = gram.base + a * stride
        for b in 0..<a { gram.base[b * stride + a] = row[b] }
      }
    }
    grams.append(gram)
  }

  /// Column i is from now on what was column order[i].
  mutating func arrange(_ order: List<Int>) throws(AEZipError) {
    for index in 0..<grams.count {
      let (from, to) = (grams[index].base, try Memory<Double>(stride * stride, zeroed: true))
      for a in 0..<columnCount {
        let (row, target) = (from + order[a] * stride, to.base + a * stride)
        for b in 0..<columnCount { target[b] = row[order[b]] }
      }
      grams[index] = to
    }
  }

  private func gram(_ earlier: Int, _ lag: Int) -> UnsafeMutablePointer<Double> {
    grams[earlier * (lags + 1) - earlier * (earlier - 1) / 2 + lag - earlier].base
  }

  func of(_ a: Place, _ b: Place) -> Double {
    let row = self.row(a, b.lag)
    return row.base[b.column * row.step]
  }

  /// The moments of a place and all columns `lag` records before: that of column c at c * step.
  func row(_ place: Place, _ lag: Int) -> (base: UnsafePointer<Double>, step: Int) {
    place.lag <= lag
      ? (UnsafePointer(gram(place.lag, lag) + place.column * stride), 1)
      : (UnsafePointer(gram(lag, place.lag) + place.column), stride)
  }

  /// The moments of a place and candidates.
  func fill(
    _ row: UnsafeMutablePointer<Double>, _ place: Place, _ candidates: List<Place>
  ) {
    var lag = -1
    var (base, step) = (UnsafePointer(row), 0)
    for index in 0..<candidates.count {
      let candidate = candidates[index]
      if candidate.lag != lag {
        lag = candidate.lag
        (base, step) = self.row(place, lag)
      }
      row[index] = base[candidate.column * step]
    }
  }

  /// What may predict a column: earlier columns of the record, and those of records before; if there
  /// are more than `most`, about as many as tell the most each alone.
  ///
  /// - Parameter isPermitted: for each column.
  func candidates(_ index: Int, most: Int, isPermitted: (Int) -> Bool) throws(AEZipError)
    -> List<Place>
  {
    // The share of the variance that each explains; less than 0 where it is none.
    let shares = try Memory<Double>((lags + 1) * columnCount)
    let target = Place(column: index, lag: 0)
    var count = 0
    var largest = 0.0
    for lag in 0...lags {
      let row = self.row(target, lag).base
      let (own, next) = (gram(lag, lag), stride + 1)
      let share = shares.base + lag * columnCount
      for column in 0..<columnCount {
        share[column] = -1
        let variance = own[column * next]
        guard variance > 0, lag > 0 || column < index, isPermitted(column) else { continue }
        share[column] = row[column] * row[column] / variance
        largest = max(largest, share[column])
        count += 1
      }
    }
    // By quarters of octaves below the largest: how many lie in each.
    func bin(_ share: Double) -> Int {
      min(63, Int(truncatingIfNeeded: (largest.bitPattern >> 50) &- (share.bitPattern >> 50)))
    }
    var last = 63
    if count > most {
      var counts = List(repeating: 0, count: 64)
      for place in 0..<shares.count where shares.base[place] >= 0 {
        counts[bin(shares.base[place])] += 1
      }
      last = 0
      var sum = counts[0]
      while last < 62 && sum + counts[last + 1] <= most {
        last += 1
        sum += counts[last]
      }
    }
    var result = List<Place>()
    for lag in 0...lags {
      for column in 0..<columnCount {
        let share = shares.base[lag * columnCount + column]
        if share >= 0 && bin(share) <= last { result.append(Place(column: column, lag: lag)) }
      }
    }
    return result
  }
}
