import CPlatform

/// The codes of one column and context class: part of a stream.
struct Piece {
  var stream = 0
  /// Low bits of each code that are kept raw.
  var shift = 0
  var count = 0
}

/// What a piece takes.
private struct PieceBits {
  /// Those kept raw.
  var raw = 0
  /// Those of a perfect code for its symbols, and what it has of its stream.
  var symbols = 0.0
  var packed = 0.0
}

/// Packs the codes of a chunk: codes to symbols, symbols to streams, streams to zlib; and back in
/// ``Unpacker``. Format.md, section 6.6.
final class Packer {
  private let zlib: Zlib
  private let level: Int
  /// Symbols of all pieces, one piece after the other.
  private let symbols: Memory<UInt8>
  private var symbolCount = 0
  private let kernels: Kernels
  private let raw: ByteBuffer
  private var rawState = aezk_bits()
  /// The raw bits of long runs.
  private let lows: ByteBuffer
  private var lowState = aezk_bits()
  private let counts: Memory<Int>
  /// A sample of a piece's codes.
  private let picks: Memory<Int32>
  private let pickSymbols: Memory<UInt8>
  private let escapes: ByteBuffer
  private var blockCode: BlockCode?
  private var risingCode: RisingCode?
  private var pieces: [Piece] = []
  private var pieceBits = List<PieceBits>()
  /// Where the symbols of each piece begin.
  private var starts = List<Int>()
  /// Pieces that share streams with others, and those that have streams of their own.
  private let sharing: StreamPlanner
  private var alone = List<Int>()
  /// Of each piece its number among those that share streams.
  private var sharingNumbers = List<Int>()

  /// - Parameter codeCount: the number of codes of all columns together.
  init(codeCount: Int, zlib: Zlib, level: Int, kernels: Kernels) throws(AEZipError) {
    self.zlib = zlib
    self.level = level
    self.kernels = kernels
    counts = try Memory(1024 + 256)
    picks = try Memory(2 * 4096)
    pickSymbols = try Memory(picks.count)
    sharing = try StreamPlanner(level: level, kernels: kernels)
    symbols = try Memory(max(codeCount, 1))
    raw = try ByteBuffer()
    lows = try ByteBuffer()
    escapes = try ByteBuffer()
  }

  /// Adds the codes of a column's class, in the order of Format.md.
  ///
  /// - Parameter repeats: whether the codes have repeats worth looking for: they share no stream.
  func add(
    _ codes: UnsafePointer<Int32>, count: Int, repeats: Bool
  ) throws(AEZipError) {
    let shift = bestShift(codes, count)
    let target = symbols.base + symbolCount
    let rawBits = Int(kernels.call.symbols(target, codes, count, Int32(shift))) + shift * count
    if rawBits > 0 {
      let output = try raw.reserve(rawBits / 8 + 16)
      raw.commit(kernels.call.raw(output, codes, count, Int32(shift), &rawState))
    }
    starts.append(symbolCount)
    pieces.append(Piece(stream: 0, shift: shift, count: count))
    pieceBits.append(PieceBits(raw: rawBits))
    symbolCount += count
    if repeats && count > 256 {
      alone.append(pieces.count - 1)
      sharingNumbers.append(-1)
      pieceBits[pieces.count - 1].symbols = 1
    } else {
      sharingNumbers.append(pieces.count - 1 - alone.count)
      tally(target, count)
      pieceBits[pieces.count - 1].symbols = try sharing.add(counts.base, piece: pieces.count - 1)
    }
  }

  /// The counts of bytes in ``counts``.
  private var counted: UnsafeBufferPointer<Int> {
    UnsafeBufferPointer(start: counts.base, count: 256)
  }

  /// The same, but for changes to come.
  private func keepCounts() -> UnsafePointer<Int> {
    memcpy(counts.base + 1024, counts.base, 8 * 256)
    return UnsafePointer(counts.base + 1024)
  }

