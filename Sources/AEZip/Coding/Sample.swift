import CPlatform

/// The records that a chunk's plan is made from: runs of consecutive blocks, spread over the chunk,
/// y of each column in code units.
///
/// Row r - 64 k holds the record k before row r's. The first rows of each run only serve as
/// predecessors.
final class Sample {
  let columnCount: Int
  let latentCount: Int
  /// Elements from one row to the next: a multiple of 16.
  let stride: Int
  /// The rows whose predecessors are rows too.
  private(set) var targets: List<Range<Int>> = List()
  private(set) var rowCount = 0
  /// y, and y rounded to the column's codes: what restored values look like.
  private let columnValues: Memory<Double>
  private let columnRounded: Memory<Double>
  /// Once they are known.
  private let spreads: Memory<Double>

  /// Where the values of each column are, if not in the order of columns.
  private var places = List<Int>()

  func values(of column: Int) -> UnsafeMutablePointer<Double> {
    columnValues.base + (places.count > 0 ? places[column] : column) * rowCount
  }

  func rounded(_ column: Int) -> UnsafeMutablePointer<Double> {
    columnRounded.base + (places.count > 0 ? places[column] : column) * rowCount
  }

  /// About how far values are from 0: the root of their mean square, by one row in seven.
  func spread(_ column: Int) -> Double {
    let place = places.count > 0 ? places[column] : column
    if spreads.base[place] == 0 {
      let values = columnValues.base + place * rowCount
      var (sum, row) = (0.0, 0)
      while row < rowCount {
        sum += values[row] * values[row]
        row += 7
      }
      spreads.base[place] = (sum * 7 / Double(max(1, rowCount))).squareRoot()
    }
    return spreads.base[place]
  }

  /// Column i is from now on what was column order[i].
  func arrange(_ order: List<Int>) {
    let before = places
    places = order
    if before.count > 0 { for column in 0..<order.count { places[column] = before[order[column]] } }
  }

  /// Whether all records of the chunk are in it.
  private(set) var isWhole = false

  /// Rows of a block that are records; the others are 0.
  let laneCount: Int

  /// Records among the target rows.
  var targetCount: Int { targets.reduce(0) { $0 + $1.count } / 64 * laneCount }

  /// The target rows, or the first part of each run, if about so many records are enough; all rows of
  /// few records, the first of which have no predecessors.
  func parts(of records: Int) -> List<Range<Int>> {
    guard records < targetCount else {
      return isWhole ? List(repeating: 0..<rowCount, count: 1) : targets
    }
    var parts = List<Range<Int>>()
    for range in targets {
      let blocks = (range.count / 64 * records + targetCount - 1) / targetCount
      parts.append(range.lowerBound..<range.lowerBound + 64 * blocks)
    }
    return parts
  }

  /// - Parameter wanted: how many target rows to aim for.
  init(
    columns: [Column], latentCount: Int, planes: List<Plane>, strands: Strands, wanted: Int,
    kernels: Kernels
  ) throws(AEZipError) {
    columnCount = columns.count
    self.latentCount = latentCount
    laneCount = strands.laneCount
    stride = (columns.count + 15) / 16 * 16
    let lead = Column.largestLag
    var runs: List<Range<Int>> = List()
    let blocks = strands.blockCount
    let perRun = max(1, min(24, wanted / 64))
    let runCount = max(1, (wanted / 64 + perRun - 1) / perRun)
    if runCount * (perRun + lead) >= blocks {
      runs.append(0..<blocks)
      isWhole = true
    } else {
      for run in 0..<runCount {
        let start =
          runCount == 1
          ? (blocks - perRun - lead) / 2 : (blocks - perRun - lead) * run / (runCount - 1)
        runs.append(start..<start + perRun + lead)
      }
    }
    for run in runs {
      let first = rowCount + (runs.count == 1 ? min(lead, max(0, run.count - 1)) : lead) * 64
      targets.append(first..<rowCount + run.count * 64)
      rowCount += run.count * 64
    }
    // The last block's lanes whose strand has ended repeat values: they do no harm.
    columnValues = try Memory(rowCount * columnCount)
    columnRounded = try Memory(rowCount * columnCount)
    spreads = try Memory(columnCount, zeroed: true)
    try fill(columns, planes, runs, kernels)
  }

