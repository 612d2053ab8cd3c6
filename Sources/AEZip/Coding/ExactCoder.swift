import CPlatform

/// Fields that are stored bit for bit as byte planes: floats without a lattice, and integers too wide
/// for codes. Format.md, section 6.8.
///
/// Values are taken as unsigned integers of their size, changed by `transform`, and split into
/// planes of bytes, low bytes first; each plane is one zlib stream.
struct ExactCoder {
  enum Transform: UInt8, CaseIterable {
    case none = 0
    /// The difference from the previous record's bits, wrapping.
    case delta = 1
    /// The exclusive or with the previous record's bits.
    case xor = 2
    /// The difference of differences, wrapping.
    case secondDelta = 3
  }

  let zlib: Zlib
  let level: Int

  /// Packs one field of all records; returns the sizes of the planes' streams.
  func pack(
    _ records: UnsafeRawBufferPointer, recordSize: Int, offset: Int, size: Int, count: Int,
    to output: ByteBuffer
  ) throws(AEZipError) -> (transform: Transform, sizes: [Int]) {
    let values = try Memory<UInt64>(max(count, 1))
    for record in 0..<count {
      values[record] = Self.load(records.baseAddress! + (record * recordSize + offset), size)
    }
    let planes = try Memory<UInt8>(max(count * size, 1))
    var best = Transform.none
    var bestBits = Double.infinity
    for transform in Transform.allCases {
      split(values, count, size, transform, into: planes)
      var bits = 0.0
      for plane in 0..<size { bits += try Self.estimate(planes.base + plane * count, count) }
      if bits < bestBits * 0.995 { (best, bestBits) = (transform, bits) }
    }
    split(values, count, size, best, into: planes)
    var sizes: [Int] = []
    for plane in 0..<size {
      let bytes = UnsafeRawBufferPointer(start: planes.base + plane * count, count: count)
      sizes.append(try packPlane(bytes, to: output))
    }
    return (best, sizes)
  }

  private func packPlane(
    _ bytes: UnsafeRawBufferPointer, to output: ByteBuffer
  ) throws(AEZipError) -> Int {
    guard bytes.count > 0 else { return 0 }
    let pointer = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
    let share = try Repeats.share(pointer, bytes.count)
    var strategies: [PackingStrategy] = [.huffman]
    if share > 0.004 || level >= 7 { strategies.append(.full(level >= 7 ? 9 : 6)) }
    if Repeats.runShare(pointer, bytes.count) > 0.1 { strategies.append(.runs) }
    return try zlib.packSmallest(bytes, strategies, to: output)
  }

  /// The inverse of ``pack``: fills in one field of the records `wanted`, the first of which lies at
  /// `output`.
  func unpack(
    _ planes: List<UnsafeRawBufferPointer>, transform: Transform, size: Int, count: Int,
    wanted: Range<Int>, into output: UnsafeMutableRawPointer, recordSize: Int, offset: Int
  ) throws(AEZipError) {
    let values = try Memory<UInt64>(max(count, 1), zeroed: true)
    for plane in 0..<size {
      let bytes = try Unpacker.inflate(planes[plane], to: count, zlib)
      let shift = UInt64(8 * plane)
      for record in 0..<count { values.base[record] |= UInt64(bytes.base[record]) &<< shift }
    }
    let mask = Self.mask(size)
    var previous: UInt64 = 0
    var step: UInt64 = 0
    if transform != .none {
      for record in 0..<count {
        switch transform {
        case .none: break
        case .delta: previous = (previous &+ values.base[record]) & mask
        case .xor: previous ^= values.base[record]
        case .secondDelta:
          step = (step &+ values.base[record]) & mask
          previous = (previous &+ step) & mask
        }
        values.base[record] = previous
      }
    }
    for record in wanted {
      Self.store(
        values.base[record], size,
        output + ((record - wanted.lowerBound) * recordSize + offset))
    }
  }

  private func split(
    _ values: Memory<UInt64>, _ count: Int, _ size: Int, _ transform: Transform,
    into planes: Memory<UInt8>
  ) {
    var previous: UInt64 = 0
    var step: UInt64 = 0
    for record in 0..<count {
      let value = values.base[record]
      var bits = value
      switch transform {
      case .none: break
      case .delta: bits = value &- previous
      case .xor: bits = value ^ previous
      case .secondDelta:
        bits = value &- previous &- step
        step = value &- previous
      }
      previous = value
      for plane in 0..<size {
        planes.base[plane &* count &+ record] = UInt8(
          truncatingIfNeeded: bits &>> UInt64(8 &* plane))
      }
    }
  }

  /// Counts about `most` of some bytes, or all of fewer; returns how many.
  private static func count(
    _ bytes: UnsafePointer<UInt8>, stride: Int, _ count: Int, most: Int, into counts: Memory<Int>
  ) -> Int {
    memset(counts.base, 0, 256 * MemoryLayout<Int>.size)
    let step = max(1, count / most)
    var (index, seen) = (0, 0)
    while index < count {
      counts.base[Int(bytes[index &* stride])] &+= 1
      seen &+= 1
      index &+= step
    }
    return seen
  }

  /// Bits that a plane will take, about.
  private static func estimate(
    _ bytes: UnsafePointer<UInt8>, _ count: Int
  ) throws(AEZipError) -> Double {
    let counts = try Memory<Int>(256)
    let seen = Self.count(bytes, stride: 1, count, most: 65536, into: counts)
    guard seen > 0 else { return 0 }
    let bits = Entropy.bits(counts.base, 256) * Double(count) / Double(seen)
    return bits * (1 - 0.9 * (try Repeats.share(bytes, count)))
  }

  /// Bits that a field's planes will take without repeats and transforms, about: from some of its values.
  static func estimate(
    _ records: UnsafeRawBufferPointer, recordSize: Int, offset: Int, size: Int
  ) throws(AEZipError) -> Double {
    let base = records.baseAddress!.assumingMemoryBound(to: UInt8.self)
    let count = records.count / recordSize
    let counts = try Memory<Int>(256)
    var bits = 0.0
    for place in offset..<(offset + size) {
      let seen = Self.count(base + place, stride: recordSize, count, most: 1024, into: counts)
      var used = 0.0
      for byte in 0..<256 where counts[byte] > 0 { used += 1 }
      let whole = (Entropy.bits(counts.base, 256) + Entropy.bias * used) / Double(max(1, seen))
      // No byte takes less than a bit.
      bits += max(1, whole) * Double(count) + 2 * used + Entropy.streamBits
    }
    return bits
  }

  static func mask(_ size: Int) -> UInt64 { size == 8 ? .max : (1 << UInt64(8 * size)) - 1 }

  @inline(__always)
  static func load(_ p: UnsafeRawPointer, _ size: Int) -> UInt64 {
    switch size {
    case 1: UInt64(p.load(as: UInt8.self))
    case 2: UInt64(p.loadUnaligned(as: UInt16.self))
    case 4: UInt64(p.loadUnaligned(as: UInt32.self))
    default: p.loadUnaligned(as: UInt64.self)
    }
  }

  @inline(__always)
  static func store(_ value: UInt64, _ size: Int, _ p: UnsafeMutableRawPointer) {
    switch size {
    case 1: p.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
    case 2: p.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
    case 4: p.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
    default: p.storeBytes(of: value, as: UInt64.self)
    }
  }
}
