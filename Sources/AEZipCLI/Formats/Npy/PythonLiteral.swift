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
    var parser = PythonParser(cursor: ByteCursor(text))
    guard let value = parser.value(depth: 0), parser.cursor.isAtEnd else { return nil }
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

/// A recursive descent; every function returns nil on a syntax error.
private struct PythonParser {
  var cursor: ByteCursor

  private static let deepest = 32

  mutating func value(depth: Int) -> PythonLiteral? {
    guard depth < Self.deepest else { return nil }
    if cursor.take("{") { return dictionary(depth: depth) }
    if cursor.take("(") { return sequence(until: ")", depth: depth).map { .tuple($0) } }
    if cursor.take("[") { return sequence(until: "]", depth: depth).map { .list($0) } }
    if cursor.take("'") { return string(until: UInt8(ascii: "'")).map { .string($0) } }
    if cursor.take("\"") { return string(until: UInt8(ascii: "\"")).map { .string($0) } }
    let word = cursor.take {
      switch $0 {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    switch word {
    case "None": return PythonLiteral.none
    case "True": return .boolean(true)
    case "False": return .boolean(false)
    // Python 2 wrote long integers with an L.
    default: return Int(word.hasSuffix("L") ? String(word.dropLast()) : word).map { .integer($0) }
    }
  }

  private mutating func dictionary(depth: Int) -> PythonLiteral? {
    var members: [(key: String, value: PythonLiteral)] = []
    while !cursor.take("}") {
      guard let key = value(depth: depth + 1)?.string, cursor.take(":"),
        let value = value(depth: depth + 1)
      else { return nil }
      members.append((key, value))
      if !cursor.take(",") { return cursor.take("}") ? .dictionary(members) : nil }
    }
    return .dictionary(members)
  }

  /// A parenthesized value without a comma counts as a tuple of one, which no header has.
  private mutating func sequence(until end: Unicode.Scalar, depth: Int) -> [PythonLiteral]? {
    var values: [PythonLiteral] = []
    while !cursor.take(end) {
      guard let value = value(depth: depth + 1) else { return nil }
      values.append(value)
      if !cursor.take(",") { return cursor.take(end) ? values : nil }
    }
    return values
  }

  private mutating func string(until quote: UInt8) -> String? {
    var text = ""
    while true {
      text += cursor.take { $0 != quote && $0 != UInt8(ascii: "\\") }
      guard let mark = cursor.take() else { return nil }
      if mark == quote { return text }
      guard let scalar = escaped() else { return nil }
      text.unicodeScalars.append(scalar)
    }
  }

  /// What follows a backslash.
  private mutating func escaped() -> Unicode.Scalar? {
    switch cursor.take() {
    case UInt8(ascii: "'"): "'"
    case UInt8(ascii: "\""): "\""
    case UInt8(ascii: "\\"): "\\"
    case UInt8(ascii: "n"): "\n"
    case UInt8(ascii: "r"): "\r"
    case UInt8(ascii: "t"): "\t"
    case UInt8(ascii: "x"): cursor.take(hexDigits: 2).flatMap { Unicode.Scalar($0) }
    case UInt8(ascii: "u"): cursor.take(hexDigits: 4).flatMap { Unicode.Scalar($0) }
    case UInt8(ascii: "U"): cursor.take(hexDigits: 8).flatMap { Unicode.Scalar($0) }
    default: nil
    }
  }
}