  /// Sets ``counts``.
  private func tally(_ bytes: UnsafePointer<UInt8>, _ count: Int) {
    memset(counts.base, 0, 8 * 1024)
    kernels.call.histogram(counts.base, bytes, count)
  }

  /// How many low bits are as good as noise: so many that the rest needs few symbols, unless keeping
  /// them would tell more than they cost.
  private func bestShift(_ codes: UnsafePointer<Int32>, _ count: Int) -> Int {
    guard count > 0 else { return 0 }
    let stride = max(1, count / (level >= 7 ? 4096 : level > 3 ? 1024 : 512))
    var (sum, largest) = (0, 0)
    var sampled = 0
    var index = 0
    while index < count {
      picks[sampled] = codes[index]
      let code = Int(zigzag(codes[index]))
      sum += code
      largest = max(largest, code)
      sampled += 1
      index += stride
    }
    let mean = Double(sum) / Double(sampled)
    let isFew = sampled < 1024 && Double(largest) < 8 * mean
    guard mean >= (isFew ? 24 : 48) else { return 0 }
    // Few codes share their stream with others, so that planes of like range must be cut alike: the
    // largest code is steadier than the mean.
    let byLargest = max(0, min(24, Int(Entropy.log2(Double(largest)) - 5.5)))
    var shift = isFew ? byLargest : max(0, min(24, Int(Entropy.log2(mean)) - 4))
    guard shift > 0 else { return 0 }
    // Compare both on the sample: codes with structure in their low bits (multiples, lattices) lose.
    @inline(never)
    func bits(_ shift: Int) -> Double {
      let raw = kernels.call.symbols(pickSymbols.base, picks.base, sampled, Int32(shift))
      tally(pickSymbols.base, sampled)
      return kernels.call.entropy(counts.base, 256, nil) + Double(Int(raw) + shift * sampled)
    }
    let plainBits = bits(0)
    var shiftedBits = bits(shift)
    if byLargest != shift {
      let other = bits(byLargest)
      if other < 0.99 * shiftedBits { (shift, shiftedBits) = (byLargest, other) }
    }
    // Of few different codes, far from each other, the low bits are no noise.
    while shift > 1 && sampled >= 256 {
      let fewer = bits(shift - 1)
      guard fewer < shiftedBits - 0.7 * Double(sampled) else { break }
      (shift, shiftedBits) = (shift - 1, fewer)
    }
    // Few codes seem to need few symbols.
    return shiftedBits <= plainBits * (isFew ? 1.2 : 1.002) ? shift : 0
  }

  // MARK: - Streams

  /// Packs everything into `output` and describes it in `header`.
  func finish(to output: ByteBuffer, header: inout ByteWriter) throws(AEZipError) {
    let shared = try sharing.plan(&pieces)
    for index in 0..<alone.count { pieces[alone[index]].stream = shared + index }
    header.lane = .pieces
    for piece in pieces { header.count(piece.stream * 32 + piece.shift) }
    header.lane = .streams
    let streams = members(shared + alone.count)
    header.count(streams.count)
    var directory = ByteWriter()
    var hasLongRuns = false
    for stream in 0..<streams.count {
      let joined = try join(streams[stream])
      // What was counted for the choice of streams is not counted again.
      if stream < shared && joined.count <= StreamPlanner.mostCounted {
        memset(counts.base, 0, 8 * 256)
        for piece in streams[stream] { sharing.addCounts(sharingNumbers[piece], to: counts.base) }
      } else {
        tally(joined.base, joined.count)
      }
      let (grouping, grouped) = try group(joined)
      let long = grouping == Grouping.zeroRuns ? try lengthen(grouped) : nil
      let start = output.count
      var line = ByteWriter()
      var size = try pack(
        grouped, grouping, repeats: stream >= shared, to: output, line: &line)
      if let long {
        let trial = try ByteBuffer()
        var longLine = ByteWriter()
        var longSize = try pack(
          long.bytes, grouping, runBits: long.runBits, repeats: false, to: trial,
          line: &longLine)
        longSize += long.runBits * long.lows.count / 8
        if longSize + longLine.bytes.count < size + line.bytes.count {
          output.shorten(to: start)
          try output.append(trial.bytes)
          try keep(long)
          (size, line) = (longSize, longLine)
          hasLongRuns = true
        }
      }
      share(8 * Double(size), streams[stream])
      for byte in line.bytes { directory.byte(byte) }
    }
    for byte in directory.bytes { header.byte(byte) }
    header.count(escapes.count)
    let strategies = try strategies(escapes.bytes, repeats: false)
    header.count(try zlib.packSmallest(escapes.bytes, strategies, to: output))
    if rawState.count > 0 {
      try raw.append([UInt8(truncatingIfNeeded: rawState.pending)])
      rawState = aezk_bits()
    }
    header.count(raw.count)
    header.count(raw.count > 0 ? try zlib.pack(raw.bytes, .stored, to: output) : 0)
    if hasLongRuns {
      if lowState.count > 0 { try lows.append([UInt8(truncatingIfNeeded: lowState.pending)]) }
      header.count(lows.count)
      try output.append(lows.bytes)
    }
  }

