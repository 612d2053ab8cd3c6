/// Whether bytes are text in UTF-8 (RFC 3629): no stray or missing continuation, no longer form than
/// needed, no surrogate, nothing above U+10FFFF.
func isUTF8(_ bytes: [UInt8]) -> Bool {
  var index = 0
  while index < bytes.count {
    let lead = bytes[index]
    index += 1
    if lead < 0x80 { continue }
    let length =
      switch lead {
      case 0xC2...0xDF: 1
      case 0xE0...0xEF: 2
      case 0xF0...0xF4: 3
      default: 0
      }
    guard length > 0, length <= bytes.count - index else { return false }
    // What the second byte must be so that the character is none of the forbidden.
    let second = bytes[index]
    switch lead {
    case 0xE0 where second < 0xA0: return false
    case 0xED where second > 0x9F: return false
    case 0xF0 where second < 0x90: return false
    case 0xF4 where second > 0x8F: return false
    default: break
    }
    for _ in 0..<length {
      guard bytes[index] & 0xC0 == 0x80 else { return false }
      index += 1
    }
  }
  return true
}
