import CPlatform

/// Chooses each column's context: whose codes tell how large the next one will be, and how many
/// classes of codes pay for the streams they need. Works on the codes themselves, on a sample.
struct ContextPlanner {
  let codes: CodePlanes
  let leafPlanes: LeafPlanes
  let strands: Strands
  let effort: Effort
  let kernels: Kernels

  /// Bits that one more class costs: its line in the directory, its share of a stream's tables.
  static let classBits = 160.0
  fileprivate static let finestBins = 16

  /// Sets `context` of the columns for which classes save bits; returns the bits a code of each
  /// column, about.
  func plan(_ columns: [Column]) throws(AEZipError) -> [Double] {
    var bits = [Double](repeating: 8, count: columns.count)
    guard effort.mostClasses > 1, strands.recordCount >= 256, strands.blockCount >= 4 else {
      return bits
    }
    // Blocks spread over the chunk; the first ones have no predecessors.
    let wanted = max(
      8, min(strands.blockCount - 2, effort.contextRows(columns.count) / strands.laneCount))
    var blocks: [Int] = []
    for index in 0..<wanted { blocks.append(2 + (strands.blockCount - 2) * index / wanted) }
    let sampleCount = blocks.count * strands.laneCount
    let scratch = try Scratch(sampleCount)
    let means = columns.indices.map { mean($0, blocks) }
    for index in columns.indices {
      fillSymbols(index, blocks, scratch)
      bits[index] = try choose(columns, index, blocks, means, scratch)
    }
    return bits
  }

  /// Working arrays, one element a sampled code.
  private final class Scratch {
    let magnitudes: Memory<Float>
    let source: Memory<Float>
    let activity: Memory<Int32>
    let symbols: Memory<UInt8>
    let rawBits: Memory<UInt8>
    let classes: Memory<UInt8>
    let edges: Memory<Int32>
    /// The group of each code, and counts of symbols of each leaf.
    let groups: Memory<UInt8>
    let histograms: Memory<Int>
    /// The same for each class, and one more.
    let classHistograms: Memory<Int>
    let count: Int

    init(_ count: Int) throws(AEZipError) {
      self.count = count
      magnitudes = try Memory(count)
      source = try Memory(count)
      activity = try Memory(count)
      symbols = try Memory(count)
      rawBits = try Memory(count)
      classes = try Memory(count)
      edges = try Memory(Column.mostClasses)
      groups = try Memory(count)
      histograms = try Memory(256 * (Tree.mostSplits + 1))
      classHistograms = try Memory(256 * (ContextPlanner.finestBins + 1))
    }
  }

  private func mean(_ column: Int, _ blocks: [Int]) -> Double {
    var sum = 0
    for block in blocks {
      let row = codes.plane(column) + block * 64
      for lane in 0..<strands.laneCount { sum += Int(min(row[lane].magnitude, 32767)) }
    }
    return Double(sum) / Double(blocks.count * strands.laneCount)
  }

  /// Magnitudes of a source, beside each sampled code, cut at eight times their mean.
  private func load(
    _ source: Context.Source, _ blocks: [Int], mean: Double,
    into target: UnsafeMutablePointer<Float>
  ) {
    let cut = Float(8 * mean + 1)
    var position = 0
    for block in blocks {
      let row = codes.plane(source.column) + (block - source.lag) * 64
      for lane in 0..<strands.laneCount {
        target[position] = min(Float(row[lane].magnitude), cut)
        position += 1
      }
    }
  }

