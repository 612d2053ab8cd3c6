import CPlatform

/// The inverse of ``Packer``: streams to symbols, symbols to codes.
struct Unpacker {
  struct Stream {
    /// The index of its grouping; zero runs have `byteCount` bytes, and each run `runBits` raw bits.
    var grouping: Int
    var byteCount: Int
    var runBits: Int
    var size: Int
    /// Where the weights of its bytes' order begin; negative if there is none.
    var weights: Int
    /// Where the lengths of its ``RisingCode`` begin, and how many there are; 0 for a zlib stream.
    var lengths: Int
    var lengthCount: Int
    /// The same of the bytes with the first codes.
    var first: Int
    var firstCount: Int

    var countsZeros: Bool { grouping >= Grouping.oldZeroRuns }
  }

  /// Symbols that streams use one after the other.
  private struct Escapes {
    let bytes: Memory<UInt8>
    let count: Int
    var used = 0

    mutating func next() throws(AEZipError) -> UInt8 {
      guard used < count else {
        throw .corrupted(what: "the escapes of a chunk", declared: count, computed: used + 1)
      }
      used += 1
      return bytes.base[used - 1]
    }
  }

  /// Low bits of the lengths of long runs, which streams use one after the other.
  private struct RunBits {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    mutating func next(_ count: Int) throws(AEZipError) -> Int {
      guard position + count <= 8 * bytes.count else {
        throw .corrupted(
          what: "the bits of long runs", declared: bytes.count,
          computed: (position + count + 7) / 8)
      }
      var value = 0
      for bit in 0..<count {
        value |= Int(bytes[(position + bit) / 8] >> UInt8((position + bit) % 8) & 1) << bit
      }
      position += count
      return value
    }
  }

  private(set) var streams: List<Stream> = List()
  private var weights = List<UInt8>()
  private var lengths = List<Int>()
  private var first = List<UInt8>()
  private var escapeCount = 0
  private(set) var escapeSize = 0
  private var rawCount = 0
  private var rawSize = 0
  private var runSize = 0
  private(set) var pieces: List<Piece>

  /// Reads the directory.
  ///
  /// - Parameter counts: the number of codes of each piece, in the order of columns and classes.
  init(pieceCounts counts: [Int], from header: inout ByteReader) throws(AEZipError) {
    pieces = List()
    var largest = -1
    header.lane = .pieces
    for count in counts {
      let code = try header.count(limit: 32 * max(counts.count, 1) - 1)
      let piece = Piece(stream: code / 32, shift: code % 32, count: count)
      guard piece.shift <= 24 else {
        throw .corrupted(what: "the raw bits of a plane", declared: piece.shift, computed: 24)
      }
      largest = max(largest, piece.stream)
      pieces.append(piece)
    }
    header.lane = .streams
    let streamCount = try header.count(limit: counts.count)
    guard largest < streamCount else {
      throw .corrupted(what: "the stream of a plane", declared: largest, computed: streamCount)
    }
    for _ in 0..<streamCount {
      let code = try header.byte(below: 2 * RisingCode.firstFlag)
      let grouping = code % ByteOrder.flag
      let isOrdered = code & ByteOrder.flag != 0
      let isRising = code & RisingCode.flag != 0
      let hasFirst = code & RisingCode.firstFlag != 0
      guard grouping <= Grouping.zeroRuns, grouping > 0 || !isOrdered, isRising || !hasFirst else {
        throw .corrupted(
          what: "the grouping of a stream", declared: code, computed: Grouping.zeroRuns)
      }
      let place = isOrdered ? weights.count : -1
      if isOrdered {
        for _ in 0..<ByteOrder.weightCount(grouping) {
          weights.append(UInt8(try header.byte(below: 256)))
        }
      }
      let (start, firstStart) = (lengths.count, first.count)
      if isRising {
        let description = try RisingCode.read(&header, hasFirst: hasFirst)
        for count in description.counts { lengths.append(count) }
        for byte in description.first { first.append(byte) }
      }
      var stream = Stream(
        grouping: grouping, byteCount: 0, runBits: 0, size: 0, weights: place, lengths: start,
        lengthCount: lengths.count - start, first: firstStart, firstCount: first.count - firstStart)
      if grouping == Grouping.zeroRuns {
        stream.runBits = try header.byte(below: ZeroRuns.mostRunBits + 1)
      }
      if stream.countsZeros { stream.byteCount = try header.count(limit: Limits.chunkBytes) }
      stream.size = try header.count()
      streams.append(stream)
    }
    escapeCount = try header.count()
    escapeSize = try header.count()
    rawCount = try header.count()
    rawSize = try header.count()
    if streams.contains(where: { $0.runBits > 0 }) { runSize = try header.count() }
    header.lane = .general
  }

