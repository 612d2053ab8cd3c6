import CPlatform

/// What a model adds to predictions, in the code units of a chunk's columns:
///
///     a + sum of b_k * source_k
struct ModelTerms {
  /// For each bounded field: a, then b for each source.
  var decode: [[Double]] = []
  /// The sources are outputs of its decoder, one for each field; nil: the latents' restored y.
  var network: Autoencoder?
  /// For each bounded field the output that is its source; below 0: the model does not know it.
  var outputs: [Int] = []

  func sourceCount(latentCount: Int) -> Int { network == nil ? latentCount : 1 }
}

/// The prediction loop over the blocks of a chunk, forward and back.
///
/// Both directions restore values with the same kernels in the same order, so encoder and decoder
/// cannot drift apart. Columns are coded in order; the first `latentCount` are latents.
final class Corrector {
  private let columns: [Column]
  private let latentCount: Int
  private let terms: ModelTerms
  private let strands: Strands
  private let arithmetic: Arithmetic

  /// Corrections (for latents: restored y) of the present block and the two before it, in turn.
  private let history: Memory<UInt8>
  /// Weights of regressors, then of the model's terms, and where each reads, for every turn.
  private let weights: Memory<UInt8>
  private let sources: Memory<UnsafeRawPointer?>
  private let sourceCount: Int
  /// The first regressor and the first model term of each column.
  private let regressorStart: Memory<Int>
  private let modelStart: Memory<Int>
  /// The first split of each column, and the first offset of its leaves, which lie behind all
  /// weights.
  private let splitStart: Memory<Int>
  private let offsetStart: Memory<Int>
  private let parents: Memory<UInt8>
  /// The first source of each column's tie, and the first of its weights, which lie behind all others.
  private let tieStart: Memory<Int>
  private let tieWeightStart: Memory<Int>

  /// Working vectors.
  private let scratch: Memory<UInt8>
  private let wide: Memory<Double>
  private let narrow: Memory<Float>
  /// All nodes of the model's network, and its outputs in Double if that is the arithmetic.
  private let nodes: Memory<Float>?
  private let wideOutputs: Memory<Double>?

  private var y: UnsafeMutableRawPointer { UnsafeMutableRawPointer(scratch.base) }
  private var p: UnsafeMutableRawPointer { y + 512 }
  private var model: UnsafeMutableRawPointer { y + 1024 }
  /// The present column's restored y: where they are kept, if they are its corrections.
  private var restored: UnsafeMutableRawPointer
  private var shifted: UnsafeMutableRawPointer { y + 2048 }
  private var tied: UnsafeMutableRawPointer { y + 2560 }
  /// The leaf of each record of the block in the present column's tree.
  private var leaves: UnsafeMutablePointer<UInt8> {
    (y + 3072).assumingMemoryBound(to: UInt8.self)
  }

  /// A block's codes: their place may hold its values, which are needed to the end.
  private var blockCodes: UnsafeMutablePointer<Int32> {
    (y + 3136).assumingMemoryBound(to: Int32.self)
  }

  private static let turns = Column.largestLag + 1

