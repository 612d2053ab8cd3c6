import Glibc

/// Text on its way to a file, and the numbers in it.
final class TextBuffer {
  private(set) var bytes: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  private var capacity = 1 << 20

  init() { bytes = .allocate(capacity: capacity) }

  deinit { bytes.deallocate() }

  var contents: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: count) }

  func clear() { count = 0 }

  @inline(__always)
  func reserve(_ additional: Int) {
    if count + additional > capacity { grow(additional) }
  }

  private func grow(_ additional: Int) {
    let larger = max(capacity * 2, count + additional)
    let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    memcpy(grown, bytes, count)
    bytes.deallocate()
    (bytes, capacity) = (grown, larger)
  }

  @inline(__always)
  func append(_ byte: UInt8) {
    reserve(1)
    bytes[count] = byte
    count += 1
  }

  func append(_ text: UnsafeBufferPointer<UInt8>) {
    reserve(text.count)
    if let start = text.baseAddress { memcpy(bytes + count, start, text.count) }
    count += text.count
  }

  func append(_ text: String) {
    var text = text
    text.withUTF8 { append($0) }
  }

  func append(_ time: CsvTime, _ value: Int64) {
    reserve(time.length)
    time.print(value, into: bytes + count)
    count += time.length
  }

  @inline(__always)
  func append(integer value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    append(digits: value.magnitude)
  }

  @inline(__always)
  func append(digits value: UInt64) {
    reserve(20)
    var rest = value
    var length = 1
    while rest >= 10 {
      rest /= 10
      length += 1
    }
    put(value, length)
  }

  /// Exactly `length` digits of a number, with leading zeros.
  @inline(__always)
  private func put(_ value: UInt64, _ length: Int) {
    var rest = value
    var index = count + length
    while index > count {
      index -= 1
      let quotient = rest / 10
      bytes[index] = 48 + UInt8(truncatingIfNeeded: rest &- quotient &* 10)
      rest = quotient
    }
    count += length
  }

  /// A number rounded to the most places, without its last zeros down to the fewest.
  ///
  ///     digits = round(|value| * 10^most)
  func append(decimal value: Double, places: ClosedRange<Int>) {
    let power = CsvNumber.powersOfTen[places.upperBound]
    let scaled = (abs(value) * power).rounded()
    guard scaled < 0x1p53 else { return append(shortest: value, fewestPlaces: places.lowerBound) }
    var digits = UInt64(scaled)
    // A minus before zero only if it was there.
    if value < 0 && digits != 0 || value == 0 && value.sign == .minus {
      append(UInt8(ascii: "-"))
    }
    var most = places.upperBound
    while most > places.lowerBound, digits % 10 == 0 {
      digits /= 10
      most -= 1
    }
    guard most > 0 else { return append(digits: digits) }
    let whole = UInt64(CsvNumber.powersOfTen[most])
    append(digits: digits / whole)
    append(UInt8(ascii: "."))
    reserve(most)
    put(digits % whole, most)
  }

  /// The fewest digits that give the same Float64 when read: 0.1, 1e-07, 1234567.0.
  func append(shortest value: Double, fewestPlaces: Int) {
    if fewestPlaces == 0, abs(value) < 0x1p53, value == value.rounded(), value != 0 {
      return append(integer: Int64(value))
    }
    append(description: "\(value)", fewestPlaces: fewestPlaces)
  }

  /// The same for Float32.
  func append(shortest value: Float, fewestPlaces: Int) {
    append(description: "\(value)", fewestPlaces: fewestPlaces)
  }

  private func append(description text: String, fewestPlaces: Int) {
    if fewestPlaces == 0, text.hasSuffix(".0") { return append(String(text.dropLast(2))) }
    append(text)
    guard let point = text.utf8.firstIndex(of: UInt8(ascii: ".")), !text.contains("e") else {
      return
    }
    let places = text.utf8.distance(from: point, to: text.utf8.endIndex) - 1
    for _ in 0..<max(0, fewestPlaces - places) { append(UInt8(ascii: "0")) }
  }
}