  /// Restores the codes of the first pieces, each at its `target`.
  ///
  /// - Parameter wanted: how many pieces. Streams that hold no other ones are not unpacked, unless
  ///   they tell which escapes belong to later streams.
  func unpack(
    _ payload: inout ByteReader, wanted: Int, zlib: Zlib, kernels: Kernels,
    into targets: List<UnsafeMutablePointer<Int32>>,
    shares: UnsafeMutablePointer<Double>? = nil
  ) throws(AEZipError) {
    var starts: [Int] = []
    var codeCount = 0
    var streamCounts = [Int](repeating: 0, count: streams.count)
    var members = [[Int]](repeating: [], count: streams.count)
    var lastStream = -1
    for index in 0..<pieces.count {
      starts.append(codeCount)
      if index < wanted {
        codeCount += pieces[index].count
        lastStream = max(lastStream, pieces[index].stream)
      }
      streamCounts[pieces[index].stream] += pieces[index].count
      members[pieces[index].stream].append(index)
    }
    // The streams come before the escapes that they refer to.
    var packed: List<UnsafeRawBufferPointer> = List()
    for stream in streams { packed.append(try payload.take(stream.size)) }
    var escapes = Escapes(
      bytes: try Self.inflate(try payload.take(escapeSize), to: escapeCount, zlib),
      count: escapeCount)
    let raw = try Self.inflate(try payload.take(rawSize), to: rawCount, zlib)
    var runBits = RunBits(bytes: try payload.take(runSize))

    let symbols = try Memory<UInt8>(max(codeCount, 1))
    var sizes = [Int](repeating: 0, count: streams.count)
    for index in 0..<streams.count {
      let count = streamCounts[index]
      // Members ascend.
      let isWanted = (members[index].first ?? 0) < wanted
      if !isWanted && (index > lastStream || streams[index].grouping == 0) { continue }
      sizes[index] = streams[index].size
      if streams[index].countsZeros {
        let bytes = try Self.inflate(
          packed[index], to: streams[index].byteCount, zlib, code(index))
        let expanded = try Memory<UInt8>(max(count, 1), zeroed: true)
        let start = runBits.position
        try Self.expandRuns(
          bytes, streams[index], order(index), count, into: expanded.base, &escapes, &runBits)
        sizes[index] += (runBits.position - start) / 8
        distribute(expanded.base, members[index], starts, wanted, into: symbols)
        continue
      }
      let grouping = Grouping.all[streams[index].grouping]
      if grouping.size == 1 && members[index].count == 1 && count > 0 {
        try zlib.unpack(
          packed[index], code(index),
          into: UnsafeMutableRawBufferPointer(
            start: symbols.base + starts[members[index][0]], count: count))
        continue
      }
      let bytes = try Self.inflate(
        packed[index], to: grouping.byteCount(count), zlib, code(index))
      let ungrouped: UnsafeMutablePointer<UInt8>
      let expanded: Memory<UInt8>
      if grouping.size == 1 {
        expanded = bytes
        ungrouped = bytes.base
      } else {
        expanded = try Memory(bytes.count * grouping.size + 8)
        ungrouped = expanded.base
        try Self.expand(
          kernels, bytes, grouping, order(index), count, into: ungrouped, &escapes)
      }
      distribute(ungrouped, members[index], starts, wanted, into: symbols)
      _ = expanded
    }
    let isComplete = wanted == pieces.count
    guard escapes.used == escapeCount || !isComplete else {
      throw .corrupted(
        what: "the escapes of a chunk", declared: escapeCount, computed: escapes.used)
    }
    guard (runBits.position + 7) / 8 == runSize || !isComplete else {
      throw .corrupted(
        what: "the bits of long runs", declared: runSize, computed: (runBits.position + 7) / 8)
    }
    if let shares {
      for index in 0..<streams.count {
        share(sizes[index], members[index], starts, symbols, into: shares)
      }
    }
    var position = 0
    for index in 0..<wanted {
      kernels.call.codes(
        targets[index], symbols.base + starts[index], pieces[index].count,
        Int32(pieces[index].shift), raw.base, &position, 8 * rawCount)
    }
    guard position <= 8 * rawCount, position > 8 * rawCount - 8 || !isComplete else {
      throw .corrupted(what: "the raw bits of a chunk", declared: rawCount, computed: position / 8)
    }
  }

  /// The code of a stream, if it is no zlib stream.
  private func code(_ index: Int) -> RisingCode.Description {
    let stream = streams[index]
    var code = RisingCode.Description()
    for place in stream.lengths..<stream.lengths + stream.lengthCount {
      code.counts.append(lengths[place])
    }
    for place in stream.first..<stream.first + stream.firstCount { code.first.append(first[place]) }
    return code
  }

  /// Of each number in a stream the byte.
  private func order(_ stream: Int) -> [Int] {
    let (grouping, start) = (streams[stream].grouping, streams[stream].weights)
    guard start >= 0 else { return [Int](0..<256) }
    var own = [UInt8]()
    for index in start..<start + ByteOrder.weightCount(grouping) { own.append(weights[index]) }
    return ByteOrder(grouping, own).bytes
  }

