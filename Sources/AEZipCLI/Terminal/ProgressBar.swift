import Glibc

/// A line on a terminal that says how far the work is:
///
///     compressing  [###########               ]  43 %  118 MB/s  3 s left
///
/// It appears after 0.3 s, only if standard error is a terminal, and leaves nothing behind.
final class ProgressBar {
  private let verb: String
  private let total: Int
  private let isEnabled: Bool
  private let begin = secondsNow()
  private var nextUpdate: Double
  private var isVisible = false
  private var done = 0

  private static let delay = 0.3
  private static let interval = 0.1
  private static let width = 30

  /// - Parameter total: bytes of all the work; 0 if unknown, then only what is done is shown.
  init(_ verb: String, total: Int, log: Log) {
    self.verb = verb
    self.total = total
    isEnabled = !log.isQuiet && isatty(STDERR_FILENO) == 1
    nextUpdate = begin + Self.delay
  }

  deinit { finish() }

  func advance(by byteCount: Int) {
    done += byteCount
    guard isDue else { return }
    let rate = Double(done) / (secondsNow() - begin)
    show(total > 0 ? Double(done) / Double(total) : nil, "\(fixed(rate / 1e6, 0)) MB/s")
  }

  /// Work that is not counted in bytes.
  ///
  /// - Parameter share: from 0 to 1.
  func update(share: Double, _ detail: String) {
    if isDue { show(share, detail) }
  }

  private var isDue: Bool { isEnabled && secondsNow() >= nextUpdate }

  private func show(_ share: Double?, _ detail: String) {
    let now = secondsNow()
    nextUpdate = now + Self.interval
    isVisible = true
    var line = "\r\(verb)  "
    if let share {
      let marks = Int(min(1, share) * Double(Self.width))
      line += "["
      line += String(repeating: "#", count: marks)
      line += String(repeating: " ", count: Self.width - marks)
      line += "]  \(Int(min(1, share) * 100)) %  "
    }
    line += detail
    if let share, share > 0 {
      let left = (now - begin) * max(0, 1 / share - 1)
      line += "  \(Int(left.rounded(.up))) s left"
    }
    Log.write(line + "\u{1B}[K")
  }

  /// Clears the line.
  func finish() {
    if isVisible { Log.write("\r\u{1B}[K") }
    isVisible = false
  }
}

/// A number with `places` decimals.
func fixed(_ value: Double, _ places: Int) -> String {
  formatted("%.*f", places, value)
}

/// A number with at most `digits` significant digits: 0.00123, 1.2e-07, 1500.
func significant(_ value: Double, _ digits: Int = 6) -> String {
  formatted("%.*g", digits, value)
}

private func formatted(_ format: String, _ precision: Int, _ value: Double) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 400) { buffer in
    _ = withVaList([Int32(precision), value]) {
      vsnprintf(buffer.baseAddress!, buffer.count, format, $0)
    }
    return String(cString: buffer.baseAddress!)
  }
}
