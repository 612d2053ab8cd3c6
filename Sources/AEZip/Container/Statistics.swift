/// What is known of a field's values and errors.
public struct FieldStatistics: Sendable {
  /// The largest error that the bound permits; 0 for exact.
  public var absoluteBound = 0.0
  /// The largest error made, rounded up by less than 2e-5 of the bound.
  public var largestError = 0.0
  /// The root mean squared error made, rounded up by less than 2e-5 of the bound.
  public var rmse = 0.0
  /// Smallest and largest finite value; NaN if there is none.
  public var minimum = Double.nan
  public var maximum = Double.nan
  /// The number of NaN values.
  public var missingCount = 0

  /// R * (max - min), or nothing if there are no values. Infinite products become the largest number.
  /// `range` is max - min if the numbers given are rounded.
  static func absolute(
    _ bound: Bound, minimum: Double, maximum: Double, range: Double? = nil
  ) -> Double {
    switch bound {
    case .exact: return 0
    case .absolute(let bound): return bound
    case .free: return .infinity
    case .relative(let share):
      let range = range ?? (maximum - minimum)
      guard range > 0 else { return 0 }
      let product = range.isFinite ? share * range : (share * maximum - share * minimum)
      return min(product, .greatestFiniteMagnitude)
    }
  }

  public init() {}

  init(_ tally: FieldTally, bound: Double, recordCount: Int) {
    absoluteBound = bound
    largestError = tally.largestError
    missingCount = tally.missingCount
    if tally.minimum <= tally.maximum {
      minimum = tally.minimum
      maximum = tally.maximum
    }
    let count = recordCount - missingCount
    if count > 0 { rmse = min((tally.squaredErrors / Double(count)).squareRoot(), largestError) }
  }
}

// MARK: - In the file: Format.md, section 5

extension FieldStatistics {
  /// Errors are kept as shares of the bound in 16 bits, rounded up.
  private static let shares = 65535.0

  static func encode(_ statistics: [FieldStatistics], _ layout: Layout) -> [UInt8] {
    var writer = ByteWriter()
    for index in 0..<statistics.count {
      let s = statistics[index]
      let derived = absolute(layout.fields[index].bound, minimum: s.minimum, maximum: s.maximum)
      let hasValues = s.minimum <= s.maximum
      var flags: UInt8 = 0
      if hasValues { flags |= 1 }
      if s.missingCount > 0 { flags |= 2 }
      if derived != s.absoluteBound { flags |= 4 }
      if s.largestError > 0 { flags |= 8 }
      let short = Double(Float(s.minimum)) == s.minimum && Double(Float(s.maximum)) == s.maximum
      if short { flags |= 16 }
      // There is nothing to share.
      if !s.absoluteBound.isFinite { flags |= 64 }
      writer.byte(flags)
      if hasValues {
        for value in [s.minimum, s.maximum] {
          if short { writer.f32(Float(value)) } else { writer.f64(value) }
        }
      }
      if s.missingCount > 0 { writer.count(s.missingCount) }
      if flags & 4 != 0 { writer.f64(s.absoluteBound) }
      if s.largestError > 0 {
        for error in [s.largestError, s.rmse] {
          if flags & 64 != 0 {
            writer.f64(error)
            continue
          }
          let share = (error / s.absoluteBound * shares).rounded(.up)
          let code = UInt16(max(0, min(shares, share.isFinite ? share : shares)))
          writer.byte(UInt8(truncatingIfNeeded: code))
          writer.byte(UInt8(truncatingIfNeeded: code >> 8))
        }
      }
    }
    return writer.bytes
  }

  static func decode(
    _ bytes: UnsafeRawBufferPointer, _ layout: Layout
  ) throws(AEZipError) -> [FieldStatistics] {
    var reader = ByteReader(bytes, what: "the statistics")
    var result: [FieldStatistics] = []
    for field in layout.fields {
      var s = FieldStatistics()
      let flags = try reader.byte(below: 128)
      if flags & 1 != 0 {
        s.minimum = flags & 16 != 0 ? Double(try reader.f32()) : try reader.f64()
        s.maximum = flags & 16 != 0 ? Double(try reader.f32()) : try reader.f64()
      }
      if flags & 2 != 0 { s.missingCount = try reader.count() }
      s.absoluteBound =
        flags & 4 != 0
        ? try reader.f64() : absolute(field.bound, minimum: s.minimum, maximum: s.maximum)
      if flags & 72 == 72 {
        s.largestError = try reader.f64()
        s.rmse = try reader.f64()
      } else if flags & 8 != 0 {
        s.largestError = Double(try Self.share(&reader)) / shares * s.absoluteBound
        s.rmse = Double(try Self.share(&reader)) / shares * s.absoluteBound
      }
      result.append(s)
    }
    try reader.expectEnd()
    return result
  }

  private static func share(_ reader: inout ByteReader) throws(AEZipError) -> Int {
    let low = Int(try reader.byte())
    return low | Int(try reader.byte()) << 8
  }
}
