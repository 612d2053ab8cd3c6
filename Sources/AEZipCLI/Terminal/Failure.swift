import AEZip
import Glibc

/// The exit codes of sysexits.h that aezip uses.
enum ExitStatus: Int32 {
  /// Wrong arguments.
  case usage = 64
  /// The input is damaged or not of its format.
  case badData = 65
  /// The input is missing or not readable.
  case noInput = 66
  /// A defect of aezip itself.
  case software = 70
  /// The system refused memory or a thread.
  case system = 71
  /// The output exists already or cannot be created.
  case cannotCreate = 73
  /// Reading or writing failed half-way.
  case inputOutput = 74
}

/// An error that ends the command: `aezip: FILE: what is wrong; what to do`.
struct Failure: Error {
  let status: ExitStatus
  /// The file that is to blame, as the user wrote it; nil if it is the arguments.
  let file: String?
  /// What is wrong; what to do.
  let problem: String

  init(_ status: ExitStatus, _ file: String?, _ problem: String) {
    self.status = status
    self.file = file
    self.problem = problem
  }

  /// A failed system call on a file, with the text of `errno`.
  init(_ status: ExitStatus, _ file: String, _ action: String, errno code: Int32) {
    self.init(status, file, "\(action): \(String(cString: strerror(code)).lowercasedFirst)")
  }

  var line: String {
    if let file { "aezip: \(file): \(problem)" } else { "aezip: \(problem)" }
  }
}

/// The reader of our standard output has gone, as `head` does; nobody wants to hear of it.
struct BrokenPipe: Error {}

extension AEZipError {
  var exitStatus: ExitStatus {
    switch self {
    case .invalidArgument: .usage
    case .unrepresentableValue: .badData
    case .notAContainer: .badData
    case .unsupportedVersion: .badData
    case .truncated: .badData
    case .corrupted: .badData
    case .limitExceeded: .badData
    case .modelMismatch, .modelNeeded: .badData
    case .outOfMemory: .system
    case .bufferTooSmall: .software
    case .inputOutput: .inputOutput
    case .cancelled: .software
    }
  }
}

/// Runs a stage of the library and blames `file` for its errors.
///
/// The library only knows that a callback failed; the callback's own error, if there is one, says
/// why.
/// - Parameter status: the exit code, if the error's own does not fit: a layout that a file asks
///   for is bad data, not a wrong argument.
func blaming<Result>(
  _ file: String, as status: ExitStatus? = nil, because cause: () -> (any Error)? = { nil },
  _ body: () throws(AEZipError) -> Result
) throws -> Result {
  do {
    return try body()
  } catch {
    if let cause = cause() { throw cause }
    throw Failure(status ?? error.exitStatus, file, error.message)
  }
}

extension String {
  /// `strerror` begins with a capital; our sentences go on after a colon.
  fileprivate var lowercasedFirst: String {
    first.map { $0.lowercased() + dropFirst() } ?? ""
  }
}
