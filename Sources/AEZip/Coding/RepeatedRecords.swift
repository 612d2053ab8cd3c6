import CPlatform

/// Records that have the bits of an earlier record of their chunk, or nearly so: only the others are
/// coded, and these refer to them. Format.md, section 6.9.
///
/// What is restored for the earlier record keeps the bounds of the later one; the encoder checks it
/// value by value.
struct RepeatedRecords {
  /// For each record of the chunk the coded record that it is restored from.
  let sources: Memory<UInt32>
  let recordCount: Int
  let codedCount: Int
  /// How far the records are off from those that they refer to; nil if they are the same.
  var near: NearRecords?
  /// Records that are the same as those that they refer to.
  var sameCount = 0

  /// Fewer repeats are not worth a look.
  static let leastShare = 64
  /// Slots of the table of hashes that are looked at for one record.
  private static let mostProbes = 16

  // MARK: - Forward

  /// Records from which a part of them is looked at first.
  private static let leastSampled = 4096

  /// Finds records that repeat others, or, where references to them may save bytes, are near others;
  /// nil if there are few.
  ///
  /// - Parameters:
  ///   - bounds: those of the fields.
  ///   - mayDiffer: whether near is enough.
  static func find(
    _ records: UnsafeRawBufferPointer, _ layout: Layout, bounds: [Double], mayDiffer: Bool
  ) throws(AEZipError) -> RepeatedRecords? {
    let count = records.count / layout.recordSize
    guard count >= 32 else { return nil }
    guard count >= leastSampled else { return try find(records, layout).unlessFew(leastShare) }
    let near = NearRecords(records, layout, bounds: bounds)
    let some = try find(records, layout, near: near, isSparse: true)
    let isTold = some.recordCount >= count / 64 && some.recordCount <= count / 4
    if isTold && some.unlessFew(2 * leastShare) == nil { return nil }
    // Those that are the same are among those that are near.
    if !isTold || some.sameCount >= max(2, some.recordCount / (2 * leastShare)),
      let same = try find(records, layout).unlessFew(leastShare)
    {
      return same
    }
    let scale = Double(count) / Double(max(1, some.recordCount))
    guard mayDiffer, isTold, some.mayPay(near, scale: scale, share: 0.6),
      let repeats = try find(records, layout, near: near).unlessFew(leastShare)
    else { return nil }
    return repeats.mayPay(near, scale: 1, share: 0.5) ? repeats : nil
  }

  /// Whether references take less than a share of what the records would.
  ///
  /// - Parameter scale: how many times as many records there are, alike, as were looked at.
  private func mayPay(_ near: NearRecords, scale: Double, share: Double) -> Bool {
    let repeatCount = Double(recordCount - codedCount)
    return bits + repeatCount * Entropy.log2(scale) < share * repeatCount * near.bits
  }

  /// Nil if only one in `share` records repeats another.
  private func unlessFew(_ share: Int) -> RepeatedRecords? {
    recordCount - codedCount >= max(4, recordCount / share) ? self : nil
  }

  /// Finds repeats in time linear in the records' bytes.
  ///
  /// - Parameters:
  ///   - near: if given, records repeat others that are near.
  ///   - isSparse: look at a part of the records, among which no repeat is missed; the result only
  ///     tells how many there are.
  private static func find(
    _ records: UnsafeRawBufferPointer, _ layout: Layout, near: NearRecords? = nil,
    isSparse: Bool = false
  ) throws(AEZipError) -> RepeatedRecords {
    let size = layout.recordSize
    let count = records.count / size
    var looked = 0
    let runs = coveredBytes(layout)
    var slots = 64
    while slots < 2 * count { slots *= 2 }
    // The coded record of a slot, plus one; and where it lies.
    let table = try Memory<UInt32>(slots, zeroed: true)
    let places = try Memory<UInt32>(count)
    let sources = try Memory<UInt32>(count)
    var coded = 0
    var sameCount = 0
    for record in 0..<count {
      let base = records.baseAddress! + record * size
      var hash: UInt64 = 0
      if let near {
        if isSparse && !near.isAmongFew(base) { continue }
        hash = near.hash(base)
      } else {
        for run in runs { hash = mix(base + run.lowerBound, run.count, hash) }
      }
      looked += 1
      var slot = Int(truncatingIfNeeded: hash >> 20) & (slots - 1)
      var source = coded
      for _ in 0..<mostProbes {
        let found = Int(table.base[slot])
        if found == 0 {
          table.base[slot] = UInt32(coded + 1)
          break
        }
        let other = records.baseAddress! + Int(places.base[found - 1]) * size
        let isSame = runs.allSatisfy {
          memcmp(base + $0.lowerBound, other + $0.lowerBound, $0.count) == 0
        }
        if isSame || near?.isNear(base, other) ?? false {
          source = found - 1
          if isSame { sameCount += 1 } else { near?.note(base, other) }
          break
        }
        slot = (slot + 1) & (slots - 1)
      }
      sources.base[record] = UInt32(source)
      if source == coded {
        places.base[coded] = UInt32(record)
        coded += 1
      }
    }
    return RepeatedRecords(
      sources: sources, recordCount: looked, codedCount: coded, near: near, sameCount: sameCount)
  }