  /// Packs a stream's bytes as small as they get, and says how in its line of the directory.
  ///
  /// - Parameters:
  ///   - runBits: raw ones of each run, if they are long.
  ///   - repeats: whether deflate's matches are worth looking for.
  private func pack(
    _ bytes: ByteBuffer, _ grouping: Int, runBits: Int = 0, repeats: Bool, to output: ByteBuffer,
    line: inout ByteWriter
  ) throws(AEZipError) -> Int {
    let form = try self.form(bytes, grouping)
    var strategies = try self.strategies(bytes.bytes, repeats: repeats)
    if form.isRising && strategies.count == 1 { strategies = [] }
    let start = output.count
    var size = try zlib.packSmallest(bytes.bytes, strategies, to: output)
    // Literals alone are read faster than repeats: worth a few bytes.
    let isRising = form.isRising && (strategies.isEmpty || form.size <= size + size >> 7)
    if isRising {
      output.shorten(to: start)
      size = try risingCode!.pack(bytes.bytes, to: output)
    }
    let orderFlag = form.order == nil ? 0 : ByteOrder.flag
    line.byte(UInt8(grouping | orderFlag | (isRising ? risingCode!.flags : 0)))
    for weight in form.order?.weights ?? [] { line.byte(weight) }
    if isRising { risingCode!.describe(to: &line) }
    if grouping == Grouping.zeroRuns {
      line.byte(UInt8(runBits))
      line.count(bytes.count)
    }
    line.count(size)
    return size
  }

  /// The bytes with zeros counted in larger numbers, if that looks better.
  private func lengthen(_ bytes: ByteBuffer) throws(AEZipError) -> ZeroRuns.Long? {
    tally(bytes.base, bytes.count)
    return try ZeroRuns.lengthen(bytes, counted)
  }

  /// Appends the raw bits of long runs.
  private func keep(_ long: ZeroRuns.Long) throws(AEZipError) {
    let target = try lows.reserve(2 * long.lows.count + 8)
    var writer = DeflateBits(target: target, state: lowState)
    for low in long.lows { writer.put(low, long.runBits) }
    lows.commit(writer.written)
    lowState = writer.state
  }

  /// Divides the bits of a stream among its pieces: each has as many as its symbols would take in a
  /// perfect code, or a bit a hundred symbols.
  private func share(_ bits: Double, _ members: List<Int>) {
    var sum = 0.0
    for member in members { sum += pieceBits[member].symbols + 0.01 * Double(pieces[member].count) }
    for member in members where sum > 0 {
      let own = pieceBits[member].symbols + 0.01 * Double(pieces[member].count)
      pieceBits[member].packed = bits * own / sum
    }
  }

  /// About the bits that a piece takes, after ``finish(to:header:)``.
  func bits(_ piece: Int) -> Double {
    pieceBits[piece].packed + Double(pieceBits[piece].raw)
  }