  /// - Throws: ``AEZipError/outOfMemory(bytes:)``.
  init(
    columns: [Column], latentCount: Int, terms: ModelTerms, strands: Strands, isDouble: Bool,
    kernels: Kernels
  ) throws(AEZipError) {
    self.columns = columns
    self.latentCount = latentCount
    self.terms = terms
    self.strands = strands
    arithmetic = Arithmetic(isDouble: isDouble, kernels: kernels)
    var total = 0
    var leafCount = 0
    for column in columns {
      total += column.regressors.count + column.tree.splits.count
      leafCount += column.tree.offsets.count
      total += 2 * column.tie.terms.count
      if !column.tie.isEmpty { leafCount += 2 + column.tie.terms.count }
    }
    let termCount = terms.sourceCount(latentCount: latentCount)
    total += termCount * (columns.count - latentCount)
    sourceCount = total
    history = try Memory(Self.turns * columns.count * arithmetic.vectorSize, zeroed: true)
    weights = try Memory(max(total + leafCount, 1) * arithmetic.size)
    sources = try Memory(max(total, 1) * Self.turns)
    regressorStart = try Memory(max(columns.count, 1))
    modelStart = try Memory(max(columns.count, 1))
    splitStart = try Memory(max(columns.count, 1))
    offsetStart = try Memory(max(columns.count, 1))
    parents = try Memory(max(total, 1))
    tieStart = try Memory(max(columns.count, 1))
    tieWeightStart = try Memory(max(columns.count, 1))
    scratch = try Memory(3392, zeroed: true)
    restored = UnsafeMutableRawPointer(scratch.base)
    wide = try Memory(128, zeroed: true)
    narrow = try Memory(64, zeroed: true)
    var outputs: UnsafeRawPointer?
    if let network = terms.network?.network {
      let nodes = try Memory<Float>(network.scratchCount, zeroed: true)
      let count = isDouble ? 64 * network.shape.fieldCount : 1
      let wideOutputs = try Memory<Double>(count, zeroed: true)
      outputs = UnsafeRawPointer(network.plane(network.shape.last, nodes.base))
      if isDouble { outputs = UnsafeRawPointer(wideOutputs.base) }
      self.nodes = nodes
      self.wideOutputs = wideOutputs
    } else {
      nodes = nil
      wideOutputs = nil
    }
    var position = 0
    var nextOffset = total
    for index in 0..<columns.count {
      let tree = columns[index].tree
      splitStart[index] = position
      offsetStart[index] = nextOffset
      for split in tree.splits {
        parents[position] = UInt8(split.leaf)
        connect(position, split.column, split.lag, Double(split.twice) / 2)
        position += 1
      }
      for offset in tree.offsets {
        let shift = Double(offset) * columns[index].multiple / Tree.offsetParts
        arithmetic.store(shift, weights.base, nextOffset)
        nextOffset += 1
      }
      regressorStart[index] = position
      for regressor in columns[index].regressors {
        connect(position, regressor.column, regressor.lag, regressor.coefficient)
        position += 1
      }
      tieStart[index] = position
      tieWeightStart[index] = nextOffset
      let tie = columns[index].tie
      if !tie.isEmpty {
        for weight in tie.weights(columns, index) {
          arithmetic.store(weight, weights.base, nextOffset)
          nextOffset += 1
        }
        for term in tie.terms {
          for factor in [term.a, term.b] {
            connect(
              position, max(0, factor.column), factor.lag,
              factor.column < 0 ? 0 : columns[factor.column].shift)
            if factor.column < 0 {
              for turn in 0..<Self.turns { sources[turn * sourceCount + position] = nil }
            }
            position += 1
          }
        }
      }
      modelStart[index] = position
      guard latentCount > 0, index >= latentCount else { continue }
      for term in 0..<termCount {
        connect(position, term, 0, terms.decode[index - latentCount][1 + term])
        if let outputs {
          let source = outputs + max(0, terms.outputs[index - latentCount]) * arithmetic.vectorSize
          for turn in 0..<Self.turns { sources[turn * sourceCount + position] = source }
        }
        position += 1
      }
    }
  }

  /// Where a column's corrections of a turn are kept.
  private func corrections(_ column: Int, turn: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(history.base) + (turn * columns.count + column) * arithmetic.vectorSize
  }

  private func connect(_ position: Int, _ column: Int, _ lag: Int, _ weight: Double) {
    arithmetic.store(weight, weights.base, position)
    for turn in 0..<Self.turns {
      sources[turn * sourceCount + position] = UnsafeRawPointer(
        corrections(column, turn: (turn + Self.turns - lag) % Self.turns))
    }
  }

  /// Finds the leaves of a block's records in a column's tree.
  @inline(__always)
  private func split(_ index: Int, _ column: Column, turn: Int) {
    guard !column.tree.isEmpty else { return }
    arithmetic.split(
      leaves, thresholds: weights.base, sources: sources.base + turn * sourceCount,
      parents: parents.base + splitStart.base[index], first: splitStart.base[index],
      count: column.tree.splits.count)
  }

