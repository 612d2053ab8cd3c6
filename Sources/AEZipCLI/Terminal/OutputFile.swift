import Glibc

/// A file that appears complete or not at all: bytes go to a temporary file in the same folder,
/// which ``commit()`` renames. Standard output, pipes and devices are written directly.
final class OutputFile {
  /// As the user wrote it; "standard output" for `-`.
  let name: String
  private(set) var byteCount = 0
  /// What ``tryWrite(_:)`` ran into.
  private(set) var failure: (any Error)?
  private var descriptor: Int32
  private let isStandardOutput: Bool
  /// The temporary file and what it is to become; nil if the output is written directly.
  private var renaming: (temporary: String, final: String)?

  /// - Throws: ``Failure`` with ``ExitStatus/cannotCreate`` if the file exists and `overwrite` is
  ///   false, or if it cannot be created.
  init(path: String, overwrite: Bool) throws {
    isStandardOutput = path == "-"
    name = isStandardOutput ? "standard output" : path
    if isStandardOutput {
      descriptor = dup(STDOUT_FILENO)
      guard descriptor >= 0 else {
        throw Failure(.cannotCreate, name, "is closed", errno: errno)
      }
      return
    }
    var status = stat()
    let exists = stat(path, &status) == 0
    if exists, status.st_mode & S_IFMT != S_IFREG {
      descriptor = open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        throw Failure(.cannotCreate, path, "cannot be written", errno: errno)
      }
      return
    }
    if exists, !overwrite {
      throw Failure(
        .cannotCreate, path, "exists already; give --force to overwrite it, or another -o")
    }
    // A link stays a link: what it points to is replaced.
    let final = exists ? realpath(path, nil).map { String(cString: $0) } ?? path : path
    let folder = final.lastIndex(of: "/").map { String(final[...$0]) } ?? ""
    let file = final.lastIndex(of: "/").map { final[final.index(after: $0)...] } ?? final[...]
    var temporary = ""
    var opened: Int32 = -1
    try Signals.register {
      for _ in 0..<100 where opened < 0 {
        let mark = String(UInt32.random(in: 0...UInt32.max), radix: 36)
        temporary = "\(folder).\(file.prefix(64)).\(mark).aezip-tmp"
        opened = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        if opened < 0, errno != EEXIST { break }
      }
      guard opened >= 0 else {
        throw Failure(.cannotCreate, path, "cannot be created", errno: errno)
      }
      return temporary
    }
    descriptor = opened
    if exists { fchmod(descriptor, status.st_mode & 0o777) }
    renaming = (temporary, final)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Whether ``write(_:at:)`` works.
  var isSeekable: Bool { renaming != nil }

  /// For callbacks of the library: false on failure, which ``failure`` then explains.
  func tryWrite(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard failure == nil else { return false }
    do {
      try write(bytes)
      return true
    } catch {
      failure = error
      return false
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    guard writeAll(bytes, to: descriptor) else { throw failed(errno) }
    byteCount += bytes.count
  }

  /// Writes at a place of a temporary file; does not move the place of ``write(_:)``.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < bytes.count {
      let count = pwrite(
        descriptor, bytes.baseAddress! + done, bytes.count - done, offset + done)
      if count < 0 {
        if errno == EINTR { continue }
        throw failed(errno)
      }
      done += count
    }
    byteCount = max(byteCount, offset + bytes.count)
  }

  /// The file takes its name.
  func commit() throws {
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0 else { throw failed(errno) }
    guard let renaming else { return }
    try Signals.unregister {
      guard rename(renaming.temporary, renaming.final) == 0 else {
        throw Failure(.cannotCreate, name, "cannot be created", errno: errno)
      }
    }
  }

  private func failed(_ code: Int32) -> any Error {
    if code == EPIPE, isStandardOutput { return BrokenPipe() }
    return Failure(.inputOutput, name, "cannot be written", errno: code)
  }
}