  /// y of the fields; values that are not finite become 0, the origin.
  private func fill(
    _ columns: [Column], _ planes: List<Plane>, _ runs: List<Range<Int>>, _ kernels: Kernels
  ) throws(AEZipError) {
    var row = 0
    for run in runs {
      for block in run {
        for index in 0..<columnCount {
          let column = columns[index]
          let plane = planes[index]
          let y = values(of: index) + row
          let lattice: Int32 = column.lattice ? 1 : 0
          if let x = plane.float {
            kernels.call.load_f32_f64(
              y, x + 64 * block, column.scale, column.origin, 1 / column.unit, lattice)
          } else {
            kernels.call.load_f64_f64(
              y, plane.double! + 64 * block, column.scale, column.origin, 1 / column.unit, lattice)
          }
          for lane in 0..<64 where !(y[lane].magnitude < 1e9) || lane >= laneCount { y[lane] = 0 }
        }
        row += 64
      }
    }
    try round(columns, kernels: kernels)
  }

  /// Puts corrections of the model's predictions, made from rounded latents, in the place of values.
  func apply(_ terms: ModelTerms, columns: [Column], kernels: Kernels) throws(AEZipError) {
    guard let model = terms.network else { return }
    let network = model.network
    let nodes = try Memory<Float>(network.scratchCount)
    let latents = network.plane(network.shape.latent, nodes.base)
    let outputs = network.plane(network.shape.last, nodes.base)
    var first = 0
    while first < rowCount {
      for latent in 0..<latentCount {
        let column = columns[latent]
        let y = rounded(latent) + first
        for lane in 0..<64 {
          latents[64 * latent + lane] = Float(column.origin + column.unit * y[lane])
        }
      }
      network.decodeBlock(model.standardizer, nodes.base, kernels)
      for index in latentCount..<columnCount {
        let output = terms.outputs[index - latentCount]
        guard output >= 0 else { continue }
        let term = terms.decode[index - latentCount]
        for lane in 0..<64 {
          let part = term[0] + term[1] * Double(outputs[64 * output + lane])
          let y = values(of: index)[first + lane]
          put(
            part.magnitude < 1e9 ? y - part : y, first + lane, index,
            multiple: columns[index].multiple)
        }
      }
      first += 64
    }
  }

  /// What a tie of a column makes of the values that columns before it are restored as.
  func predictions(
    of columns: [Column], _ index: Int, _ tie: Tie, kernels: Kernels
  ) throws(AEZipError) -> Memory<Double> {
    let count = tie.terms.count
    let result = try Memory<Double>(rowCount)
    let sources = try Memory<UnsafePointer<Double>?>(2 * count)
    let shifts = try Memory<Double>(2 * count)
    let weights = try Memory<Double>(count + 2)
    for (place, weight) in tie.weights(columns, index).enumerated() { weights[place] = weight }
    var row = 0
    while row < rowCount {
      for (place, term) in tie.terms.enumerated() {
        for (side, factor) in [term.a, term.b].enumerated() {
          sources[2 * place + side] = nil
          guard factor.column >= 0 else { continue }
          sources[2 * place + side] = UnsafePointer(rounded(factor.column) + row)
          shifts[2 * place + side] = columns[factor.column].shift
        }
      }
      kernels.call.tie_f64(
        result.base + row, sources.base, shifts.base, weights.base, count, tie.isRoot ? 1 : 0)
      row += 64
    }
    return result
  }

  private func put(_ value: Double, _ row: Int, _ column: Int, multiple: Double) {
    let y = value.magnitude < 1e9 && row & 63 < laneCount ? value : 0
    values(of: column)[row] = y
    rounded(column)[row] = nearest(y / multiple) * multiple
  }

  /// The sample as a row-major matrix, a row a record.
  private func rows(_ kernels: Kernels) throws(AEZipError) -> Memory<Double> {
    let matrix = try Memory<Double>(rowCount * stride)
    for row in 0..<rowCount {
      for padding in columnCount..<stride { matrix.base[row * stride + padding] = 0 }
    }
    // Columns to rows: as fields of records of `stride` numbers.
    var fields = try RecordFields(
      most: columnCount, recordSize: 8 * stride, strands: Strands(recordCount: 64, laneCount: 64))
    for column in 0..<columnCount {
      fields.add(values(of: column), offset: 8 * column, type: .f64, origin: 0)
    }
    for row in Swift.stride(from: 0, to: rowCount, by: 64) {
      fields.scatter(
        0, lanes: 64, row: row, to: matrix.base + row * stride, wanted: 0..<64, kernels)
    }
    return matrix
  }

  /// Rounds all values, as if none had been restored.
  func round(_ columns: [Column], kernels: Kernels) throws(AEZipError) {
    let scratch = try Memory<Double>(128, zeroed: true)
    let codes = UnsafeMutableRawPointer(scratch.base + 64).assumingMemoryBound(to: Int32.self)
    for index in 0..<columnCount {
      let multiple = columns[index].multiple
      for row in Swift.stride(from: 0, to: rowCount, by: 64) {
        kernels.call.quantize_f64(
          codes, rounded(index) + row, values(of: index) + row, scratch.base, multiple, 1 / multiple
        )
      }
    }
  }