  /// The bytes of a record that belong to fields, as few ranges.
  private static func coveredBytes(_ layout: Layout) -> List<Range<Int>> {
    var covered = List<Bool>(repeating: false, count: layout.recordSize)
    for field in layout.fields {
      for byte in field.offset..<field.offset + field.type.size { covered[byte] = true }
    }
    var runs = List<Range<Int>>()
    var start = 0
    for byte in 0...covered.count where byte == covered.count || !covered[byte] {
      if byte > start { runs.append(start..<byte) }
      start = byte + 1
    }
    return runs
  }

  private static func mix(_ p: UnsafeRawPointer, _ count: Int, _ start: UInt64) -> UInt64 {
    var hash = start ^ 0x9E37_79B9_7F4A_7C15
    var index = 0
    while index < count {
      var word: UInt64 = 0
      if index + 8 <= count {
        word = (p + index).loadUnaligned(as: UInt64.self)
      } else {
        for place in index..<count {
          word = word << 8 | UInt64(p.load(fromByteOffset: place, as: UInt8.self))
        }
      }
      hash = (hash ^ word) &* 0xFF51_AFD7_ED55_8CCD
      hash ^= hash >> 32
      index += 8
    }
    return hash
  }

  /// The records that are coded, one after the other.
  func coded(
    _ records: UnsafeRawBufferPointer, recordSize: Int
  ) throws(AEZipError) -> Memory<UInt8> {
    let kept = try Memory<UInt8>(codedCount * recordSize)
    var next = 0
    for record in 0..<recordCount where sources.base[record] == next {
      memcpy(
        kept.base + next * recordSize, records.baseAddress! + record * recordSize, recordSize)
      next += 1
    }
    return kept
  }

  /// Bits that the references take, about.
  var bits: Double {
    Double(recordCount - codedCount) * (Entropy.log2(Double(codedCount)) + 1)
      + Double(recordCount) / 2
  }

  /// What comes before the payload of the coded records: a mask of the records that refer, then how
  /// far back they do, in planes of bytes.
  func write(_ zlib: Zlib, to output: ByteBuffer) throws(AEZipError) {
    var distances = List<UInt32>()
    let maskSize = (recordCount + 7) / 8
    let mask = try Memory<UInt8>(maskSize, zeroed: true)
    var next = 0
    var largest: UInt32 = 0
    for record in 0..<recordCount {
      let source = Int(sources.base[record])
      guard source < next else {
        next += 1
        continue
      }
      mask.base[record / 8] |= 1 << UInt8(record % 8)
      distances.append(UInt32(next - 1 - source))
      largest = max(largest, UInt32(next - 1 - source))
    }
    var planeCount = 1
    while planeCount < 4 && largest >> UInt32(8 * planeCount) > 0 { planeCount += 1 }
    let plain = try ByteBuffer()
    try plain.append(UnsafeRawBufferPointer(start: mask.base, count: maskSize))
    let target = try plain.reserve(planeCount * distances.count)
    for plane in 0..<planeCount {
      for index in 0..<distances.count {
        target[plane * distances.count + index] = UInt8(
          truncatingIfNeeded: distances[index] >> UInt32(8 * plane))
      }
    }
    plain.commit(planeCount * distances.count)
    let packed = try ByteBuffer()
    let size = try zlib.packSmallest(plain.bytes, [.huffman, .full(6)], to: packed)
    var header = ByteWriter()
    header.count(0)
    header.count(codedCount)
    header.byte(UInt8(planeCount))
    header.count(size)
    try output.append(header.bytes)
    try output.append(packed.bytes)
  }