  private func choose(
    _ columns: [Column], _ index: Int, _ blocks: [Int], _ means: [Double], _ scratch: Scratch
  ) throws(AEZipError) -> Double {
    let groupCount = try group(columns[index], index, blocks, scratch)
    var alone = 0.0
    for group in 0..<groupCount {
      alone += split(scratch, group, of: groupCount, edges: List()).bits
    }
    alone += rawBits(scratch)
    columns[index].context.groups = List(repeating: 0, count: groupCount)
    guard means[index] > 0.004 else { return alone }
    // Candidates: the column's own past, its regressors, its neighbours.
    var candidates = List<Context.Source>()
    for lag in 1...2 { candidates.append(.init(column: index, lag: lag, weight: 0)) }
    func offer(_ column: Int, _ lag: Int) {
      guard candidates.count < effort.contextCandidates, means[column] > 0.004,
        !candidates.contains(where: { $0.column == column && $0.lag == lag })
      else { return }
      candidates.append(.init(column: column, lag: lag, weight: 0))
    }
    for regressor in columns[index].regressors { offer(regressor.column, regressor.lag) }
    for back in 1...6 where back <= index { offer(index - back, 0) }

    // How well each tells the magnitude.
    let own = means[index]
    load(.init(column: index, lag: 0, weight: 0), blocks, mean: own, into: scratch.magnitudes.base)
    var ranked: List<(source: Context.Source, score: Double)> = List()
    for candidate in candidates {
      load(candidate, blocks, mean: means[candidate.column], into: scratch.source.base)
      let score = Self.correlation(scratch.magnitudes.base, scratch.source.base, scratch.count)
      if score > 0.04 { ranked.append((candidate, score)) }
    }
    guard !ranked.isEmpty else { return alone }
    let order = ascending(ranked.map { -$0.score })
    let best = ranked[order[0]].score
    var context = Context()
    for rank in order.prefix(effort.contextSources) {
      var source = ranked[rank].source
      let score = ranked[rank].score
      // Weights make sources of different spread comparable; the better ones count more.
      let weight = 48 * score / best / (means[source.column] + 0.25)
      source.weight = Int32(max(1, min(255, weight)))
      context.sources.append(source)
    }
    fillActivity(context, blocks, scratch)
    context.groups = List()
    var bits = rawBits(scratch)
    for group in 0..<groupCount {
      let classes = split(scratch, group, of: groupCount, edges: quantiles(scratch, group))
      bits += classes.bits
      context.groups.append(classes.edges.count)
      for edge in classes.edges { context.thresholds.append(edge) }
    }
    guard !context.thresholds.isEmpty else { return alone }
    columns[index].context = context
    return bits
  }

  /// Joins leaves whose codes are alike; fills in the groups of the sampled codes.
  private func group(
    _ column: Column, _ index: Int, _ blocks: [Int], _ scratch: Scratch
  ) throws(AEZipError) -> Int {
    guard let leaves = leafPlanes.plane(index) else {
      for position in 0..<scratch.count { scratch.groups.base[position] = 0 }
      return 1
    }
    let leafCount = column.tree.offsets.count
    for place in 0..<256 * leafCount { scratch.histograms.base[place] = 0 }
    var position = 0
    for block in blocks {
      for lane in block * 64..<block * 64 + strands.laneCount {
        scratch.groups.base[position] = leaves[lane]
        scratch.histograms.base[
          256 * Int(leaves[lane]) + Int(scratch.symbols.base[position])] += 1
        position += 1
      }
    }
    let scale = Double(strands.recordCount) / Double(scratch.count)
    let merged = try GroupMerge(
      scratch.histograms.base, count: leafCount, most: effort.mostGroups
    ) { Self.cost($0, $1, scale) + Self.classBits }
    column.tree.groups = merged.places
    var groupCount = 0
    for place in merged.places { groupCount = max(groupCount, Int(place) + 1) }
    for position in 0..<scratch.count {
      scratch.groups.base[position] = merged.places[Int(scratch.groups.base[position])]
    }
    return groupCount
  }

  /// Bits a code that do not depend on classes.
  private func rawBits(_ scratch: Scratch) -> Double {
    var total = 0
    for position in 0..<scratch.count { total += Int(scratch.rawBits.base[position]) }
    return Double(total) / Double(scratch.count)
  }

  private static func correlation(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int
  ) -> Double {
    var (sumA, sumB, sumAA, sumBB, sumAB): (Float, Float, Float, Float, Float) = (0, 0, 0, 0, 0)
    for index in 0..<count {
      let (x, y) = (a[index], b[index])
      sumA += x
      sumB += y
      sumAA += x * x
      sumBB += y * y
      sumAB += x * y
    }
    let n = Double(count)
    let covariance = Double(sumAB) - Double(sumA) * Double(sumB) / n
    let varianceA = Double(sumAA) - Double(sumA) * Double(sumA) / n
    let varianceB = Double(sumBB) - Double(sumB) * Double(sumB) / n
    guard varianceA > 0, varianceB > 0 else { return 0 }
    return covariance / (varianceA * varianceB).squareRoot()
  }

  private func fillSymbols(_ index: Int, _ blocks: [Int], _ scratch: Scratch) {
    var position = 0
    for block in blocks {
      let row = codes.plane(index) + block * 64
      for lane in 0..<strands.laneCount {
        let (symbol, raw) = Symbols.symbol(zigzag(row[lane]))
        scratch.symbols.base[position] = symbol
        scratch.rawBits.base[position] = UInt8(raw)
        position += 1
      }
    }
  }

  /// As the kernel `classify` sums it.
  private func fillActivity(_ context: Context, _ blocks: [Int], _ scratch: Scratch) {
    for position in 0..<scratch.count { scratch.activity.base[position] = 0 }
    for source in context.sources {
      var position = 0
      for block in blocks {
        let row = codes.plane(source.column) + (block - source.lag) * 64
        for lane in 0..<strands.laneCount {
          let magnitude = Int32(min(row[lane].magnitude, 32767))
          scratch.activity.base[position] &+= source.weight &* magnitude
          position += 1
        }
      }
    }
  }

