/// Everything that can go wrong, one case for each party who must act.
///
/// Each case has one C status (`aez_status`), one Python exception and one exit code of the command.
public enum AEZipError: Error {
  /// The caller must change an argument; the text says which and how.
  case invalidArgument(String)
  /// A value cannot be stored as asked. `record` and `field` are indices.
  case unrepresentableValue(record: Int, field: Int, String)
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
  /// Another model is needed, or the model has other fields.
  case modelMismatch(String)
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
    case .modelMismatch: 8
    case .outOfMemory: 9
    case .bufferTooSmall: 10
    case .inputOutput: 11
    case .cancelled: 12
    }
  }

  /// What is wrong and what to do, in one line of English without the file's name.
  public var message: String {
    switch self {
    case .invalidArgument(let text): text
    case .unrepresentableValue(let record, let field, let text):
      "record \(record), field \(field): \(text)"
    case .notAContainer: "not an aezip container or model; give a file that aezip wrote"
    case .unsupportedVersion(let found, let newest):
      "format version \(found), but this aezip reads up to \(newest); update aezip"
    case .truncated(let what, let needed, let available):
      "truncated: \(what) needs \(needed) bytes, \(available) are there; fetch the whole file again"
    case .corrupted(let what, let declared, let computed):
      "corrupted: \(what) is declared \(declared), found \(computed); fetch the file again"
    case .limitExceeded(let what, let value, let limit):
      "\(what) is \(value), above the limit of \(limit)"
    case .modelMismatch(let text): text
    case .outOfMemory(let bytes): "out of memory: \(bytes) bytes refused"
    case .bufferTooSmall(let needed, let available):
      "the buffer holds \(available) bytes, \(needed) are needed"
    case .inputOutput(let what): "\(what) failed"
    case .cancelled: "cancelled"
    }
  }
}
