import CPlatform

/// Everything that can go wrong, one case for each party who must act.
///
/// Each case has one C status (`aez_status`), one Python exception and one exit code of the command.
/// Errors own no memory, so that throwing costs nothing; texts are put together when asked for.
public indirect enum AEZipError: Error {
  /// The caller must change an argument. In the text each `#` stands for the next number, and `@`
  /// for the name.
  case invalidArgument(StaticString, Int = 0, Int = 0, name: StaticString = "")
  /// A value cannot be stored as asked. `record` and `field` are indices.
  case unrepresentableValue(record: Int, field: Int, StaticString)
  /// The bytes do not begin as a container or model file does.
  case notAContainer
  /// Written by a newer aezip: the file's format version, and the newest that this library reads.
  case unsupportedVersion(found: Int, newest: Int)
  /// Bytes are missing: how many bytes `what` needs, and how many there are.
  case truncated(what: StaticString, needed: Int, available: Int)
  /// A checksum or a declared value is wrong.
  case corrupted(what: StaticString, declared: Int, computed: Int)
  /// Larger than this library accepts.
  case limitExceeded(what: StaticString, value: Int, limit: Int)
  /// Another model is needed, or the model has other fields. `#` as in an invalid argument.
  case modelMismatch(StaticString, Int = 0, Int = 0)
  /// A container needs a model that is not in it; its digest, the first byte in the highest place.
  case modelNeeded(UInt64, UInt64, UInt64, UInt64)
  /// Memory could not be allocated; `bytes` is the size of the refused request.
  case outOfMemory(bytes: Int)
  /// The caller's buffer is too small.
  case bufferTooSmall(needed: Int, available: Int)
  /// A callback that reads or writes reported failure.
  case inputOutput(StaticString)
  /// A callback asked to stop.
  case cancelled
}

extension AEZipError {
  /// The number of the case in `aez.h`, fixed for good.
  public var status: Int32 {
    switch self {
    case .invalidArgument: 1
    case .unrepresentableValue: 2
    case .notAContainer: 3
    case .unsupportedVersion: 4
    case .truncated: 5
    case .corrupted: 6
    case .limitExceeded: 7
    case .modelMismatch, .modelNeeded: 8
    case .outOfMemory: 9
    case .bufferTooSmall: 10
    case .inputOutput: 11
    case .cancelled: 12
    }
  }

  /// What is wrong and what to do, in one line of English without the file's name.
  public var message: String { String(decoding: messageBytes, as: UTF8.self) }

  /// ``message`` in UTF-8.
  public var messageBytes: [UInt8] {
    switch self {
    case .invalidArgument(let text, let first, let second, let name):
      Self.fill(text, first, second, name)
    case .unrepresentableValue(let record, let field, let text):
      Self.fill("record #, field #: @", record, field, text)
    case .notAContainer:
      Self.fill("not an aezip container or model; give a file that aezip wrote", 0, 0, "")
    case .unsupportedVersion(let found, let newest):
      Self.fill("format version #, but this aezip reads up to #; update aezip", found, newest, "")
    case .truncated(let what, let needed, let available):
      Self.fill(
        "truncated: @ needs # bytes, # are there; fetch the whole file again", needed, available,
        what)
    case .corrupted(let what, let declared, let computed):
      Self.fill(
        "corrupted: @ is declared #, found #; fetch the file again", declared, computed, what)
    case .limitExceeded(let what, let value, let limit):
      Self.fill("@ is #, above the limit of #", value, limit, what)
    case .modelMismatch(let text, let first, let second):
      Self.fill(text, first, second, "")
    case .modelNeeded(let a, let b, let c, let d):
      Self.digestText([a, b, c, d])
    case .outOfMemory(let bytes):
      Self.fill("out of memory: # bytes refused", bytes, 0, "")
    case .bufferTooSmall(let needed, let available):
      Self.fill("the buffer holds # bytes, # are needed", available, needed, "")
    case .inputOutput(let what):
      Self.fill("@ failed", 0, 0, what)
    case .cancelled:
      Self.fill("cancelled", 0, 0, "")
    }
  }

  @inline(never)
  private static func digestText(_ words: [UInt64]) -> [UInt8] {
    var bytes = fill("the container needs the model with digest ", 0, 0, "")
    for word in words {
      for shift in 0..<8 {
        bytes.append(hexadecimal: UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * shift)))
      }
    }
    bytes.append(text: "; give that model")
    return bytes
  }

  /// Numbers for the `#` of a text, in order, and the name for `@`.
  @inline(never)
  private static func fill(
    _ text: StaticString, _ first: Int, _ second: Int, _ name: StaticString
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    var next = first
    for index in 0..<text.utf8CodeUnitCount {
      let byte = text.utf8Start[index]
      switch byte {
      case 0x23:
        bytes.append(decimal: next)
        next = second
      case 0x40:
        for place in 0..<name.utf8CodeUnitCount { bytes.append(name.utf8Start[place]) }
      default: bytes.append(byte)
      }
    }
    return bytes
  }
}

extension [UInt8] {
  /// The decimal digits of a number, as ASCII.
  @inline(never)
  mutating func append(decimal value: Int) {
    var digits: [UInt8] = []
    var rest = value.magnitude
    repeat {
      digits.append(UInt8(0x30 + rest % 10))
      rest /= 10
    } while rest > 0
    if value < 0 { append(0x2D) }
    append(contentsOf: digits.reversed())
  }

  /// A finite number in decimal, with as few digits as give it back.
  @inline(never)
  mutating func append(shortest value: Double) {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { text in
      let count = aez_format(value, text.baseAddress!)
      for index in 0..<Int(count) { append(UInt8(bitPattern: text[index])) }
    }
  }

  /// Two digits.
  @inline(never)
  mutating func append(hexadecimal byte: UInt8) {
    for digit in [byte >> 4, byte & 15] { append(digit + (digit < 10 ? 0x30 : 0x57)) }
  }

  @inline(never)
  mutating func append(text: StaticString) {
    for index in 0..<text.utf8CodeUnitCount { append(text.utf8Start[index]) }
  }
}
