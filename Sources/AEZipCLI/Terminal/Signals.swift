import Glibc

/// The one temporary file of this process, for the handler: a C string, so that it needs no
/// runtime.
nonisolated(unsafe) private var temporaryPath: UnsafeMutablePointer<CChar>?

/// Removes the temporary file when the user or the system ends the command early.
enum Signals {
  private static let deadly = [SIGINT, SIGTERM, SIGHUP]

  /// Removes the temporary file on Ctrl-C and exits with 130, as a shell would say it.
  /// Writes to closed pipes and beyond file size limits become errors instead of signals.
  static func install() {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    for number in deadly {
      // A command started with nohup keeps ignoring what it was told to ignore.
      var previous = sigaction()
      sigaction(number, nil, &previous)
      let ignored = unsafeBitCast(previous.__sigaction_handler.sa_handler, to: Int.self) == 1
      if ignored { continue }
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { number in
        if let path = temporaryPath { unlink(path) }
        _exit(128 + number)
      }
      sigaction(number, &action, nil)
    }
  }

  /// Creates a temporary file that an early end removes; `create` returns its path or nil.
  static func register(_ create: () throws -> String) rethrows {
    try blocked {
      let path = try create()
      temporaryPath = strdup(path)
    }
  }

  /// Runs `settle`, which renames or removes the temporary file, and forgets it.
  static func unregister(_ settle: () throws -> Void) rethrows {
    try blocked {
      try settle()
      free(temporaryPath)
      temporaryPath = nil
    }
  }

  /// Removes the temporary file, if there is one. Every exit by error calls this.
  static func removeTemporaryFile() {
    unregister { if let path = temporaryPath { unlink(path) } }
  }

  private static func blocked(_ body: () throws -> Void) rethrows {
    var set = sigset_t()
    var previous = sigset_t()
    sigemptyset(&set)
    for number in deadly { sigaddset(&set, number) }
    pthread_sigmask(SIG_BLOCK, &set, &previous)
    defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
    try body()
  }
}
