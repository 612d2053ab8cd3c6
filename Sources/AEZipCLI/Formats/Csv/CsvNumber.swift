import Glibc

/// A number as a CSV cell spells it.
struct CsvNumber {
  var value: Double
  /// The digits without sign, point and leading zeros, if there are at most 19.
  var digits: UInt64 = 0
  /// Digits after the point.
  var places = 0
  var isNegative = false
  /// Digits only.
  var isInteger = false
  /// Digits and at most a point: `value` is `digits / 10^places`, correctly rounded.
  var isPlain = false

  /// 10^0 ... 10^22, which Float64 holds exactly.
  nonisolated(unsafe) static let powersOfTen: UnsafePointer<Double> = {
    let powers = UnsafeMutablePointer<Double>.allocate(capacity: 23)
    powers[0] = 1
    for exponent in 1..<23 { powers[exponent] = powers[exponent - 1] * 10 }
    return UnsafePointer(powers)
  }()

  /// Nil if the cell is text. Spaces around a number are allowed. Integers with leading zeros or a
  /// plus sign are text: they are codes, and would not come back as they were.
  ///
  /// Below 2^53 and 10^22 the quotient of two exact numbers is correctly rounded (Clinger 1990);
  /// everything else goes to `strtod`.
  @inline(__always)
  init?(_ cell: CsvCell) {
    var position = UnsafePointer(cell.start)
    var end = position + cell.count
    guard position < end else { return nil }
    if end[-1] == 0x20 || position.pointee == 0x20 {
      while position < end, position.pointee == 0x20 { position += 1 }
      while position < end, end[-1] == 0x20 { end -= 1 }
      guard position < end else { return nil }
    }
    let begin = position
    let sign = position.pointee
    let isNegative = sign == UInt8(ascii: "-")
    if isNegative || sign == UInt8(ascii: "+") { position += 1 }
    let first = position
    var digits: UInt64 = 0
    while position < end, position.pointee &- 48 < 10 {
      digits = digits &* 10 &+ UInt64(position.pointee &- 48)
      position += 1
    }
    let wholeDigits = position - first
    var places = 0
    let hasPoint = position < end && position.pointee == UInt8(ascii: ".")
    if hasPoint {
      position += 1
      let fraction = position
      while position < end, position.pointee &- 48 < 10 {
        digits = digits &* 10 &+ UInt64(position.pointee &- 48)
        position += 1
      }
      places = position - fraction
    }
    guard position == end, wholeDigits + places <= 19, wholeDigits + places > 0 else {
      guard let number = Self.unusual(begin, end) else { return nil }
      self = number
      return
    }
    if wholeDigits > 1, first.pointee == 48 { return nil }
    if !hasPoint, sign == UInt8(ascii: "+") { return nil }
    if digits < 1 << 53 {
      let magnitude = Double(digits) / Self.powersOfTen[places]
      value = isNegative ? -magnitude : magnitude
    } else {
      guard let parsed = Self.strtod(begin, end) else { return nil }
      value = parsed
    }
    self.digits = digits
    self.places = places
    self.isNegative = isNegative
    isInteger = !hasPoint
    isPlain = true
  }

  /// Exponents, infinities and more digits than 19.
  private static func unusual(
    _ begin: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> CsvNumber? {
    let text = UnsafeBufferPointer(start: begin, count: end - begin)
    let isDigits = text.allSatisfy { $0 &- 48 < 10 }
    if isDigits {
      // The 20 digits of the largest 64-bit integers; beyond, Float64 would change the digits.
      guard text.count == 20, text[0] == UInt8(ascii: "1"),
        let digits = UInt64(String(decoding: text, as: UTF8.self))
      else { return nil }
      return CsvNumber(value: Double(digits), digits: digits, isInteger: true, isPlain: true)
    }
    let unsigned = text.dropFirst(
      text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") ? 1 : 0)
    let isInfinity = ["inf", "Inf", "INF", "infinity", "Infinity"].contains {
      $0.utf8.elementsEqual(unsigned)
    }
    let allowed = unsigned.allSatisfy {
      $0 &- 48 < 10 || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0)
    }
    let hasPointOrExponent = unsigned.contains { $0 &- 48 >= 10 }
    guard isInfinity || (allowed && hasPointOrExponent), let value = Self.strtod(begin, end) else {
      return nil
    }
    return CsvNumber(value: value)
  }

  private init(
    value: Double, digits: UInt64 = 0, isInteger: Bool = false, isPlain: Bool = false
  ) {
    self.value = value
    self.digits = digits
    self.isInteger = isInteger
    self.isPlain = isPlain
  }

  /// The nearest Float64 to a whole cell; nil if it is no number or longer than any number needs.
  private static func strtod(
    _ begin: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
  ) -> Double? {
    let count = end - begin
    guard count < 1200 else { return nil }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { text in
      memcpy(text.baseAddress!, begin, count)
      text[count] = 0
      var stop: UnsafeMutablePointer<CChar>?
      let value = Glibc.strtod(text.baseAddress!, &stop)
      return stop == text.baseAddress! + count ? value : nil
    }
  }
}
