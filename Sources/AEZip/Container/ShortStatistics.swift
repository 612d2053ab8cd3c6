import CPlatform

/// Statistics of a container of few records, where exact ones would cost more than many a field:
/// what can be seen in the restored records is not stored. Format.md, section 5.1.
///
/// Smallest and largest values are the restored ones, moved outwards by the largest error. Errors
/// are counted in 32nds of the bound, rounded up to eighths, which are mostly alike and pack to little;
/// and a relative bound is the number of 8 binary digits that was kept.
enum ShortStatistics {
  /// The first byte; flags of exact statistics are less than 64.
  static let mark: UInt8 = 128
  static let mostRecords = 1024
  /// Bytes of records that a reader decodes to open a container.
  static let mostBytes = 1 << 22
  private static let shares = 32.0

  static func fits(_ recordCount: Int, _ layout: Layout) -> Bool {
    recordCount <= mostRecords && recordCount * layout.recordSize <= mostBytes
  }

  /// - Returns: nil if a bound or an error cannot be told in so few digits.
  static func encode(
    _ statistics: [FieldStatistics], _ tallies: List<FieldTally>, _ layout: Layout
  ) -> [UInt8]? {
    var writer = ByteWriter()
    writer.byte(mark)
    // Like beside like: zlib packs them.
    var (bounds, errors, means) = (ByteWriter(), ByteWriter(), ByteWriter())
    for index in 0..<statistics.count {
      let s = statistics[index]
      var bound = s.absoluteBound
      var short = Float(0)
      if layout.fields[index].bound.isRelative {
        if !tallies[index].isDerived { short = Float.twoBytes(below: bound) }
        bound = tallies[index].isDerived ? tallies[index].permitted : Double(short)
      }
      guard s.largestError <= bound else { return nil }
      writer.byte((short > 0 ? 1 : 0) | (s.largestError > 0 ? 2 : 0))
      if short > 0 { bounds.twoBytes(short) }
      guard s.largestError > 0 else { continue }
      errors.byte(share(s.largestError, bound))
      means.byte(share(s.rmse, bound))
    }
    return writer.bytes + bounds.bytes + errors.bytes + means.bytes
  }

  private static func share(_ error: Double, _ bound: Double) -> UInt8 {
    UInt8(min(shares, (error / bound * 8).rounded(.up) * (shares / 8)))
  }

  /// - Parameters:
  ///   - records: all restored records.
  ///   - derived: for each field the bound that its column's unit stands for, or 0.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, _ layout: Layout, records: UnsafeRawBufferPointer,
    derived: List<Double>
  ) throws(AEZipError) -> [FieldStatistics] {
    var reader = ByteReader(bytes, what: "the statistics")
    _ = try reader.byte()
    var ranges = FieldRanges(layout: layout)
    try ranges.add(records, all: true)
    var result = [FieldStatistics](repeating: FieldStatistics(), count: layout.fields.count)
    var flags = List<UInt8>()
    for _ in result { flags.append(UInt8(try reader.byte(below: 4))) }
    for index in 0..<result.count {
      switch layout.fields[index].bound {
      case .exact, .free: break
      case .absolute(let bound): result[index].absoluteBound = bound
      case .relative: result[index].absoluteBound = derived[index]
      }
      guard flags[index] & 1 != 0 else { continue }
      let bound = try reader.twoBytes()
      guard bound.isFinite, bound >= 0 else {
        throw .corrupted(what: "the bound of a field", declared: Int(flags[index]), computed: index)
      }
      result[index].absoluteBound = Double(bound)
    }
    for index in 0..<result.count where flags[index] & 2 != 0 {
      result[index].largestError = Double(try reader.byte()) / shares * result[index].absoluteBound
    }
    for index in 0..<result.count {
      if flags[index] & 2 != 0 {
        result[index].rmse = Double(try reader.byte()) / shares * result[index].absoluteBound
      }
      if ranges.minima[index] <= ranges.maxima[index] {
        result[index].minimum = ranges.minima[index] - result[index].largestError
        result[index].maximum = ranges.maxima[index] + result[index].largestError
      }
      result[index].missingCount = missingCount(records, layout.fields[index], layout.recordSize)
    }
    try reader.expectEnd()
    return result
  }

  /// What can be said without the model that the records need: the absolute bounds.
  static func unknown(_ layout: Layout) -> [FieldStatistics] {
    var result: [FieldStatistics] = []
    for field in layout.fields {
      var statistics = FieldStatistics()
      if case .absolute(let bound) = field.bound { statistics.absoluteBound = bound }
      result.append(statistics)
    }
    return result
  }

  private static func missingCount(
    _ records: UnsafeRawBufferPointer, _ field: Field, _ recordSize: Int
  ) -> Int {
    guard field.type.isFloat else { return 0 }
    var count = 0
    for record in 0..<records.count / recordSize {
      if field.type.load(records.baseAddress! + (record * recordSize + field.offset)).isNaN {
        count += 1
      }
    }
    return count
  }
}

extension Float {
  /// The largest number at most `value`, above 0, of which the low half of the bits is 0; or 0.
  static func twoBytes(below value: Double) -> Float {
    var short = Float(bitPattern: Float(value).bitPattern & 0xFFFF_0000)
    // Float(value) may have been rounded up to it.
    if Double(short) > value { short = Float(bitPattern: short.bitPattern &- 0x1_0000) }
    return short.isFinite ? short : 0
  }
}

extension ByteWriter {
  /// The high half of a Float whose low half is 0.
  mutating func twoBytes(_ value: Float) {
    byte(UInt8(truncatingIfNeeded: value.bitPattern >> 16))
    byte(UInt8(truncatingIfNeeded: value.bitPattern >> 24))
  }
}

extension ByteReader {
  /// The inverse of ``ByteWriter/twoBytes(_:)``.
  mutating func twoBytes() throws(AEZipError) -> Float {
    let low = UInt32(try byte())
    return Float(bitPattern: (low | UInt32(try byte()) << 8) << 16)
  }
}