  /// What the pieces of a stream of so many bytes take of it, in bits: each as much as its symbols
  /// would in a perfect code for all of the stream's, and its raw bits.
  private func share(
    _ size: Int, _ members: [Int], _ starts: [Int], _ symbols: Memory<UInt8>,
    into shares: UnsafeMutablePointer<Double>
  ) {
    var counts = [[Int]]()
    var all = [Int](repeating: 0, count: 256)
    var total = 0
    for member in members {
      var own = [Int](repeating: 0, count: 256)
      for place in starts[member]..<starts[member] + pieces[member].count {
        own[Int(symbols.base[place])] += 1
      }
      for symbol in 0..<256 { all[symbol] += own[symbol] }
      total += pieces[member].count
      counts.append(own)
    }
    var parts: [Double] = []
    var sum = 0.0
    for own in counts {
      var part = 0.0
      for symbol in 0..<256 where own[symbol] > 0 {
        part += Double(own[symbol]) * (Entropy.log2(Double(total) / Double(all[symbol])) + 1e-9)
      }
      parts.append(part)
      sum += part
    }
    for index in 0..<members.count {
      let piece = pieces[members[index]]
      var raw = piece.shift * piece.count
      for symbol in Symbols.direct..<256 where counts[index][Int(symbol)] > 0 {
        raw += (min(Int(symbol) / 4 - 25, 31) - 2) * counts[index][Int(symbol)]
      }
      shares[members[index]] =
        Double(raw) + (sum > 0 ? 8 * Double(size) * parts[index] / sum : 0)
    }
  }

  /// A stream's symbols to the wanted pieces among those that share it, which are its first.
  private func distribute(
    _ stream: UnsafePointer<UInt8>, _ members: [Int], _ starts: [Int], _ wanted: Int,
    into symbols: Memory<UInt8>
  ) {
    var position = 0
    for member in members where member < wanted {
      memcpy(symbols.base + starts[member], stream + position, pieces[member].count)
      position += pieces[member].count
    }
  }

  /// The inverse of the kernel `zero_runs` and of ``ZeroRuns``, into zeros.
  private static func expandRuns(
    _ bytes: Memory<UInt8>, _ stream: Stream, _ order: [Int], _ count: Int,
    into symbols: UnsafeMutablePointer<UInt8>, _ escapes: inout Escapes, _ runBits: inout RunBits
  ) throws(AEZipError) {
    var position = 0
    for index in 0..<stream.byteCount {
      let byte = order[Int(bytes.base[index])]
      if byte >= ZeroRuns.onlyZeros {
        position += ZeroRuns.longest << stream.runBits
        continue
      }
      position += (byte / 3) << stream.runBits
      if stream.runBits > 0 { position += try runBits.next(stream.runBits) }
      guard position < count else {
        throw .corrupted(what: "the zero runs of a plane", declared: count, computed: position + 1)
      }
      symbols[position] = byte % 3 < 2 ? UInt8(byte % 3 + 1) : try escapes.next()
      position += 1
    }
  }

  /// A stream whose declared size is checked against what deflate can do before memory is taken.
  ///
  /// - Parameter code: that of a ``RisingCode``; empty for a zlib stream.
  static func inflate(
    _ packed: UnsafeRawBufferPointer, to count: Int, _ zlib: Zlib,
    _ code: RisingCode.Description = RisingCode.Description()
  ) throws(AEZipError) -> Memory<UInt8> {
    guard count <= packed.count * Limits.largestDeflateRatio else {
      throw .corrupted(
        what: "the size of a packed plane", declared: count,
        computed: packed.count * Limits.largestDeflateRatio)
    }
    // Readers of bits may look a little further.
    let bytes = try Memory<UInt8>(count + 16)
    memset(bytes.base + count, 0, 16)
    if count > 0 {
      try zlib.unpack(
        packed, code, into: UnsafeMutableRawBufferPointer(start: bytes.base, count: count))
    } else if packed.count > 0 {
      throw .corrupted(what: "the size of a packed plane", declared: 0, computed: packed.count)
    }
    return bytes
  }

  /// Digits of bytes to symbols.
  private static func expand(
    _ kernels: Kernels, _ bytes: Memory<UInt8>, _ grouping: Grouping, _ order: [Int], _ count: Int,
    into symbols: UnsafeMutablePointer<UInt8>, _ escapes: inout Escapes
  ) throws(AEZipError) {
    // Eight digits of every byte value, of which `size` count.
    let table = try Memory<UInt8>(256 * 8, zeroed: true)
    for number in 0..<256 {
      var rest = order[number]
      for digit in 0..<grouping.size {
        table[number * 8 + digit] = UInt8(rest % grouping.alphabet)
        rest /= grouping.alphabet
      }
    }
    kernels.call.spread(
      symbols, bytes.base, grouping.byteCount(count),
      UnsafeRawPointer(table.base).assumingMemoryBound(to: UInt64.self), grouping.size)
    let largest = UInt8(grouping.alphabet - 1)
    var place = symbols
    while let found = memchr(place, Int32(largest), symbols + count - place) {
      let escape = found.assumingMemoryBound(to: UInt8.self)
      escape.pointee = try escapes.next()
      place = escape + 1
    }
  }
}
