import Glibc

/// A file or pipe that is read by offset.
final class InputFile {
  /// As the user wrote it; "standard input" for `-`.
  let name: String
  /// Bytes; nil for a pipe, which can only be read forward, once.
  private(set) var size: Int?
  private var descriptor: Int32
  /// Where offset 0 lies in the descriptor's file: standard input may be a file that another
  /// command has read from, and what was read of a pipe before spooling is not in the spool.
  private var base = 0
  /// The next offset of a pipe.
  private var position = 0

  /// - Throws: ``Failure`` with ``ExitStatus/noInput`` if it is missing, unreadable or a directory.
  init(path: String) throws {
    name = path == "-" ? "standard input" : path
    descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      guard code != ENOENT else {
        throw Failure(.noInput, name, "there is no such file; check the name")
      }
      throw Failure(.noInput, name, "cannot be opened", errno: code)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw Failure(.noInput, name, "cannot be examined", errno: errno)
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw Failure(.noInput, name, "is a directory; give a file")
    }
    if path == "-", isatty(descriptor) == 1 {
      throw Failure(.usage, name, "is a terminal; pipe a file into it or name one")
    }
    // Files of /proc have contents, but no size; they are read like pipes.
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { return }
    base = max(0, Int(lseek(descriptor, 0, SEEK_CUR)))
    size = max(0, Int(status.st_size) - base)
  }

  deinit { close(descriptor) }

  /// Fills `buffer` from `offset`; returns fewer bytes only at the end of the file. Several threads
  /// may read a seekable file.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    precondition(size != nil || offset == position, "a pipe is read in order")
    var filled = 0
    while filled < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
      let count =
        size == nil
        ? Glibc.read(descriptor, rest.baseAddress, rest.count)
        : pread(descriptor, rest.baseAddress, rest.count, base + offset + filled)
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        throw Failure(.inputOutput, name, "cannot be read", errno: errno)
      }
      filled += count
    }
    if size == nil { position += filled }
    return filled
  }

  /// Makes a pipe readable at every offset: its bytes go to a temporary file without a name, which
  /// vanishes with this process however it ends. Files are left as they are. What has been read of
  /// a pipe already cannot be read again.
  func makeSeekable(because reason: String, log: Log) throws {
    guard size == nil else { return }
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(folder)/aezip-XXXXXX".utf8CString)
    let spool = mkstemp(&template)
    guard spool >= 0 else {
      throw Failure(.cannotCreate, folder, "no temporary file can be created", errno: errno)
    }
    unlink(template)
    log.detail("\(name): spooled to a temporary file in \(folder), because \(reason)")
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { buffer.deallocate() }
    let consumed = position
    var total = consumed
    while true {
      let count = try read(at: total, into: buffer)
      if count == 0 { break }
      guard writeAll(UnsafeRawBufferPointer(rebasing: buffer[..<count]), to: spool) else {
        let code = errno
        close(spool)
        throw Failure(
          .inputOutput, folder,
          "temporary file: \(String(cString: strerror(code))); set TMPDIR to a folder with space")
      }
      total += count
    }
    close(descriptor)
    descriptor = spool
    base = -consumed
    size = total
  }
}

/// Writes everything; false, with `errno` set, if that fails.
func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
  var done = 0
  while done < bytes.count {
    let count = write(descriptor, bytes.baseAddress! + done, bytes.count - done)
    if count < 0 {
      if errno == EINTR { continue }
      return false
    }
    done += count
  }
  return true
}