  /// Activities that split the codes into bins of like size.
  private func quantiles(_ scratch: Scratch, _ group: Int) -> List<Int32> {
    let count = scratch.count
    // Some hundred of them are enough to find quantiles.
    var sample: [Double] = []
    let step = max(1, count / 512)
    var position = 0
    while position < count {
      if Int(scratch.groups.base[position]) == group {
        sample.append(Double(scratch.activity.base[position]))
      }
      position += step
    }
    guard sample.count >= 2 * Self.finestBins else { return List() }
    let order = ascending(sample)
    func quantile(_ place: Int) -> Int32 { Int32(sample[order[place]]) }
    var edges: List<Int32> = List()
    for bin in 1..<Self.finestBins {
      let edge = quantile(order.count * bin / Self.finestBins)
      if edge > quantile(0) && (edges.last.map { edge > $0 } ?? true) { edges.append(edge) }
    }
    return edges
  }

  /// Splits a group's codes at `edges` of activity, then joins neighbouring classes as long as that
  /// saves bits; also the bits a code then takes, of which the group has its share.
  private func split(
    _ scratch: Scratch, _ group: Int, of groupCount: Int, edges: List<Int32>
  ) -> (edges: List<Int32>, bits: Double) {
    let count = scratch.count
    var edges = edges
    let histograms = scratch.classHistograms.base
    memset(histograms, 0, 8 * 256 * (edges.count + 1))
    for index in 0..<edges.count { scratch.edges[index] = edges[index] }
    kernels.call.rank(
      scratch.classes.base, scratch.activity.base, count, scratch.edges.base, edges.count)
    var used = 1
    for position in 0..<count where Int(scratch.groups.base[position]) == group {
      let symbol = Int(scratch.symbols.base[position])
      used = max(used, symbol + 1)
      histograms[256 * Int(scratch.classes.base[position]) + symbol] += 1
    }
    let most = max(1, (Column.mostClasses - 1) / groupCount)
    let scale = Double(strands.recordCount) / Double(count)
    // Where each class that is left has its histogram.
    var alive = List<Int>()
    var bits = List<Double>()
    for kind in 0...edges.count {
      alive.append(kind)
      bits.append(Self.cost(histograms + 256 * kind, used, scale))
    }
    let merged = histograms + 256 * (edges.count + 1)
    func together(_ kind: Int) -> Double {
      let (a, b) = (histograms + 256 * alive[kind], histograms + 256 * alive[kind + 1])
      for symbol in 0..<used { merged[symbol] = a[symbol] &+ b[symbol] }
      return Self.cost(merged, used, scale)
    }
    // What each class costs together with the next.
    var pairs = List<Double>()
    for kind in 0..<edges.count { pairs.append(together(kind)) }
    while alive.count > 1 {
      var best = -1
      var bestGain = -Double.infinity
      for kind in 0..<alive.count - 1 {
        let gain = bits[kind] + bits[kind + 1] - pairs[kind] + Self.classBits
        if gain > bestGain { (best, bestGain) = (kind, gain) }
      }
      guard bestGain > 0 || alive.count > min(most, effort.mostClasses) else { break }
      let (a, b) = (histograms + 256 * alive[best], histograms + 256 * alive[best + 1])
      for symbol in 0..<used { a[symbol] &+= b[symbol] }
      bits[best] = pairs[best]
      alive.remove(at: best + 1)
      bits.remove(at: best + 1)
      edges.remove(at: best)
      pairs.remove(at: best)
      if best < pairs.count { pairs[best] = together(best) }
      if best > 0 { pairs[best - 1] = together(best - 1) }
    }
    let coded = bits.reduce(0) { $0 + $1 + Self.classBits }
    return (edges, coded / Double(strands.recordCount))
  }

  /// Bits of a class in the chunk. Symbols seen once or twice are dearer in truth than on a sample.
  static func cost(_ histogram: UnsafePointer<Int>, _ used: Int, _ scale: Double) -> Double {
    var (kinds, count) = (0, 0)
    for symbol in 0..<used {
      kinds &+= histogram[symbol] > 0 ? 1 : 0
      count &+= histogram[symbol]
    }
    // Counted zeros come this near to the entropy.
    let floor = 0.012 * Double(count)
    return max(Entropy.bits(histogram, used), floor) * scale
      + (3 + Entropy.bias * max(0, scale - 1))
      * Double(kinds)
  }
}
