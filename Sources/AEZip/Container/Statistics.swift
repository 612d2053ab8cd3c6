/// What is known of a field's values and errors.
public struct FieldStatistics: Sendable {
  /// The largest error that the bound permits; 0 for exact.
  public var absoluteBound = 0.0
  /// The largest error made, rounded up by less than a 255th of the bound; of few records, an eighth.
  public var largestError = 0.0
  /// The root mean squared error made, rounded up alike.
  public var rmse = 0.0
  /// Smallest and largest finite value; NaN if there is none. Of few records they may be rounded
  /// outwards by at most two bounds.
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
  /// What begins the statistics from version 6 on.
  private static let mark: UInt8 = 129

  /// The largest power of ten that decimals are divided by.
  private static let mostDigits = 15

  /// How smallest and largest value are told.
  private enum Form: UInt8 {
    case double = 0
    case single = 16
    case decimal = 32

    static let all: UInt8 = 48
  }

  /// Like comes beside like: where each part begins, `cuts` says.
  static func encode(
    _ statistics: [FieldStatistics], _ layout: Layout, cuts: inout List<Int>
  ) -> [UInt8] {
    var writer = ByteWriter()
    var (digits, decimals, others) = (ByteWriter(), ByteWriter(), ByteWriter())
    var (largest, means) = (ByteWriter(), ByteWriter())
    var (singles, doubles): ([Double], [Double]) = ([], [])
    writer.byte(mark)
    for index in 0..<statistics.count {
      let s = statistics[index]
      let isSingle = layout.fields[index].type == .f32
      let derived = absolute(layout.fields[index].bound, minimum: s.minimum, maximum: s.maximum)
      var flags: UInt8 = 0
      if s.minimum <= s.maximum {
        flags |= 1
        let short = Double(Float(s.minimum)) == s.minimum && Double(Float(s.maximum)) == s.maximum
        if let decimal = Decimals(s.minimum, s.maximum, isSingle: isSingle, most: short ? 8 : 16) {
          flags |= Form.decimal.rawValue
          digits.byte(decimal.digits)
          decimals.signed(decimal.low)
          decimals.signed(decimal.high)
        } else if short {
          flags |= Form.single.rawValue
          singles += [s.minimum, s.maximum]
        } else {
          doubles += [s.minimum, s.maximum]
        }
      }
      if s.missingCount > 0 {
        flags |= 2
        others.count(s.missingCount)
      }
      if derived != s.absoluteBound {
        flags |= 4
        others.f64(s.absoluteBound)
      }
      if s.largestError > 0 {
        flags |= 8
        if s.absoluteBound.isFinite {
          largest.byte(share(s.largestError, s.absoluteBound))
          means.byte(share(s.rmse, s.absoluteBound))
        } else {
          // There is nothing to share.
          others.f64(s.largestError)
          others.f64(s.rmse)
        }
      }
      writer.byte(flags)
    }
    var bytes = writer.bytes
    func add(_ part: [UInt8]) {
      guard !part.isEmpty else { return }
      cuts.append(bytes.count)
      bytes += part
    }
    add(digits.bytes)
    add(decimals.bytes)
    for place in 0..<4 {
      add(singles.map { UInt8(truncatingIfNeeded: Float($0).bitPattern >> (8 * UInt32(place))) })
    }
    for place in 0..<8 {
      add(doubles.map { UInt8(truncatingIfNeeded: $0.bitPattern >> (8 * UInt64(place))) })
    }
    add(others.bytes)
    add(largest.bytes)
    add(means.bytes)
    return bytes
  }

  /// How many shares of the bound an error is, rounded up.
  private static func share(_ error: Double, _ bound: Double) -> UInt8 {
    let share = (error / bound * 255).rounded(.up)
    let code = share < 255 ? UInt8(share) : 255
    // The quotient may have been rounded down.
    return code < 255 && Double(code) / 255 * bound < error ? code + 1 : code
  }

