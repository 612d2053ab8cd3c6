import AEZip
import ArgumentParser
import Glibc

struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Describe a container or a model: its shape, errors and sizes.",
    discussion: """
      Examples:
        aezip info flights.csv.aez
        aezip info flights.csv.aez --json | jq .
        aezip info - < flights.csv.aez
        aezip info flights.aezm
      """)

  @Argument(
    help: ArgumentHelp("The container or the model, or - for standard input.", valueName: "FILE"))
  var input: String

  @Flag(help: "Print everything that is known as JSON.")
  var json = false

  func run() throws {
    if input.hasSuffix(".aezm") { return try describe(try Model(path: input, log: Log())) }
    let container: Container
    do {
      container = try Container(path: input, log: Log())
    } catch {
      // A model may have another ending.
      guard input != "-", let model = try? Model(path: input, log: Log()) else { throw error }
      return try describe(model)
    }
    let information = try container.blamed { () throws(AEZipError) in
      try container.reader.information()
    }
    if json { return try printOut(information + "\n") }
    let described = Json(Array(information.utf8))
    try printOut(
      heading(container) + parts(described) + modelLine(described) + "\n"
        + fieldTable(container).text
        + Choices(described).text { container.reader.layout.fields[$0].name })
  }

  private func describe(_ loaded: Model) throws {
    let model = loaded.model
    let information = try blaming(loaded.name) { () throws(AEZipError) in try model.information() }
    if json { return try printOut(String(decoding: information, as: UTF8.self) + "\n") }
    var text = "\(loaded.name): \(model.shapeText), \(loaded.byteCount) bytes\n"
    text += "learned from \(model.recordCount) records: \(model.historyText)\n"
    text +=
      "activations \(model.activations.dropFirst().map(\.name).map { "\($0)" }.joined(separator: ", "))\n"
    text += "digest \(Json(information)?["digest"]?.string ?? "")\n\n"
    if !model.history.isEmpty { text += historyTable(model).text + "\n" }
    let fields = model.layout.fields
    let types = Set(fields.map { "\($0.type)" })
    if types.count == 1, fields.allSatisfy({ $0.name.isEmpty }) {
      text += "\(fields.count) fields without names, \(types.first!)\n"
    } else {
      var table = TextTable(["field", "type"])
      for (index, field) in fields.enumerated() {
        table.add([loaded.title(index), "\(field.type)"])
      }
      text += table.text
    }
    try printOut(text)
  }

  /// The losses of about twenty epochs, the last among them.
  private func historyTable(_ model: Autoencoder) -> TextTable {
    var history = TextTable(["epoch", "loss", "held out"])
    let last = model.history.count - 1
    let step = max(1, (last + 1) / 20)
    for epoch in 0...last where epoch % step == 0 || epoch == last {
      let loss = model.history[epoch]
      history.add([
        "\(epoch + 1)", significant(loss.train, 5),
        loss.validation.isNaN ? "" : significant(loss.validation, 5),
      ])
    }
    return history
  }

  /// Where the bytes are: `layout 312, chunks 81200 (2), statistics 520 bytes`.
  private func parts(_ information: Json?) -> String {
    guard case .object(let sections)? = information?["sections"] else { return "" }
    let parts = sections.map { name, section in
      let count = section["count"]?.integer ?? 1
      let bytes = section["bytes"]?.integer ?? 0
      return "\(name) \(bytes)" + (count > 1 ? " (\(count))" : "")
    }
    return parts.joined(separator: ", ") + " bytes\n"
  }

  /// `model deep, 3 latents, 23839 bytes, digest 7d4b...: leaves 24.1 bits a record, 23.0 at training`.
  private func modelLine(_ information: Json?) -> String {
    guard let model = information?["model"] else { return "" }
    var text = "model \(model["kind"]?.string ?? ""), \(model["latents"]?.integer ?? 0) latents"
    if case .bool(true)? = model["embedded"] {
      text += ", \(model["bytes"]?.integer ?? 0) bytes"
    } else {
      text += ", in another file"
    }
    if let digest = model["digest"]?.string { text += ", digest \(digest)" }
    if let bits = model["bits"]?.number {
      text += "\nit leaves about \(fixed(bits, 1)) bits a record"
      if let training = model["training_bits"]?.number {
        text += ", \(fixed(training, 1)) of those it learned from"
      }
    }
    return text + "\n"
  }

  private func heading(_ container: Container) -> String {
    let reader = container.reader
    let recordBytes = reader.layout.fields.reduce(0) { $0 + $1.type.size } * reader.recordCount
    let size = container.file.size!
    let bits = Double(size) * 8 / Double(max(1, reader.recordCount))
    let origin =
      if case .unknown = container.origin { "" } else { ", from .\(container.origin.format)" }
    return """
      \(container.file.name): \(reader.recordCount) records of \(reader.layout.fields.count) \
      fields\(origin)
      \(recordBytes) bytes of values in \(size) bytes: ratio \
      \(fixed(Double(recordBytes) / Double(size), 2)), \(fixed(bits, 1)) bits a record

      """
  }

  private func fieldTable(_ container: Container) -> TextTable {
    var table = TextTable([
      "field", "type", "bound", "largest error", "RMSE", "min", "max", "missing",
    ])
    for (index, field) in container.reader.layout.fields.enumerated() {
      let statistics = container.reader.statistics[index]
      table.add([
        field.name.isEmpty ? "\(index)" : field.name, kind(container, index),
        boundText(container.bound(index)), significant(container.errorLimit(index)),
        significant(statistics.rmse, 3), significant(statistics.minimum),
        significant(statistics.maximum),
        container.isTextOrTime(index) ? "" : "\(statistics.missingCount)",
      ])
    }
    return table
  }

  private func kind(_ container: Container, _ index: Int) -> String {
    let type = "\(container.reader.layout.fields[index].type)"
    guard case .csv(let origin) = container.origin else { return type }
    switch origin.columns[index].style {
    case .text: return "\(type), \(origin.columns[index].texts.count) texts"
    case .time: return "\(type), time"
    case .integer, .decimal, .shortest: return type
    }
  }
}

/// A bound for a reader's eyes.
func boundText(_ bound: Double) -> String {
  bound == 0 ? "exact" : bound < .greatestFiniteMagnitude ? significant(bound) : "none"
}

extension Container {
  /// The largest error that a field's values, as the command restores them, may have.
  func bound(_ index: Int) -> Double {
    if case .csv(let origin) = origin { return origin.columns[index].bound ?? 0 }
    return reader.statistics[index].absoluteBound
  }

  /// No restored value of a field errs by more. What is printed of a CSV column is rounded, which
  /// takes errors away, or leaves them within the bound.
  func errorLimit(_ index: Int) -> Double {
    min(reader.statistics[index].largestError, bound(index))
  }

  func isTextOrTime(_ index: Int) -> Bool {
    guard case .csv(let origin) = origin else { return false }
    switch origin.columns[index].style {
    case .text, .time: return true
    case .integer, .decimal, .shortest: return false
    }
  }
}

/// Writes to standard output.
func printOut(_ text: String) throws {
  var text = text
  let isWritten = text.withUTF8 { writeAll(UnsafeRawBufferPointer($0), to: STDOUT_FILENO) }
  guard isWritten else {
    if errno == EPIPE { throw BrokenPipe() }
    throw Failure(.inputOutput, "standard output", "cannot be written", errno: errno)
  }
}