  /// The pieces of each stream, in the order of pieces, as the decoder finds them.
  private func members(_ streamCount: Int) -> [List<Int>] {
    var streams = [List<Int>](repeating: List(), count: streamCount)
    for index in 0..<pieces.count { streams[pieces[index].stream].append(index) }
    return streams
  }

  /// The symbols of some pieces.
  private func join(_ members: List<Int>) throws(AEZipError) -> Memory<UInt8> {
    var total = 0
    for member in members { total += pieces[member].count }
    let joined = try Memory<UInt8>(total)
    var position = 0
    for member in members {
      memcpy(joined.base + position, symbols.base + starts[member], pieces[member].count)
      position += pieces[member].count
    }
    return joined
  }

  /// Symbols from which a grouping is chosen.
  private static let looked = 1 << 14

  /// Puts several symbols, which ``counts`` are of, in one byte where entropy is low; chosen from
  /// histograms.
  private func group(
    _ joined: Memory<UInt8>
  ) throws(AEZipError) -> (index: Int, bytes: ByteBuffer) {
    let count = joined.count
    let histogram = keepCounts()
    let output = try ByteBuffer(capacity: count + 64)
    let target = try output.reserve(count + 64)
    // Some stretches tell about all.
    let stretches = count > 2 * Self.looked ? 4 : 1
    let length = stretches > 1 ? Self.looked / 4 : count
    let share = Double(count) / Double(max(1, stretches * length))
    func bits(_ pack: (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Int) -> Double {
      var written = 0
      for stretch in 0..<stretches {
        let start = stretches > 1 ? (count - length) / (stretches - 1) * stretch : 0
        written += pack(joined.base + start, target + written)
      }
      tally(target, written)
      return Entropy.huffmanBits(counted) * share
    }
    var best = 0
    var bestBits = Entropy.huffmanBits(counted)
    let entropy = kernels.call.entropy(counts.base, 256, nil)
    if count > 64, entropy < (count < 1 << 17 ? 3.3 : 2.2) * Double(count) {
      for index in 1..<Grouping.all.count {
        let grouping = Grouping.all[index]
        var escapeCount = 0
        for symbol in (grouping.alphabet - 1)..<256 { escapeCount += histogram[symbol] }
        guard escapeCount * 8 < count else { continue }
        let bits =
          bits {
            let whole = length / grouping.size
            kernels.call.join($1, $0, whole, grouping.alphabet, grouping.size)
            return whole
          } + 7 * Double(escapeCount)
        if bits < bestBits * 0.995 { (best, bestBits) = (index, bits) }
      }
    }
    // Zeros prevail: count them.
    if histogram[0] * 4 > count * 3 {
      var escapeCount = 0
      for symbol in 3..<256 { escapeCount += histogram[symbol] }
      let found = try Memory<UInt8>(max(escapeCount, length))
      var number = 0
      let bits = bits { kernels.call.zero_runs($1, $0, length, found.base, &number) }
      if bits + 5 * Double(escapeCount) < bestBits {
        output.commit(kernels.call.zero_runs(target, joined.base, count, found.base, &number))
        try escapes.append(UnsafeRawBufferPointer(start: found.base, count: number))
        return (Grouping.zeroRuns, output)
      }
    }
    if best == 0 {
      memcpy(target, joined.base, count)
      output.commit(count)
      return (best, output)
    }
    let grouping = Grouping.all[best]
    let size = grouping.byteCount(count)
    kernels.call.join(target, joined.base, count / grouping.size, grouping.alphabet, grouping.size)
    if size > count / grouping.size {
      // The last byte has fewer symbols.
      let rest = try Memory<UInt8>(8, zeroed: true)
      let whole = count / grouping.size * grouping.size
      memcpy(rest.base, joined.base + whole, count - whole)
      kernels.call.join(target + size - 1, rest.base, 1, grouping.alphabet, grouping.size)
    }
    output.commit(size)
    escapes.commit(
      kernels.call.outliers(
        try escapes.reserve(count + 1), joined.base, count, Int32(grouping.alphabet - 1)))
    return (best, output)
  }

  /// How a stream's bytes are described.
  private struct Form {
    /// Their numbers, if they are not their own.
    var order: ByteOrder?
    /// Whether their code is ``risingCode``, and about the bytes that it takes.
    var isRising = false
    var size = 0
  }

  /// Numbers a stream's bytes anew if its tables gain by that, and chooses between a ``RisingCode`` and
  /// the tables of deflate.
  private func form(_ bytes: ByteBuffer, _ grouping: Int) throws(AEZipError) -> Form {
    // Beside many bytes their tables are little.
    let most = grouping == 0 ? 1 << 13 : 1 << 14
    guard bytes.count > 0, bytes.count <= most else { return Form() }
    let start = bytes.bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
    tally(start, bytes.count)
    counts[BlockCode.endOfBlock] = 1
    if blockCode == nil { blockCode = try BlockCode() }
    if risingCode == nil { risingCode = try RisingCode() }
    let plainBits = blockCode!.choose(counts.base, isSmoothed: grouping == 0) + Zlib.frameBits
    if grouping == 0 {
      let bits = risingCode!.choose(counts.base, namesBytes: level > 1)
      return Form(isRising: bits < plainBits, size: bits / 8)
    }
    let plain = keepCounts()
    let order = ByteOrder(grouping, fitting: plain)
    var numbers = [UInt8](repeating: 0, count: 256)
    for number in 0..<256 { numbers[order.bytes[number]] = UInt8(number) }
    for number in 0..<256 { counts[number] = plain[order.bytes[number]] }
    let weightBits = 5 * order.weights.count
    let risingBits = risingCode!.choose(counts.base, namesBytes: level > 1) + weightBits
    if level < 7 && risingBits < plainBits {
      bytes.map(numbers)
      return Form(order: order, isRising: true, size: risingBits / 8)
    }
    let orderedBits =
      blockCode!.choose(counts.base, isSmoothed: true) + weightBits + Zlib.frameBits
    guard min(risingBits, orderedBits) < plainBits else { return Form() }
    bytes.map(numbers)
    return Form(order: order, isRising: risingBits < orderedBits, size: risingBits / 8)
  }

  /// What fits the bytes: Huffman codes alone, unless repeats may pay.
  private func strategies(
    _ bytes: UnsafeRawBufferPointer, repeats: Bool
  ) throws(AEZipError) -> [PackingStrategy] {
    var strategies: [PackingStrategy] = [.huffman]
    guard bytes.count > 0, level >= 2 || repeats else { return strategies }
    let pointer = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
    // Below these shares deflate's distances nearly never pay.
    let least = level >= 7 ? 0.02 : 0.2
    let window = level >= 7 ? 8192 : 1024
    var bitsWithRuns = Double.infinity
    if Repeats.runShare(pointer, bytes.count) > 0.1 {
      let bits = try Repeats.bits(pointer, bytes.count)
      if bits.withRuns < 0.99 * bits.plain {
        strategies.append(.runs)
        bitsWithRuns = bits.withRuns
      }
    }
    if repeats {
      strategies.append(.full(level >= 7 ? 9 : 6))
    } else {
      // What runs save is no reason to look for other repeats.
      let (share, bitsPerByte) = try Repeats.look(
        pointer, bytes.count, window: window, least: least)
      if share > least, level >= 7 || bitsPerByte * Double(bytes.count) < 0.5 * bitsWithRuns {
        strategies.append(.full(level >= 7 ? 9 : 6))
      }
    }
    return strategies
  }
}

extension Zlib {
  /// Packs what is small and told once, as well as zlib can.
  ///
  /// - Parameter cuts: where what follows is of another kind, and may have code tables of its own.
  func packWhole(
    _ bytes: UnsafeRawBufferPointer, cuts: List<Int>, to output: ByteBuffer
  ) throws(AEZipError) {
    let strategy = Self.wholeStrategy(bytes.count)
    let start = output.count
    let size = try pack(bytes, strategy, to: output)
    guard cuts.count > 0 else { return }
    let trial = try ByteBuffer(capacity: size + 64)
    guard try pack(bytes, strategy, cuts: cuts, to: trial) < size else { return }
    output.shorten(to: start)
    try output.append(trial.bytes)
  }

