import CPlatform

/// Chooses each column's context: whose codes tell how large the next one will be, and how many
/// classes of codes pay for the streams they need. Works on the codes themselves, on a sample.
struct ContextPlanner {
  let codes: CodePlanes
  let leafPlanes: LeafPlanes
  let strands: Strands
  let effort: Effort
  let kernels: Kernels
  /// Records of a chunk whose bytes classes must save.
  let served: Int

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
    let classes: Memory<UInt8>
    let edges: Memory<Int32>
    /// The group of each code, and counts of symbols of each leaf.
    let groups: Memory<UInt8>
    let histograms: Memory<Int>
    /// The same for each class, and two more.
    let classHistograms: Memory<Int>
    /// Of correlations.
    let sums: Memory<Float>
    static let fewestPicks = 512
    static let mostPicks = 2 * fewestPicks
    let picks: Memory<Int>
    let count: Int

    init(_ count: Int) throws(AEZipError) {
      self.count = count
      magnitudes = try Memory(count)
      source = try Memory(count)
      activity = try Memory(count)
      symbols = try Memory(count)
      classes = try Memory(count)
      edges = try Memory(Column.mostClasses)
      sums = try Memory(5 * 16)
      picks = try Memory(2 * Self.mostPicks + Int(AEZK_SORT_TABLE))
      groups = try Memory(count)
      histograms = try Memory(256 * (Tree.mostSplits + 1))
      classHistograms = try Memory(256 * (ContextPlanner.finestBins + 2))
    }
  }

  private func mean(_ column: Int, _ blocks: [Int]) -> Double {
    var sum = 0
    let plane = codes.plane(column)
    for (place, block) in blocks.enumerated() {
      aezk_prefetch_row(plane + blocks[min(place + 2, blocks.count - 1)] * 64)
      let row = plane + block * 64
      for lane in 0..<strands.laneCount { sum += Int(min(row[lane].magnitude, 32767)) }
    }
    return Double(sum) / Double(blocks.count * strands.laneCount)
  }

  /// Magnitudes of a source, beside each sampled code, cut at eight times their mean.
  private func load(
    _ source: Context.Source, _ blocks: [Int], mean: Double,
    into target: UnsafeMutablePointer<Float>
  ) {
    var target = target
    for block in blocks {
      kernels.call.magnitudes(
        target, codes.plane(source.column) + (block - source.lag) * 64, strands.laneCount,
        Float(8 * mean + 1))
      target += strands.laneCount
    }
  }

  private func choose(
    _ columns: [Column], _ index: Int, _ blocks: [Int], _ means: [Double], _ scratch: Scratch
  ) throws(AEZipError) -> Double {
    let rawBits = fillSymbols(index, blocks, scratch)
    let groupCount = try group(columns[index], index, blocks, scratch)
    var alone = 0.0
    for group in 0..<groupCount {
      alone += split(scratch, group, of: groupCount, edges: List()).bits
    }
    alone += rawBits
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
      let score = correlation(scratch)
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
    var bits = rawBits
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
    let scale = Double(served) / Double(scratch.count)
    let merged = try GroupMerge(
      scratch.histograms.base, count: leafCount, most: effort.mostGroups
    ) { cost($0, $1, scale) + Self.classBits }
    column.tree.groups = merged.places
    var groupCount = 0
    for place in merged.places { groupCount = max(groupCount, Int(place) + 1) }
    for position in 0..<scratch.count {
      scratch.groups.base[position] = merged.places[Int(scratch.groups.base[position])]
    }
    return groupCount
  }

  /// Of the magnitudes of codes and of a source.
  private func correlation(_ scratch: Scratch) -> Double {
    let sums = scratch.sums.base
    memset(sums, 0, 4 * 5 * 16)
    kernels.call.correlate(
      scratch.magnitudes.base, scratch.source.base, scratch.count, sums)
    func total(_ kind: Int) -> Double {
      var total = 0.0
      for lane in 16 * kind..<16 * kind + 16 { total += Double(sums[lane]) }
      return total
    }
    let n = Double(scratch.count)
    let (a, b) = (total(0), total(1))
    let covariance = total(4) - a * b / n
    let varianceA = total(2) - a * a / n
    let varianceB = total(3) - b * b / n
    guard varianceA > 0, varianceB > 0 else { return 0 }
    return covariance / (varianceA * varianceB).squareRoot()
  }

  /// Symbols of the sampled codes; returns the bits a code that they leave out.
  private func fillSymbols(_ index: Int, _ blocks: [Int], _ scratch: Scratch) -> Double {
    var rawBits: Int64 = 0
    var target = scratch.symbols.base
    for block in blocks {
      rawBits += kernels.call.symbols(
        target, codes.plane(index) + block * 64, strands.laneCount, 0)
      target += strands.laneCount
    }
    return Double(rawBits) / Double(scratch.count)
  }

  /// As the kernel `classify` sums it.
  private func fillActivity(_ context: Context, _ blocks: [Int], _ scratch: Scratch) {
    memset(scratch.activity.base, 0, 4 * scratch.count)
    for source in context.sources {
      var target = scratch.activity.base
      for block in blocks {
        kernels.call.weigh(
          target, codes.plane(source.column) + (block - source.lag) * 64, strands.laneCount,
          source.weight)
        target += strands.laneCount
      }
    }
  }

  /// Activities that split the codes into bins of like size.
  private func quantiles(_ scratch: Scratch, _ group: Int) -> List<Int32> {
    // Some hundred of them are enough to find quantiles.
    let picks = scratch.picks.base
    let step = max(1, scratch.count / Scratch.fewestPicks)
    var (position, count) = (0, 0)
    while position < scratch.count && count < Scratch.mostPicks {
      if Int(scratch.groups.base[position]) == group {
        picks[count] = Int(scratch.activity.base[position])
        count += 1
      }
      position += step
    }
    guard count >= 2 * Self.finestBins else { return List() }
    aezk_sort(picks, picks + Scratch.mostPicks, count)
    var edges: List<Int32> = List()
    for bin in 1..<Self.finestBins {
      let edge = Int32(picks[count * bin / Self.finestBins])
      if edge > Int32(picks[0]) && (edges.last.map { edge > $0 } ?? true) { edges.append(edge) }
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
    memset(histograms, 0, 8 * 256 * (edges.count + 2))
    for index in 0..<edges.count { scratch.edges[index] = edges[index] }
    kernels.call.rank(
      scratch.classes.base, scratch.activity.base, count, scratch.edges.base, edges.count)
    // The codes of other groups go behind those of the classes.
    if groupCount > 1 {
      aezk_exclude(
        scratch.classes.base, scratch.groups.base, UInt8(group), UInt8(edges.count + 1), count)
    }
    let seen = aezk_pairs(histograms, scratch.symbols.base, scratch.classes.base, count)
    let used = 256 >> seen.leadingZeroBitCount
    let most = max(1, (Column.mostClasses - 1) / groupCount)
    let scale = Double(served) / Double(count)
    // Where each class that is left has its histogram.
    var alive = List<Int>()
    var bits = List<Double>()
    for kind in 0...edges.count {
      alive.append(kind)
      bits.append(cost(histograms + 256 * kind, used, scale))
    }
    let merged = histograms + 256 * (edges.count + 1)
    func together(_ kind: Int) -> Double {
      let (a, b) = (histograms + 256 * alive[kind], histograms + 256 * alive[kind + 1])
      aezk_add_counts(merged, a, b, used)
      return cost(merged, used, scale)
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
      aezk_add_counts(a, a, b, used)
      bits[best] = pairs[best]
      alive.remove(at: best + 1)
      bits.remove(at: best + 1)
      edges.remove(at: best)
      pairs.remove(at: best)
      if best < pairs.count { pairs[best] = together(best) }
      if best > 0 { pairs[best - 1] = together(best - 1) }
    }
    let coded = bits.reduce(0) { $0 + $1 + Self.classBits }
    return (edges, coded / Double(served))
  }

  /// Bits of a class in the chunk. Symbols seen once or twice are dearer in truth than on a sample.
  private func cost(_ histogram: UnsafePointer<Int>, _ used: Int, _ scale: Double) -> Double {
    var (kinds, count) = (0, 0)
    let bits = kernels.call.entropy(histogram, used, &kinds)
    for symbol in 0..<used { count &+= histogram[symbol] }
    // Counted zeros come this near to the entropy.
    return max(bits, 0.012 * Double(count)) * scale
      + (3 + Entropy.bias * max(0, scale - 1))
      * Double(kinds)
  }
}