  // MARK: - Back

  /// The inverse of ``write``, and the payload of the coded records; nil if all records are coded.
  static func read(
    _ payload: UnsafeRawBufferPointer, recordCount: Int, _ zlib: Zlib
  ) throws(AEZipError) -> (repeats: RepeatedRecords, rest: UnsafeRawBufferPointer)? {
    guard payload.first == 0 else { return nil }
    var reader = ByteReader(payload, what: "the repeats of a chunk")
    _ = try reader.byte()
    let codedCount = try reader.count(limit: recordCount)
    let planeCount = try reader.byte(below: 5)
    let stream = try reader.take(try reader.count(limit: Limits.chunkBytes))
    let rest = try reader.take(reader.remaining)
    let count = recordCount - codedCount
    guard codedCount > 0, planeCount > 0, rest.first != 0 else {
      throw .corrupted(what: "the repeats of a chunk", declared: count, computed: recordCount)
    }
    let maskSize = (recordCount + 7) / 8
    let bytes = try Unpacker.inflate(stream, to: maskSize + planeCount * count, zlib)
    let sources = try Memory<UInt32>(recordCount)
    var next = 0
    var seen = 0
    for record in 0..<recordCount {
      guard bytes.base[record / 8] >> UInt8(record % 8) & 1 != 0 else {
        sources.base[record] = UInt32(next)
        next += 1
        continue
      }
      var distance = 0
      if seen < count {
        for plane in 0..<planeCount {
          distance |= Int(bytes.base[maskSize + plane * count + seen]) << (8 * plane)
        }
      }
      guard seen < count, distance < next else {
        throw .corrupted(what: "a repeated record", declared: distance, computed: next)
      }
      sources.base[record] = UInt32(next - 1 - distance)
      seen += 1
    }
    guard next == codedCount else {
      throw .corrupted(what: "the repeats of a chunk", declared: codedCount, computed: next)
    }
    return (
      RepeatedRecords(sources: sources, recordCount: recordCount, codedCount: codedCount), rest
    )
  }

  /// The coded records that some of the chunk's are restored from: what lies between the first and
  /// the last of them.
  func needed(for wanted: Range<Int>) -> Range<Int> {
    var low = codedCount
    var high = 0
    for record in wanted {
      low = min(low, Int(sources.base[record]))
      high = max(high, Int(sources.base[record]) + 1)
    }
    return low < high ? low..<high : 0..<0
  }

  /// Restores the wanted records from coded ones, which `decode` fills in.
  func restore(
    _ target: ChunkDecoder.Target, _ decode: (ChunkDecoder.Target) throws(AEZipError) -> Void
  ) throws(AEZipError) {
    let range = needed(for: target.wanted)
    let size = target.recordSize
    let coded = try Memory<UInt8>(max(range.count * size, 1), zeroed: true)
    var inner = target
    inner.output = UnsafeMutableRawPointer(coded.base)
    inner.wanted = range
    try decode(inner)
    guard size > 0 else { return }
    for record in target.wanted {
      memcpy(
        target.output + (record - target.wanted.lowerBound) * size,
        coded.base + (Int(sources.base[record]) - range.lowerBound) * size, size)
    }
  }
}

extension ElementType {
  /// |value - restored| of two values of this type; 0 if both are no numbers, or the same infinity.
  @inline(never)
  func error(_ value: UnsafeRawPointer, _ restored: UnsafeRawPointer) -> Double {
    if isWideInteger {
      let difference =
        value.loadUnaligned(as: UInt64.self) &- restored.loadUnaligned(as: UInt64.self)
      return Double(Int64(bitPattern: difference).magnitude)
    }
    if memcmp(value, restored, size) == 0 { return 0 }
    return (load(value) - load(restored)).magnitude
  }
}
