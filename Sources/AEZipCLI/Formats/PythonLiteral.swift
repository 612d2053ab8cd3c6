/// A Python literal, as far as the headers of .npy files use them.
///
/// Source: Python language reference, "Literals"; numpy.lib.format, "Format Version 1.0".
indirect enum PythonLiteral {
  case none
  case boolean(Bool)
  case integer(Int)
  case string(String)
  case tuple([PythonLiteral])
  case list([PythonLiteral])
  case dictionary([(key: String, value: PythonLiteral)])

  /// Nil unless the text is one literal and nothing but space behind it.
  init?(_ text: [UInt8]) {
    var parser = PythonParser(bytes: text)
    guard let value = parser.value(depth: 0) else { return nil }
    parser.skipSpace()
    guard parser.index == text.count else { return nil }
    self = value
  }

  subscript(_ key: String) -> PythonLiteral? {
    guard case .dictionary(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  var string: String? { if case .string(let text) = self { text } else { nil } }
  var integer: Int? { if case .integer(let value) = self { value } else { nil } }
  var boolean: Bool? { if case .boolean(let value) = self { value } else { nil } }

  /// The elements of a tuple or list.
  var elements: [PythonLiteral]? {
    switch self {
    case .tuple(let values), .list(let values): values
    case .none, .boolean, .integer, .string, .dictionary: nil
    }
  }

  /// numpy describes such a dtype so, but does not read it from a .npy file.
  var holdsDictionary: Bool {
    switch self {
    case .dictionary: true
    case .tuple(let values), .list(let values): values.contains { $0.holdsDictionary }
    case .none, .boolean, .integer, .string: false
    }
  }

  /// The same literal in Python's own spelling.
  var text: String {
    switch self {
    case .none: "None"
    case .boolean(let value): value ? "True" : "False"
    case .integer(let value): "\(value)"
    case .string(let text): PythonLiteral.quoted(text)
    case .tuple(let values):
      "(" + values.map(\.text).joined(separator: ", ") + (values.count == 1 ? ",)" : ")")
    case .list(let values): "[" + values.map(\.text).joined(separator: ", ") + "]"
    case .dictionary(let members):
      "{"
        + members.map { "\(PythonLiteral.quoted($0.key)): \($0.value.text)" }
        .joined(separator: ", ") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "'"
    for scalar in text.unicodeScalars {
      switch scalar {
      case "'", "\\": quoted += "\\\(scalar)"
      case _ where scalar.value < 32 || scalar.value == 127:
        quoted += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "'"
  }
}

private struct PythonParser {
  let bytes: [UInt8]
  var index = 0

  private static let deepest = 32

  mutating func skipSpace() {
    while index < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[index]) { index += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
    index += 1
    return true
  }

  mutating func value(depth: Int) -> PythonLiteral? {
    guard depth < Self.deepest else { return nil }
    if take("{") { return dictionary(depth: depth) }
    if take("(") { return sequence(until: ")", depth: depth).map { .tuple($0) } }
    if take("[") { return sequence(until: "]", depth: depth).map { .list($0) } }
    guard index < bytes.count else { return nil }
    if bytes[index] == UInt8(ascii: "'") || bytes[index] == UInt8(ascii: "\"") {
      return string().map { .string($0) }
    }
    let begin = index
    while index < bytes.count, isWord(bytes[index]) { index += 1 }
    let word = String(decoding: bytes[begin..<index], as: UTF8.self)
    switch word {
    case "None": return PythonLiteral.none
    case "True": return .boolean(true)
    case "False": return .boolean(false)
    // Python 2 wrote long integers with an L.
    default: return Int(word.hasSuffix("L") ? String(word.dropLast()) : word).map { .integer($0) }
    }
  }

  private func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  private mutating func dictionary(depth: Int) -> PythonLiteral? {
    var members: [(key: String, value: PythonLiteral)] = []
    while !take("}") {
      guard let key = value(depth: depth + 1)?.string, take(":"),
        let value = value(depth: depth + 1)
      else { return nil }
      members.append((key, value))
      if !take(",") { return take("}") ? .dictionary(members) : nil }
    }
    return .dictionary(members)
  }

  /// A parenthesized value without a comma counts as a tuple of one, which no header has.
  private mutating func sequence(until end: Unicode.Scalar, depth: Int) -> [PythonLiteral]? {
    var values: [PythonLiteral] = []
    while !take(end) {
      guard let value = value(depth: depth + 1) else { return nil }
      values.append(value)
      if !take(",") { return take(end) ? values : nil }
    }
    return values
  }

  private mutating func string() -> String? {
    let quote = bytes[index]
    index += 1
    var text: [UInt8] = []
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == quote { return String(decoding: text, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\") else {
        text.append(byte)
        continue
      }
      guard index < bytes.count else { return nil }
      let escape = bytes[index]
      index += 1
      switch escape {
      case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(escape)
      case UInt8(ascii: "n"): text.append(0x0A)
      case UInt8(ascii: "r"): text.append(0x0D)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "x"): guard append(hexDigits: 2, to: &text) else { return nil }
      case UInt8(ascii: "u"): guard append(hexDigits: 4, to: &text) else { return nil }
      case UInt8(ascii: "U"): guard append(hexDigits: 8, to: &text) else { return nil }
      default: return nil
      }
    }
    return nil
  }

  private mutating func append(hexDigits count: Int, to text: inout [UInt8]) -> Bool {
    guard index + count <= bytes.count,
      let value = UInt32(
        String(decoding: bytes[index..<index + count], as: UTF8.self), radix: 16),
      let scalar = Unicode.Scalar(value)
    else { return false }
    index += count
    text += String(Character(scalar)).utf8
    return true
  }
}
