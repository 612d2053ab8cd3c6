import CPlatform

/// The records that a chunk's plan is made from: runs of consecutive blocks, spread over the chunk,
/// as a row-major matrix of y in code units.
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
  /// y, a row a record.
  let values: Memory<Double>
  /// The same column by column, and y rounded to the column's codes: what restored values look like.
  private let columnValues: Memory<Double>
  private let columnRounded: Memory<Double>

  func values(of column: Int) -> UnsafeMutablePointer<Double> {
    columnValues.base + column * rowCount
  }

  func rounded(_ column: Int) -> UnsafeMutablePointer<Double> {
    columnRounded.base + column * rowCount
  }

  var targetCount: Int { targets.reduce(0) { $0 + $1.count } }

  /// - Parameter wanted: how many target rows to aim for.
  init(
    columns: [Column], latentCount: Int, planes: List<Plane>, strands: Strands, wanted: Int
  ) throws(AEZipError) {
    columnCount = columns.count
    self.latentCount = latentCount
    stride = (columns.count + 15) / 16 * 16
    let lead = Column.largestLag
    var runs: List<Range<Int>> = List()
    let blocks = strands.blockCount
    let perRun = max(1, min(12, wanted / 64))
    let runCount = max(1, (wanted / 64 + perRun - 1) / perRun)
    if runCount * (perRun + lead) >= blocks {
      runs.append(0..<blocks)
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
    // The last block's lanes without a record repeat values: they do no harm.
    values = try Memory(rowCount * stride, zeroed: true)
    columnValues = try Memory(rowCount * columnCount)
    columnRounded = try Memory(rowCount * columnCount)
    for index in latentCount..<columns.count {
      fill(index, columns[index], planes[index - latentCount], runs)
    }
  }

  /// Puts latents and corrections in the place of values.
  func apply(_ terms: LinearTerms, latentCount: Int, columns: [Column]) {
    let fieldCount = columnCount - latentCount
    for row in 0..<rowCount {
      let y = values.base + row * stride
      for latent in 0..<latentCount {
        var sum = terms.encode[latent][0]
        for index in 0..<fieldCount {
          sum += terms.encode[latent][1 + index] * y[latentCount + index]
        }
        put(sum, row, latent, multiple: 1)
      }
      for index in 0..<fieldCount {
        var sum = terms.decode[index][0]
        for latent in 0..<latentCount {
          sum += terms.decode[index][1 + latent] * rounded(latent)[row]
        }
        put(
          y[latentCount + index] - sum, row, latentCount + index,
          multiple: columns[latentCount + index].multiple)
      }
    }
  }

  private func put(_ value: Double, _ row: Int, _ column: Int, multiple: Double) {
    let y = value.magnitude < 1e9 ? value : 0
    values.base[row * stride + column] = y
    values(of: column)[row] = y
    rounded(column)[row] = nearest(y / multiple) * multiple
  }

  /// Values that are not finite become 0, the origin.
  private func fill(_ index: Int, _ column: Column, _ plane: Plane, _ runs: List<Range<Int>>) {
    var row = 0
    let inverse = 1 / column.unit
    let perCode = 1 / column.multiple
    let valuesOfColumn = values(of: index)
    let roundedColumn = rounded(index)
    for run in runs {
      for position in run.lowerBound * 64..<run.upperBound * 64 {
        let x = plane.float.map { Double($0[position]) } ?? plane.double![position]
        var y = (x * column.scale - column.origin) * inverse
        if !(y.magnitude < 1e9) { y = 0 }
        if column.lattice { y = nearest(y) }
        values.base[row * stride + index] = y
        valuesOfColumn[row] = y
        roundedColumn[row] = nearest(y * perCode) * column.multiple
        row += 1
      }
    }
  }

  /// For each lag: the second moments of y now with y `lag` records before, over the target rows,
  /// divided by their number. Element [i * stride + j] is E[y_i(now) y_j(before)]; of lag 0 only
  /// those with i >= j.
  func moments(lags: Int, kernels: Kernels) throws(AEZipError) -> [Memory<Double>] {
    var result: [Memory<Double>] = []
    for lag in 0...lags {
      let gram = try Memory<Double>(stride * stride, zeroed: true)
      for range in targets {
        // Batches keep both operands in the cache; their size is part of the result's bits.
        var row = range.lowerBound
        while row < range.upperBound {
          let count = min(128, range.upperBound - row)
          let x = values.base + row * stride
          let y = values.base + max(0, row - 64 * lag) * stride
          var first = 0
          while first < stride {
            let columns = lag == 0 ? first + 16 : stride
            kernels.call.gram(
              gram.base, stride, x, stride, y, stride, count, first, first + 16, 0, columns)
            first += 16
          }
          row += count
        }
      }
      let scale = 1 / Double(max(1, targetCount))
      for index in 0..<stride * stride { gram[index] *= scale }
      result.append(gram)
    }
    return result
  }
}