  /// For so many bytes; more effort gains nothing from 4 kB on.
  static func wholeStrategy(_ count: Int) -> PackingStrategy { .full(count < 1 << 12 ? 9 : 6) }

  /// Bits of a stream that are no block: header and checksum; and those that begin a block.
  static let frameBits = 8 * 6 + 3

  /// Packs with each of the strategies and keeps the smallest; nothing without bytes or strategies.
  func packSmallest(
    _ bytes: UnsafeRawBufferPointer, _ strategies: [PackingStrategy], to output: ByteBuffer
  ) throws(AEZipError) -> Int {
    guard bytes.count > 0, strategies.count > 0 else { return 0 }
    guard strategies.count > 1 else { return try pack(bytes, strategies[0], to: output) }
    var best: ByteBuffer?
    for strategy in strategies {
      let trial = try ByteBuffer(capacity: bytes.count / 2 + 64)
      _ = try pack(bytes, strategy, to: trial)
      if best == nil || trial.count < best!.count { best = trial }
    }
    try output.append(best!.bytes)
    return best!.count
  }
}

/// Whether looking for repeats would pay, from a quick look at samples.
enum Repeats {
  /// The share of bits that repeats of at least four bytes would save over Huffman codes.
  static func share(
    _ bytes: UnsafePointer<UInt8>, _ count: Int
  ) throws(AEZipError) -> Double {
    try look(bytes, count).share
  }

