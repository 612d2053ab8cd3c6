import CPlatform

/// The linear part of a model, in the code units of a chunk's columns.
struct LinearTerms {
  /// For each latent: intercept, then a weight for each bounded field's y. Used by the encoder only.
  var encode: [[Double]] = []
  /// For each bounded field: intercept, then a weight for each latent's restored y.
  var decode: [[Double]] = []
}

/// The prediction loop over the blocks of a chunk, forward and back.
///
/// Both directions restore values with the same kernels in the same order, so encoder and decoder
/// cannot drift apart. Columns are coded in order; the first `latentCount` are latents.
final class Corrector<P: CodeScalar> {
  private let columns: [Column]
  private let latentCount: Int
  private let strands: Strands
  private let kernels: aezk_kernels

  /// Corrections (for latents: restored y) of the present block and the two before it, in turn.
  private let history: Memory<P>
  /// Weights and pointers of regressors and of model terms, column after column.
  private let weights: Memory<P>
  private let sources: Memory<UnsafePointer<P>?>
  private var regressorStart: [Int] = []
  private var modelStart: [Int] = []
  private let modelIntercepts: [P]
  private var sourceCount = 0
  private let usesModel: Bool
  private let encodeTerms: [[Double]]

  /// Working vectors.
  private let scratch: Memory<P>
  private let wide: Memory<Double>
  private let narrow: Memory<Float>
  private let loaded: Memory<P>

  private var y: UnsafeMutablePointer<P> { scratch.base }
  private var p: UnsafeMutablePointer<P> { scratch.base + 64 }
  private var model: UnsafeMutablePointer<P> { scratch.base + 128 }
  private var restored: UnsafeMutablePointer<P> { scratch.base + 192 }

  private static var turns: Int { Column.largestLag + 1 }

  /// - Throws: ``AEZipError/outOfMemory(bytes:)``.
  init(
    columns: [Column], latentCount: Int, terms: LinearTerms, strands: Strands,
    kernels: aezk_kernels
  ) throws(AEZipError) {
    self.columns = columns
    self.latentCount = latentCount
    self.strands = strands
    self.kernels = kernels
    usesModel = latentCount > 0
    encodeTerms = terms.encode
    let turns = Self.turns
    history = try Memory(turns * columns.count * 64, zeroed: true)
    scratch = try Memory(256, zeroed: true)
    wide = try Memory(128, zeroed: true)
    narrow = try Memory(64, zeroed: true)
    loaded = try Memory(usesModel ? columns.count * 64 : 64, zeroed: true)

    var total = 0
    for column in columns {
      regressorStart.append(total)
      total += column.regressors.count
    }
    let modelBase = total
    for index in 0..<columns.count {
      modelStart.append(total)
      if usesModel && index >= latentCount { total += latentCount }
    }
    sourceCount = total
    weights = try Memory(max(total, 1))
    sources = try Memory(max(total, 1) * turns)
    var intercepts = [P](repeating: P.of(0.0), count: columns.count)
    var position = 0
    for column in columns {
      for regressor in column.regressors {
        weights[position] = P.of(regressor.coefficient)
        for turn in 0..<turns {
          let slot = (turn + turns - regressor.lag) % turns
          sources[turn * total + position] = UnsafePointer(
            history.base + (slot * columns.count + regressor.column) * 64)
        }
        position += 1
      }
    }
    precondition(position == modelBase)
    if usesModel {
      for index in latentCount..<columns.count {
        let row = terms.decode[index - latentCount]
        intercepts[index] = P.of(row[0])
        for latent in 0..<latentCount {
          weights[position] = P.of(row[1 + latent])
          for turn in 0..<turns {
            sources[turn * total + position] = UnsafePointer(
              history.base + (turn * columns.count + latent) * 64)
          }
          position += 1
        }
      }
    }
    modelIntercepts = intercepts
  }

  /// What the decoder can say of a column's values in a block before their codes; also leaves the
  /// model's part in `model`.
  @inline(__always)
  private func predict(_ index: Int, turn: Int) {
    let column = columns[index]
    let sources = self.sources.base + turn * sourceCount
    var base: UnsafePointer<P>?
    if usesModel && index >= latentCount {
      P.predict(
        kernels, model, nil, modelIntercepts[index], weights.base + modelStart[index],
        sources + modelStart[index], latentCount, 0)
      base = UnsafePointer(model)
    }
    P.predict(
      kernels, p, base, P.of(column.intercept), weights.base + regressorStart[index],
      sources + regressorStart[index], column.regressors.count, Int32(column.snap.rawValue))
  }

  /// Keeps what later predictions will use of a column.
  @inline(__always)
  private func remember(_ index: Int, turn: Int) {
    let target = history.base + (turn * columns.count + index) * 64
    if usesModel && index >= latentCount {
      P.subtract(kernels, target, restored, model)
    } else {
      target.update(from: restored, count: 64)
    }
  }

  // MARK: - Forward

