import CPlatform

/// Decides which pieces share a stream: those of like distribution, since every stream has code
/// tables of its own.
///
/// In a stream with counts S, a piece with counts h costs sum over symbols s of
/// h(s) log2(sum of S / S(s)) bits. Each piece goes where it costs least, streams that save less than
/// their tables cost are given up, and both again: k-means with the divergence of Kullback and
/// Leibler (Dhillon, Mallela and Kumar, A divisive information-theoretic feature clustering algorithm
/// for text classification, JMLR 3, 2003).
final class StreamPlanner {
  private static let symbolCount = 256
  /// Streams that are kept in mind for each piece.
  private static let choiceCount = 4
  /// What is added to every count: no symbol is impossible.
  private static let unseen = 0.05

  private let kernels: Kernels
  private let level: Int
  /// Of each piece the counts of all symbols, as `Float`.
  private let histograms: ByteBuffer
  private var members = List<Member>()
  private var streamCount = 0

  private struct Member {
    /// Its place in the list of all pieces.
    var piece: Int
    var count: Int
    /// One more than the largest symbol.
    var depth: Int
    /// Of a perfect code for it alone.
    var bits: Double
    var stream = 0
  }

  init(level: Int, kernels: Kernels) throws(AEZipError) {
    self.level = level
    self.kernels = kernels
    histograms = try ByteBuffer()
  }

  /// Adds a piece.
  ///
  /// - Parameters:
  ///   - counts: of 256 symbols.
  ///   - piece: its place in the list that ``plan(_:)`` is given.
  /// - Returns: the bits of a perfect code for it.
  func add(_ counts: UnsafePointer<Int>, piece: Int) throws(AEZipError) -> Double {
    var (total, depth) = (0, 0)
    let size = 4 * Self.symbolCount
    try histograms.reserve(size).withMemoryRebound(to: Float.self, capacity: Self.symbolCount) {
      for symbol in 0..<Self.symbolCount {
        total += counts[symbol]
        if counts[symbol] > 0 { depth = symbol + 1 }
        $0[symbol] = Float(counts[symbol])
      }
    }
    histograms.commit(size)
    let bits = kernels.call.entropy(counts, Self.symbolCount, nil)
    members.append(Member(piece: piece, count: total, depth: depth, bits: bits))
    return bits
  }

  /// Sets the streams of the pieces that were added, and returns their number.
  func plan(_ pieces: inout [Piece]) throws(AEZipError) -> Int {
    guard members.count > 0 else { return 0 }
    try joinNeighbours()
    var round = 0
    while round < (level >= 7 ? 4 : 2) && streamCount > 1 {
      guard try improve() else { break }
      round += 1
    }
    for member in members { pieces[member.piece].stream = member.stream }
    return streamCount
  }

  /// Symbols of which all counts are exact.
  static let mostCounted = 1 << 24

  /// Adds the counts of a piece's symbols, the one that was added as number `member`, to others.
  func addCounts(_ member: Int, to counts: UnsafeMutablePointer<Int>) {
    aezk_add_whole(counts, histogram(member), members[member].depth)
  }

  private func histogram(_ member: Int) -> UnsafePointer<Float> {
    (histograms.bytes.baseAddress! + 4 * Self.symbolCount * member)
      .assumingMemoryBound(to: Float.self)
  }

  /// The start: pieces that are neighbours in the order of entropy share a stream where that costs
  /// little. More streams than will stay, for the rounds can only give up some.
  private func joinNeighbours() throws(AEZipError) {
    var entropies = [Double]()
    for member in members { entropies.append(member.bits / Double(max(1, member.count))) }
    let order = ascending(entropies)
    // As many as a round has the time for.
    let most = max(64, 1 << (level >= 7 ? 23 : 22) / members.count)
    let merged = try Memory<Int>(2 * Self.symbolCount)
    let both = merged.base + Self.symbolCount
    var allowed = Entropy.streamBits / 4
    repeat {
      streamCount = 0
      // Of the last stream, with what lies behind its deepest piece's symbols undefined.
      var streamBits = 0.0
      var streamDepth = 0
      for piece in order {
        let histogram = histogram(piece)
        let depth = members[piece].depth
        if streamCount > 0 {
          memcpy(both, merged.base, 8 * streamDepth)
          memset(both + streamDepth, 0, 8 * max(0, depth - streamDepth))
          aezk_add_whole(both, histogram, depth)
          let bothBits = kernels.call.entropy(both, max(streamDepth, depth), nil)
          if bothBits <= streamBits + members[piece].bits + allowed {
            streamDepth = max(streamDepth, depth)
            memcpy(merged.base, both, 8 * streamDepth)
            streamBits = bothBits
            members[piece].stream = streamCount - 1
            continue
          }
        }
        memset(merged.base, 0, 8 * depth)
        aezk_add_whole(merged.base, histogram, depth)
        streamDepth = depth
        streamBits = members[piece].bits
        members[piece].stream = streamCount
        streamCount += 1
      }
      allowed *= 2
    } while streamCount > most
  }

