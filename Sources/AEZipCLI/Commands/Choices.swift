import AEZip

/// What was chosen for each field, and what it takes: the second part of what `aezip info` prints.
/// It is measured on the first chunk.
struct Choices {
  private let chunk: Json?
  private let fields: [Json]

  init(_ information: Json?) {
    chunk = information?["first_chunk"]
    fields = information?["fields"]?.array ?? []
  }

  /// Empty without records.
  func text(_ name: (Int) -> String) -> String {
    guard let chunk else { return "" }
    var table = TextTable([
      "field", "bits", "alone", "from", "splits", "classes", "exceptions", "plan bytes", "how",
    ])
    for (index, field) in fields.enumerated() {
      table.add(["\(index) \(name(index))"] + cells(field))
    }
    for (index, latent) in (chunk["latents"]?.array ?? []).enumerated() {
      table.add(["latent \(-1 - index)"] + cells(latent))
    }
    return "\n" + heading(chunk) + "\n" + table.text
  }

  private func heading(_ chunk: Json) -> String {
    let records = chunk["records"]?.integer ?? 0
    let repeats = chunk["repeated_records"]?.integer ?? 0
    var text = "How it is coded, in the first chunk of \(records) records: "
    if repeats > 0 {
      text += "\(repeats) repeat others (\(chunk["repeat_bytes"]?.integer ?? 0) bytes); "
    }
    text += "plan \(chunk["header_bytes"]?.integer ?? 0) bytes, "
    text += "predictions in \(chunk["precision"]?.string ?? "").\n"
    return text + """
      bits: of a value's code. alone: without prediction. from: values that it is predicted from, by \
      number,
      a dash for each record before. splits: of its tree. classes: of its codes, each with a table.

      """
  }

  private func cells(_ field: Json) -> [String] {
    let alone = field["bits_alone"]?.number.map { fixed($0, 2) } ?? ""
    return [
      fixed(field["bits_per_value"]?.number ?? 0, 2), alone, count(field, "regressors"),
      count(field, "splits"), alone.isEmpty ? "" : count(field, "classes"),
      count(field, "exceptions"), "\(Int((field["plan_bytes"]?.number ?? 0).rounded()))",
      shortened(field["coding"]?.string ?? ""),
    ]
  }

  private func count(_ field: Json, _ key: String) -> String {
    let count = field[key]?.integer ?? 0
    return count > 0 ? "\(count)" : ""
  }

  /// `--json` tells it in full.
  private func shortened(_ coding: String) -> String {
    coding.count > 64 ? coding.prefix(61) + "..." : coding
  }
}