  /// Codes all blocks.
  ///
  /// - Parameters:
  ///   - planes: the values of the columns that are fields.
  ///   - codes: for each column, `planeCount` codes after ``CodePlanes/leadIn`` zeros.
  ///   - outcome: receives exceptions and statistics.
  func encode(
    planes: [Plane], codes: CodePlanes, outcome: inout ChunkOutcome
  ) throws(AEZipError) {
    let encodeWeights = try Memory<P>(max(1, latentCount * (columns.count - latentCount)))
    let encodeSources = try Memory<UnsafePointer<P>?>(max(1, columns.count - latentCount))
    for latent in 0..<latentCount {
      for index in latentCount..<columns.count {
        encodeWeights[latent * (columns.count - latentCount) + index - latentCount] =
          P.of(encodeTerms[latent][1 + index - latentCount])
      }
    }
    for index in latentCount..<columns.count where usesModel {
      encodeSources[index - latentCount] = UnsafePointer(loaded.base + index * 64)
    }
    for block in 0..<strands.blockCount {
      let turn = block % Self.turns
      if usesModel {
        for index in latentCount..<columns.count {
          load(columns[index], planes[index - latentCount], block, into: loaded.base + index * 64)
        }
      }
      for index in 0..<columns.count {
        let column = columns[index]
        let target = codes.plane(index) + block * 64
        if index < latentCount {
          let row = encodeWeights.base + index * (columns.count - latentCount)
          P.predict(
            kernels, y, nil, P.of(encodeTerms[index][0]), row, encodeSources.base,
            columns.count - latentCount, 0)
        } else if usesModel {
          y.update(from: loaded.base + index * 64, count: 64)
        } else {
          load(column, planes[index - latentCount], block, into: y)
        }
        predict(index, turn: turn)
        P.quantize(kernels, target, restored, y, p, P.of(column.multiple))
        if index >= latentCount {
          prove(index, planes[index - latentCount], block, codes: target, &outcome)
        }
        remember(index, turn: turn)
      }
    }
  }

  /// y = (x * scale - origin) / unit.
  @inline(__always)
  private func load(
    _ column: Column, _ plane: Plane, _ block: Int, into target: UnsafeMutablePointer<P>
  ) {
    let lattice: Int32 = column.lattice ? 1 : 0
    if let x = plane.float {
      if column.single, let target = P.asFloat(target) {
        kernels.load_f32_f32(
          target, x + block * 64, Float(column.origin), Float(1 / column.unit), lattice)
        return
      }
      kernels.load_f32_f64(
        wide.base, x + block * 64, column.scale, column.origin, 1 / column.unit, lattice)
    } else {
      kernels.load_f64_f64(
        wide.base, plane.double! + block * 64, column.scale, column.origin, 1 / column.unit,
        lattice)
    }
    P.take(kernels, target, wide.base)
  }

  /// Compares every value of a block with what will be restored; what fails becomes an exception.
  @inline(__always)
  private func prove(
    _ index: Int, _ plane: Plane, _ block: Int, codes: UnsafeMutablePointer<Int32>,
    _ outcome: inout ChunkOutcome
  ) {
    let column = columns[index]
    let active = strands.activeLanes(block)
    let range = column.clampRange
    if let x = plane.float {
      restoreFloat(column, range)
      let stats = outcome.floatStats(index)
      let bound = outcome.proofBounds[index]
      if active == 64,
        kernels.check_f32(x + block * 64, narrow.base, Float(bound), stats) != 0
      {
        return
      }
      for lane in 0..<active {
        let value = x[block * 64 + lane]
        if outcome.note(value, narrow[lane], Float(bound), lane, stats) { continue }
        outcome.exception(
          index, record: strands.firstRecord(lane: lane) + block, isMissing: value.isNaN)
      }
    } else {
      restoreDouble(column, range)
      let x = plane.double!
      let stats = outcome.doubleStats(index)
      let bound = outcome.proofBounds[index]
      if active == 64, kernels.check_f64(x + block * 64, wide.base + 64, bound, stats) != 0 {
        return
      }
      for lane in 0..<active {
        let value = x[block * 64 + lane]
        if outcome.note(value, wide[64 + lane], bound, lane, stats) { continue }
        outcome.exception(
          index, record: strands.firstRecord(lane: lane) + block, isMissing: value.isNaN)
      }
    }
  }

  // MARK: - Back

  /// Restores all blocks in order.
  ///
  /// - Parameters:
  ///   - contexts: fills in the codes of a column in a block, whose context is then known.
  ///   - outputs: where each column's values go; nil: nowhere.
  func decode(
    codes: CodePlanes, contexts: ContextReader, outputs: [Scatter?]
  ) throws(AEZipError) {
    for block in 0..<strands.blockCount {
      let turn = block % Self.turns
      for index in 0..<columns.count {
        let column = columns[index]
        try contexts.fetch(index, block)
        predict(index, turn: turn)
        P.dequantize(
          kernels, restored, codes.plane(index) + block * 64, p, P.of(column.multiple))
        remember(index, turn: turn)
        guard let output = outputs[index] else { continue }
        let range = column.clampRange
        if output.type.usesFloatPlane {
          restoreFloat(column, range)
          output.block(block, strands, narrow.base)
        } else {
          restoreDouble(column, range)
          output.block(block, strands, wide.base + 64)
        }
      }
    }
  }

  // x = (origin + unit * y) / scale, forward and back alike.

  @inline(__always)
  private func restoreFloat(_ column: Column, _ range: ClosedRange<Double>) {
    if column.single, let restored = P.asFloat(restored) {
      kernels.restore_f32_f32(
        narrow.base, restored, Float(column.origin), Float(column.unit), Float(range.lowerBound),
        Float(range.upperBound))
    } else {
      kernels.restore_f64_f32(
        narrow.base, P.wide(kernels, restored, wide.base), column.scale, column.origin,
        column.unit, range.lowerBound, range.upperBound)
    }
  }

  @inline(__always)
  private func restoreDouble(_ column: Column, _ range: ClosedRange<Double>) {
    kernels.restore_f64_f64(
      wide.base + 64, P.wide(kernels, restored, wide.base), column.scale, column.origin,
      column.unit, range.lowerBound, range.upperBound)
  }
}