  static func decode(
    _ bytes: UnsafeRawBufferPointer, _ layout: Layout
  ) throws(AEZipError) -> [FieldStatistics] {
    var reader = ByteReader(bytes, what: "the statistics")
    guard bytes.first == mark else { return try decodeFields(&reader, layout) }
    _ = try reader.byte()
    var flags: [UInt8] = []
    for _ in layout.fields {
      let flag = try reader.byte(below: 48)
      flags.append(UInt8(flag))
    }
    var result = [FieldStatistics](repeating: FieldStatistics(), count: flags.count)
    var digits: [Int] = []
    let decimal = Form.decimal.rawValue | 1
    for flag in flags where flag & (Form.all | 1) == decimal {
      digits.append(try reader.byte(below: mostDigits + 1))
    }
    var next = 0
    for index in 0..<flags.count where flags[index] & (Form.all | 1) == decimal {
      let isSingle = layout.fields[index].type == .f32
      let scale = Decimals.scale(digits[next])
      result[index].minimum = Decimals.value(try reader.signed(), scale, isSingle)
      result[index].maximum = Decimals.value(try reader.signed(), scale, isSingle)
      next += 1
    }
    for (form, size) in [(Form.single, 4), (Form.double, 8)] {
      var places: [Int] = []
      for index in 0..<flags.count where flags[index] & (Form.all | 1) == form.rawValue | 1 {
        places.append(index)
      }
      let planes = try reader.take(2 * places.count * size)
      for place in 0..<2 * places.count {
        var bits: UInt64 = 0
        for byte in 0..<size {
          bits |= UInt64(planes[byte * 2 * places.count + place]) << (8 * UInt64(byte))
        }
        let value =
          size == 8
          ? Double(bitPattern: bits) : Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        if place % 2 == 0 {
          result[places[place / 2]].minimum = value
        } else {
          result[places[place / 2]].maximum = value
        }
      }
    }
    for index in 0..<flags.count {
      if flags[index] & 2 != 0 { result[index].missingCount = try reader.count() }
      result[index].absoluteBound =
        flags[index] & 4 != 0
        ? try reader.f64()
        : absolute(
          layout.fields[index].bound, minimum: result[index].minimum,
          maximum: result[index].maximum)
      if flags[index] & 8 != 0 && !result[index].absoluteBound.isFinite {
        result[index].largestError = try reader.f64()
        result[index].rmse = try reader.f64()
      }
    }
    for index in 0..<flags.count
    where flags[index] & 8 != 0 && result[index].absoluteBound.isFinite {
      result[index].largestError = Double(try reader.byte()) / 255 * result[index].absoluteBound
    }
    for index in 0..<flags.count
    where flags[index] & 8 != 0 && result[index].absoluteBound.isFinite {
      result[index].rmse = Double(try reader.byte()) / 255 * result[index].absoluteBound
    }
    try reader.expectEnd()
    return result
  }

  /// Those of versions 1 to 5, one field after the other.
  private static func decodeFields(
    _ reader: inout ByteReader, _ layout: Layout
  ) throws(AEZipError) -> [FieldStatistics] {
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
        s.largestError = Double(try Self.share(&reader)) / 65535 * s.absoluteBound
        s.rmse = Double(try Self.share(&reader)) / 65535 * s.absoluteBound
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

/// Two numbers as low / 10^digits and high / 10^digits.
private struct Decimals {
  private(set) var digits: UInt8 = 0
  private(set) var low = 0
  private(set) var high = 0

  /// - Parameters:
  ///   - isSingle: the quotients are rounded to Float.
  ///   - most: the bytes that they must take less than.
  /// - Returns: nil if there are no such numbers that take so few bytes.
  init?(_ first: Double, _ second: Double, isSingle: Bool, most: Int) {
    while true {
      let scale = Self.scale(Int(digits))
      let (a, b) = (nearest(first * scale), nearest(second * scale))
      guard a.magnitude < 0x1p50, b.magnitude < 0x1p50 else { return nil }
      (low, high) = (Int(a), Int(b))
      if Self.value(low, scale, isSingle).bitPattern == first.bitPattern
        && Self.value(high, scale, isSingle).bitPattern == second.bitPattern
      {
        break
      }
      digits += 1
      guard digits < 16 else { return nil }
    }
    var writer = ByteWriter()
    writer.signed(low)
    writer.signed(high)
    guard writer.bytes.count + 1 < most else { return nil }
  }

  /// 10^digits, exactly.
  static func scale(_ digits: Int) -> Double {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    return scale
  }

  static func value(_ number: Int, _ scale: Double, _ isSingle: Bool) -> Double {
    let value = Double(number) / scale
    return isSingle ? Double(Float(value)) : value
  }
}
