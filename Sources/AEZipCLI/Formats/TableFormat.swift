import ArgumentParser

/// The kinds of tables that the command reads and writes.
enum TableFormat: String, CaseIterable, ExpressibleByArgument {
  case npy, csv, f32, f64

  /// By the ending of a path; nil if it is none of ours.
  init?(endingOf path: String) {
    guard let dot = path.lastIndex(of: "."), !path[dot...].contains("/") else { return nil }
    self.init(rawValue: path[path.index(after: dot)...].lowercased())
  }

  static let choices = allCases.map(\.rawValue).joined(separator: ", ")
}
