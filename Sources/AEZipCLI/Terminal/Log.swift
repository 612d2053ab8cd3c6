import Glibc

/// What the user reads on standard error beside errors.
struct Log {
  var isQuiet = false
  var isVerbose = false

  /// One line at the end of the work.
  func summary(_ text: String) {
    if !isQuiet { Log.write("aezip: \(text)\n") }
  }

  /// What the user should know though the work succeeds.
  func note(_ text: String) {
    if !isQuiet { Log.write("aezip: note: \(text)\n") }
  }

  /// How it was done, under `--verbose`.
  func detail(_ text: String) {
    if isVerbose { Log.write("aezip: \(text)\n") }
  }

  static func write(_ text: String) {
    var text = text
    text.withUTF8 { _ = writeAll(UnsafeRawBufferPointer($0), to: STDERR_FILENO) }
  }
}

/// Seconds on a clock that only goes forward.
func secondsNow() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