  /// What the decoder can say of a column's values in a block before their codes; also leaves the
  /// model's part in `model`, and says where the values are to be `restored`.
  private func predict(_ index: Int, _ column: Column, turn: Int) {
    let sources = self.sources.base + turn * sourceCount
    var base: UnsafeMutableRawPointer?
    restored = corrections(index, turn: turn)
    if latentCount > 0 && index >= latentCount {
      restored = y + 1536
      arithmetic.predict(
        model, base: nil, intercept: terms.decode[index - latentCount][0], weights: weights.base,
        sources: sources, first: modelStart.base[index],
        count: terms.sourceCount(latentCount: latentCount), snap: 0)
      base = model
    }
    if !column.tie.isEmpty {
      arithmetic.tie(
        tied, sources: sources, shifts: weights.base, first: tieStart.base[index],
        weights: weights.base + tieWeightStart.base[index] * arithmetic.size,
        count: column.tie.terms.count, isRoot: column.tie.isRoot)
      base = tied
    }
    if !column.tree.isEmpty {
      arithmetic.shift(
        shifted, base: base, leaves,
        offsets: weights.base + offsetStart.base[index] * arithmetic.size)
      base = shifted
    }
    arithmetic.predict(
      p, base: base, intercept: column.intercept, weights: weights.base, sources: sources,
      first: regressorStart.base[index], count: column.regressors.count,
      snap: Int32(column.snap.rawValue))
  }

  /// Keeps what later predictions will use of a column.
  private func remember(_ index: Int, turn: Int) {
    if latentCount > 0 && index >= latentCount {
      arithmetic.subtract(corrections(index, turn: turn), restored, model)
    }
    if index < latentCount, let nodes { run(terms.network!, latent: index, nodes.base) }
  }

  /// Hands a restored latent to the network, and runs it after the last one.
  private func run(_ model: Autoencoder, latent: Int, _ nodes: UnsafeMutablePointer<Float>) {
    let network = model.network
    restoreFloat(columns[latent], into: narrow.base)
    memcpy(network.plane(network.shape.latent, nodes) + 64 * latent, narrow.base, 256)
    guard latent == latentCount - 1 else { return }
    network.decodeBlock(model.standardizer, nodes, arithmetic.kernels)
    guard arithmetic.isDouble else { return }
    let outputs = network.plane(network.shape.last, nodes)
    for output in 0..<network.shape.fieldCount {
      arithmetic.kernels.call.widen(wideOutputs!.base + 64 * output, outputs + 64 * output)
    }
  }

  // MARK: - Forward

  /// Codes all blocks.
  ///
  /// - Parameters:
  ///   - planes: the values of the columns, latents among them.
  ///   - codes: receives the codes; they may take the place of the values.
  ///   - leafPlanes: receives the leaves of the columns that have a tree.
  ///   - outcome: receives exceptions and statistics.
  func encode(
    planes: List<Plane>, codes: CodePlanes, leafPlanes: LeafPlanes, outcome: inout ChunkOutcome
  ) {
    for block in 0..<strands.blockCount {
      let turn = block % Self.turns
      for index in 0..<columns.count {
        let column = columns[index]
        load(column, planes[index], block, into: y)
        split(index, column, turn: turn)
        predict(index, column, turn: turn)
        if let plane = leafPlanes.plane(index) { memcpy(plane + block * 64, leaves, 64) }
        arithmetic.quantize(blockCodes, restored, y, p, column.multiple)
        if index >= latentCount { prove(index, column, planes[index], block, &outcome) }
        memcpy(codes.plane(index) + block * 64, blockCodes, 256)
        remember(index, turn: turn)
      }
    }
  }

