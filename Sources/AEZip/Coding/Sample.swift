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
    let perRun = 12
    let runCount = max(1, (wanted / 64 + perRun - 1) / perRun)
    if runCount * (perRun + lead) >= blocks {
      runs.append(0..<blocks)
    } else {
      for run in 0..<runCount {
        let start = (blocks - perRun - lead) * run / max(1, runCount - 1)
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
    for index in 0..<columns.count { fill(index, columns[index], planes[index], runs) }
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
  /// divided by their number. Element [i * stride + j] is E[y_i(now) y_j(before)].
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
          kernels.call.gram(gram.base, stride, x, stride, y, stride, count, 0, stride, 0, stride)
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