  /// One round; returns whether any piece has moved.
  private func improve() throws(AEZipError) -> Bool {
    let choices = try Memory<Choice>(members.count * Self.choiceCount)
    try choose(choices)
    // The pieces of each stream as a chain; of each piece, which of its choices it has.
    let heads = try Memory<Int>(streamCount)
    let sizes = try Memory<Int>(streamCount, zeroed: true)
    let next = try Memory<Int>(members.count)
    let taken = try Memory<Int>(members.count, zeroed: true)
    for stream in 0..<streamCount { heads[stream] = -1 }
    for piece in 0..<members.count {
      let stream = choices[piece * Self.choiceCount].stream
      next[piece] = heads[stream]
      heads[stream] = piece
      sizes[stream] += members[piece].count
    }
    for stream in ascending(sizes.doubles) where heads[stream] >= 0 {
      giveUp(stream, choices, heads, next, taken)
    }
    // The streams that are left, numbered anew.
    var count = 0
    for stream in 0..<streamCount where heads[stream] >= 0 {
      sizes[stream] = count
      count += 1
    }
    var hasMoved = count < streamCount
    for piece in 0..<members.count {
      let stream = choices[piece * Self.choiceCount + taken[piece]].stream
      if members[piece].stream != stream { hasMoved = true }
      members[piece].stream = sizes[stream]
    }
    streamCount = count
    return hasMoved
  }

  private struct Choice {
    var stream: Int
    var bits: Float
  }

  /// Finds for each piece the streams where it costs least, the least first; where there are fewer
  /// streams than choices, the others cost infinitely much.
  private func choose(_ choices: Memory<Choice>) throws(AEZipError) {
    let stride = (streamCount + 15) / 16 * 16
    let costs = try costs(stride)
    let tile = 64
    let sums = try Memory<Float>(tile * stride)
    let (least, places) = (
      try Memory<Float>(Self.choiceCount), try Memory<Int>(Self.choiceCount)
    )
    var first = 0
    while first < members.count {
      let rows = min(tile, members.count - first)
      var depth = 0
      for row in 0..<rows { depth = max(depth, members[first + row].depth) }
      memset(sums.base, 0, 4 * rows * stride)
      kernels.call.multiply(
        sums.base, stride, histogram(first), Self.symbolCount, 1, costs.base, stride, nil, rows,
        stride, depth)
      for row in 0..<rows {
        aezk_least(
          sums.base + row * stride, streamCount, members[first + row].stream, least.base,
          places.base, Self.choiceCount)
        let best = choices.base + (first + row) * Self.choiceCount
        for place in 0..<Self.choiceCount {
          best[place] = Choice(stream: places[place], bits: least[place])
        }
      }
      first += rows
    }
  }

  /// Bits of each symbol in each stream, a row a symbol.
  private func costs(_ stride: Int) throws(AEZipError) -> Memory<Float> {
    let costs = try Memory<Float>(Self.symbolCount * stride, zeroed: true)
    for piece in 0..<members.count {
      let histogram = histogram(piece)
      let stream = costs.base + members[piece].stream
      for symbol in 0..<Self.symbolCount where histogram[symbol] > 0 {
        stream[symbol * stride] += histogram[symbol]
      }
    }
    for stream in 0..<streamCount {
      var sum = Double(Self.symbolCount) * Self.unseen
      for symbol in 0..<Self.symbolCount { sum += Double(costs[symbol * stride + stream]) }
      let most = Entropy.log2(sum)
      let least = Float(most - Entropy.log2(Self.unseen))
      for symbol in 0..<Self.symbolCount {
        let count = Double(costs[symbol * stride + stream])
        costs[symbol * stride + stream] =
          count > 0 ? Float(most - Entropy.log2(count + Self.unseen)) : least
      }
    }
    return costs
  }

  /// Moves all pieces of a stream to other ones of their choices, if that costs less than a stream.
  private func giveUp(
    _ stream: Int, _ choices: Memory<Choice>, _ heads: Memory<Int>, _ next: Memory<Int>,
    _ taken: Memory<Int>
  ) {
    /// The best of a piece's other choices that have a stream; the count of choices if none has.
    func other(_ piece: Int) -> Int {
      let choices = choices.base + piece * Self.choiceCount
      var place = 0
      while place < Self.choiceCount
        && (choices[place].stream == stream || heads[choices[place].stream] < 0
          || choices[place].bits == .infinity)
      { place += 1 }
      return place
    }
    var loss = 0.0
    var piece = heads[stream]
    while piece >= 0 {
      let place = other(piece)
      guard place < Self.choiceCount else { return }
      let choices = choices.base + piece * Self.choiceCount
      loss += Double(choices[place].bits - choices[taken[piece]].bits)
      guard loss < Entropy.streamBits else { return }
      piece = next[piece]
    }
    piece = heads[stream]
    heads[stream] = -1
    while piece >= 0 {
      let following = next[piece]
      taken[piece] = other(piece)
      let target = choices[piece * Self.choiceCount + taken[piece]].stream
      next[piece] = heads[target]
      heads[target] = piece
      piece = following
    }
  }
}

extension Memory<Int> {
  fileprivate var doubles: [Double] {
    var result = [Double]()
    for index in 0..<count { result.append(Double(base[index])) }
    return result
  }
}