  /// y = (x * scale - origin) / unit.
  private func load(
    _ column: Column, _ plane: Plane, _ block: Int, into target: UnsafeMutableRawPointer
  ) {
    let kernels = arithmetic.kernels
    let lattice: Int32 = column.lattice ? 1 : 0
    if let x = plane.float.map({ $0 + block * 64 }) {
      aezk_prefetch_row(x + 64)
      if column.single {
        kernels.call.load_f32_f32(
          target.assumingMemoryBound(to: Float.self), x, Float(column.origin),
          Float(1 / column.unit), lattice)
        return
      }
      kernels.call.load_f32_f64(
        wide.base, x, column.scale, column.origin, 1 / column.unit, lattice)
    } else {
      kernels.call.load_f64_f64(
        wide.base, plane.double! + block * 64, column.scale, column.origin, 1 / column.unit,
        lattice)
    }
    arithmetic.take(target, wide.base)
  }

  /// Compares every value of a block with what will be restored; what fails becomes an exception.
  private func prove(
    _ index: Int, _ column: Column, _ plane: Plane, _ block: Int, _ outcome: inout ChunkOutcome
  ) {
    let active = strands.activeLanes(block)
    let bound = outcome.proofBounds[index]
    if let plane = plane.float {
      let x = plane + block * 64
      restoreFloat(column, into: narrow.base)
      let stats = outcome.floatStats(index)
      if active == 64,
        arithmetic.kernels.call.check_f32(x, narrow.base, Float(bound), stats) != 0
      {
        return
      }
      for lane in 0..<active where !outcome.note(x[lane], narrow[lane], Float(bound), lane, stats) {
        outcome.exception(index, strands.firstRecord(lane: lane) + block, x[lane].isNaN)
      }
    } else {
      let x = plane.double! + block * 64
      restoreDouble(column, into: wide.base + 64)
      let stats = outcome.doubleStats(index)
      if active == 64, arithmetic.kernels.call.check_f64(x, wide.base + 64, bound, stats) != 0 {
        return
      }
      for lane in 0..<active where !outcome.note(x[lane], wide[64 + lane], bound, lane, stats) {
        outcome.exception(index, strands.firstRecord(lane: lane) + block, x[lane].isNaN)
      }
    }
  }

  // MARK: - Back

  /// Restores all blocks in order.
  ///
  /// - Parameters:
  ///   - contexts: fills in the codes of a column in a block, whose context is then known.
  ///   - outputs: where each column's values go.
  func decode(
    codes: CodePlanes, contexts: ContextReader, outputs: RestoredBlock
  ) throws(AEZipError) {
    var outputs = outputs
    for block in 0..<strands.blockCount {
      let turn = block % Self.turns
      for index in 0..<columns.count {
        let column = columns[index]
        split(index, column, turn: turn)
        try contexts.fetch(index, block, leaves)
        predict(index, column, turn: turn)
        arithmetic.dequantize(restored, codes.block(index, block), p, column.multiple)
        remember(index, turn: turn)
        guard let type = outputs.types[index] else { continue }
        let row = outputs.row(index)
        if type.usesFloatPlane {
          restoreFloat(
            column, into: UnsafeMutableRawPointer(row).assumingMemoryBound(to: Float.self))
        } else {
          restoreDouble(column, into: row)
        }
      }
      outputs.finish(block, arithmetic.kernels)
    }
  }

  // x = (origin + unit * y) / scale, forward and back alike.

  private func restoreFloat(_ column: Column, into target: UnsafeMutablePointer<Float>) {
    let range = column.clampRange
    if column.single {
      arithmetic.kernels.call.restore_f32_f32(
        target, restored.assumingMemoryBound(to: Float.self), Float(column.origin),
        Float(column.unit), Float(range.lowerBound), Float(range.upperBound))
    } else {
      arithmetic.kernels.call.restore_f64_f32(
        target, arithmetic.widened(restored, wide.base), column.scale, column.origin,
        column.unit, range.lowerBound, range.upperBound)
    }
  }

  private func restoreDouble(_ column: Column, into target: UnsafeMutablePointer<Double>) {
    let range = column.clampRange
    arithmetic.kernels.call.restore_f64_f64(
      target, arithmetic.widened(restored, wide.base), column.scale, column.origin,
      column.unit, range.lowerBound, range.upperBound)
  }
}
