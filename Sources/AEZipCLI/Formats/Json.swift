/// A JSON value, as far as aezip's own metadata and descriptions need it.
indirect enum Json {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([Json])
  case object([(key: String, value: Json)])

  /// Nil unless the bytes are one JSON value and nothing else.
  init?(_ bytes: some Collection<UInt8>) {
    var parser = JsonParser(cursor: ByteCursor(bytes))
    guard let value = parser.value(depth: 0), parser.cursor.isAtEnd else { return nil }
    self = value
  }

  subscript(_ key: String) -> Json? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  var string: String? { if case .string(let text) = self { text } else { nil } }
  var number: Double? { if case .number(let value) = self { value } else { nil } }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var array: [Json]? { if case .array(let values) = self { values } else { nil } }
  var integer: Int? { number.flatMap { Int(exactly: $0) } }

  var text: [UInt8] {
    var output: [UInt8] = []
    append(to: &output)
    return output
  }

  private func append(to output: inout [UInt8]) {
    switch self {
    case .null: output += "null".utf8
    case .bool(let value): output += (value ? "true" : "false").utf8
    case .number(let value):
      if let integer = Int(exactly: value), abs(integer) < 1 << 53 {
        output += "\(integer)".utf8
      } else {
        output += (value.isFinite ? "\(value)" : "null").utf8
      }
    case .string(let text): Json.appendQuoted(text, to: &output)
    case .array(let values):
      output.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        value.append(to: &output)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let members):
      output.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        Json.appendQuoted(member.key, to: &output)
        output.append(UInt8(ascii: ":"))
        member.value.append(to: &output)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  private static func appendQuoted(_ text: String, to output: inout [UInt8]) {
    let hexDigits = Array("0123456789abcdef".utf8)
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
      case UInt8(ascii: "\n"): output += "\\n".utf8
      case 0..<32:
        output += "\\u00".utf8
        output += [hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}

/// A recursive descent; every function returns nil on a syntax error.
private struct JsonParser {
  var cursor: ByteCursor

  private static let deepest = 64

  mutating func value(depth: Int) -> Json? {
    cursor.skipSpace()
    guard depth < Self.deepest, let first = cursor.next else { return nil }
    switch first {
    case UInt8(ascii: "{"): return object(depth: depth)
    case UInt8(ascii: "["): return array(depth: depth)
    case UInt8(ascii: "\""): return string().map { .string($0) }
    case UInt8(ascii: "t"): return cursor.take(word: "true") ? .bool(true) : nil
    case UInt8(ascii: "f"): return cursor.take(word: "false") ? .bool(false) : nil
    case UInt8(ascii: "n"): return cursor.take(word: "null") ? .null : nil
    default: return Double(cursor.take { "+-.eE0123456789".utf8.contains($0) }).map { .number($0) }
    }
  }

  private mutating func object(depth: Int) -> Json? {
    guard cursor.take("{") else { return nil }
    var members: [(key: String, value: Json)] = []
    if cursor.take("}") { return .object(members) }
    repeat {
      cursor.skipSpace()
      guard let key = string(), cursor.take(":"), let value = value(depth: depth + 1) else {
        return nil
      }
      members.append((key, value))
    } while cursor.take(",")
    return cursor.take("}") ? .object(members) : nil
  }

  private mutating func array(depth: Int) -> Json? {
    guard cursor.take("[") else { return nil }
    var values: [Json] = []
    if cursor.take("]") { return .array(values) }
    repeat {
      guard let value = value(depth: depth + 1) else { return nil }
      values.append(value)
    } while cursor.take(",")
    return cursor.take("]") ? .array(values) : nil
  }

  private mutating func string() -> String? {
    guard cursor.next == UInt8(ascii: "\""), cursor.take() != nil else { return nil }
    var text = ""
    while true {
      text += cursor.take { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
      guard let mark = cursor.take() else { return nil }
      if mark == UInt8(ascii: "\"") { return text }
      guard let scalar = escaped() else { return nil }
      text.unicodeScalars.append(scalar)
    }
  }

  /// What follows a backslash.
  private mutating func escaped() -> Unicode.Scalar? {
    switch cursor.take() {
    case UInt8(ascii: "n"): "\n"
    case UInt8(ascii: "t"): "\t"
    case UInt8(ascii: "r"): "\r"
    case UInt8(ascii: "b"): "\u{8}"
    case UInt8(ascii: "f"): "\u{C}"
    case UInt8(ascii: "\""): "\""
    case UInt8(ascii: "\\"): "\\"
    case UInt8(ascii: "/"): "/"
    case UInt8(ascii: "u"): hexadecimal()
    default: nil
    }
  }

  /// Four digits, or two groups of them for a surrogate pair.
  private mutating func hexadecimal() -> Unicode.Scalar? {
    guard let first = cursor.take(hexDigits: 4) else { return nil }
    guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) }
    guard cursor.take(word: "\\u"), let second = cursor.take(hexDigits: 4),
      (0xDC00..<0xE000).contains(second)
    else { return nil }
    return Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
  }
}