  /// The second moments of y now and `lags` records before, over the target rows.
  ///
  /// Outliers take no part, nor, if there are lags, rows at which a series breaks off: a few of them
  /// would weigh more than all others.
  func moments(
    _ columns: [Column], lags: Int, kernels: Kernels
  ) throws(AEZipError) -> SampleMoments {
    let leftOut = try Memory<UInt8>(rowCount, zeroed: true)
    // Of few rows for many columns none can be spared.
    if targetCount >= 8 * columnCount { try findOutliers(columns, leftOut.base) }
    if lags > 0 { try findBreaks(leftOut.base) }
    let rows = try rows(kernels)
    var result = SampleMoments(lags: lags, columnCount: columnCount, stride: stride)
    for earlier in 0...lags {
      for lag in earlier...lags {
        let gram = try Memory<Double>(stride * stride, zeroed: true)
        var used = 0
        for range in targets {
          var row = range.lowerBound
          while row < range.upperBound {
            // Batches keep both operands in the cache; their size is part of the result's bits.
            var end = row
            while end < min(row + 128, range.upperBound) && leftOut.base[end] == 0 { end += 1 }
            let x = rows.base + max(0, row - 64 * earlier) * stride
            let y = rows.base + max(0, row - 64 * lag) * stride
            var first = 0
            while first < stride && end > row {
              let columns = lag == earlier ? first + 16 : stride
              kernels.call.gram(
                gram.base, stride, x, stride, y, stride, end - row, first, first + 16, 0, columns)
              first += 16
            }
            used += end - row
            row = max(end, row + 1)
          }
        }
        let scale = 64 / Double(max(1, used * laneCount))
        for index in 0..<stride * stride { gram.base[index] *= scale }
        result.append(gram, earlier == lag)
      }
    }
    return result
  }

  /// Marks rows in which some column is far larger than is usual there: at most about one in ten.
  ///
  /// Where most values lie many steps from their mean, as many bits are at stake in each, and a few
  /// large ones must not decide how all are predicted; where few values are as large as a step, they
  /// are what costs bits.
  private func findOutliers(
    _ columns: [Column], _ outliers: UnsafeMutablePointer<UInt8>
  ) throws(AEZipError) {
    let largest = try Memory<Float>(rowCount, zeroed: true)
    for column in 0..<columnCount {
      let values = values(of: column)
      var sum = 0.0
      for range in targets {
        for row in range { sum += values[row].magnitude }
      }
      guard sum > columns[column].multiple * Double(targetCount) else { continue }
      let scale = Double(targetCount) / sum
      for range in targets {
        for row in range {
          largest.base[row] = max(largest.base[row], Float(values[row].magnitude * scale))
        }
      }
    }
    let least = leastOfFew(largest, from: 6, factor: 1.5, share: 10)
    for row in 0..<rowCount where largest.base[row] >= least { outliers[row] = 1 }
  }

  /// The least of some numbers that one row in `share` reaches at most: `first`, `first` * `factor` ...
  private func leastOfFew(
    _ largest: Memory<Float>, from first: Float, factor: Float, share: Int
  ) -> Float {
    var least = first
    while least < 1e9 {
      var count = 0
      for row in 0..<rowCount where largest.base[row] >= least { count += 1 }
      if count * share <= rowCount { break }
      least *= factor
    }
    return least
  }

  /// Marks rows that differ from the record before in some column by far more than is usual there,
  /// and those that follow: at most about one in a hundred.
  private func findBreaks(_ breaks: UnsafeMutablePointer<UInt8>) throws(AEZipError) {
    let largest = try Memory<Float>(rowCount, zeroed: true)
    for column in 0..<columnCount {
      let values = values(of: column)
      var sum = 0.0
      for range in targets {
        for row in max(64, range.lowerBound)..<max(64, range.upperBound) {
          sum += (values[row] - values[row - 64]).magnitude
        }
      }
      guard sum > 0 else { continue }
      let scale = Double(targetCount) / sum
      for range in targets {
        for row in max(64, range.lowerBound)..<max(64, range.upperBound) {
          let share = Float((values[row] - values[row - 64]).magnitude * scale)
          largest.base[row] = max(largest.base[row], share)
        }
      }
    }
    let least = leastOfFew(largest, from: 16, factor: 2, share: 100)
    for row in 0..<rowCount where largest.base[row] >= least {
      var next = row
      for _ in 0..<Column.largestLag {
        if next < rowCount { breaks[next] = 1 }
        next += 64
      }
    }
  }
}
