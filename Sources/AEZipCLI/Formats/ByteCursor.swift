/// A place in a text that is being parsed.
struct ByteCursor {
  let bytes: [UInt8]
  private(set) var index = 0

  init(_ bytes: some Collection<UInt8>) { self.bytes = Array(bytes) }

  /// The next byte; nil at the end.
  var next: UInt8? { index < bytes.count ? bytes[index] : nil }

  /// Whether nothing but space follows.
  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return next == nil
    }
  }

  mutating func skipSpace() {
    while let byte = next, [0x20, 0x0A, 0x0D, 0x09].contains(byte) { index += 1 }
  }

  /// Takes the next byte; nil at the end.
  mutating func take() -> UInt8? {
    guard let byte = next else { return nil }
    index += 1
    return byte
  }

  /// Takes a character, with space before it, if it comes next.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  /// Takes a word if it comes next.
  mutating func take(word: StaticString) -> Bool {
    let matches = word.withUTF8Buffer { bytes[index...].starts(with: $0) }
    if matches { index += word.utf8CodeUnitCount }
    return matches
  }

  /// Takes all bytes up to one that does not fit.
  mutating func take(while fits: (UInt8) -> Bool) -> String {
    let begin = index
    while let byte = next, fits(byte) { index += 1 }
    return String(decoding: bytes[begin..<index], as: UTF8.self)
  }

  /// Takes hexadecimal digits; nil unless there are as many.
  mutating func take(hexDigits count: Int) -> UInt32? {
    guard index + count <= bytes.count else { return nil }
    defer { index += count }
    return UInt32(String(decoding: bytes[index..<index + count], as: UTF8.self), radix: 16)
  }
}