  /// The share of bits that repeats of at least four bytes would save over Huffman codes, and the
  /// bits a byte that would be left with them, where a literal takes at least one bit.
  ///
  /// - Parameter least: the share that is of interest: where the first window has less than half of it,
  ///   no other is looked at.
  static func look(
    _ bytes: UnsafePointer<UInt8>, _ count: Int, window: Int = 8192, least: Double = 0
  ) throws(AEZipError) -> (share: Double, bitsPerByte: Double) {
    guard count >= 64 else { return (1, 8) }
    let table = try Memory<Int32>(4096)
    let counts = try Memory<Int>(1024)
    let window = min(count, window)
    var sums = aezk_repeat_sums()
    let starts = count > 2 * window ? [0, (count - window) / 2] : [0]
    var seen = 0.0
    for start in starts {
      memset(counts.base, 0, 8 * 1024)
      memset(table.base, 0xFF, 4 * 4096)
      aezk_repeats(bytes + start, window, counts.base, table.base, &sums)
      seen += Double(window)
      if sums.saved < 0.5 * least * sums.bits { break }
    }
    return (sums.bits > 0 ? sums.saved / sums.bits : 1, sums.left / seen)
  }

  /// The share of bytes that equal the three before them.
  static func runShare(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Double {
    guard count >= 64 else { return 1 }
    let step = max(1, count / 16384)
    return Double(aezk_runs(bytes, count, step)) / Double((count - 4) / step + 1)
  }

  /// What deflate takes without repeats, and with those of the byte before, but for its tables.
  static func bits(
    _ bytes: UnsafePointer<UInt8>, _ count: Int
  ) throws(AEZipError) -> (plain: Double, withRuns: Double) {
    // Four tables of bytes, as the kernel wants them, and deflate's tokens.
    let counts = try Memory<Int>(1024 + 286, zeroed: true)
    let tokens = UnsafeMutableBufferPointer(start: counts.base + 1024, count: 286)
    Kernels.common.call.histogram(counts.base, bytes, count)
    let beside = aezk_run_tokens(bytes, count, tokens.baseAddress)
    return (
      Entropy.huffmanBits(UnsafeBufferPointer(start: counts.base, count: 256)),
      Entropy.huffmanBits(UnsafeBufferPointer(tokens)) + Double(beside)
    )
  }
}
