import AEZip
import ArgumentParser

/// The bounds that a user asks for: one for all fields, and others for some.
struct BoundArguments: ParsableArguments {
  @Option(help: ArgumentHelp("Bound of R times each field's range (max - min).", valueName: "R"))
  var rel: Double?

  @Option(help: ArgumentHelp("Bound of A in each field's own unit.", valueName: "A"))
  var abs: Double?

  @Flag(help: "Keep every value as it is.")
  var exact = false

  @Option(
    help: ArgumentHelp(
      "Root mean squared error, over each field's standard deviation, instead of bounds.",
      valueName: "X"))
  var nrmse: Double?

  @Option(
    help:
      "Numbers that the model keeps of a record [as many as pay]; without a bound, nothing else.")
  var latents: Int?

  @Option(
    help: ArgumentHelp(
      "Another bound for one field: its name, or its number from 0. May be repeated.",
      valueName: "NAME=rel:R|abs:A|exact"))
  var field: [FieldBound] = []

  func validate() throws {
    let count = [rel != nil, abs != nil, exact, nrmse != nil].count { $0 }
    guard count == 1 || count == 0 && latents ?? 0 > 0 else {
      throw ValidationError(
        "give one of --rel R, --abs A, --exact (the bound of all fields) and --nrmse X, or "
          + "--latents K alone")
    }
    if let latents, !(0...Layout.largestFieldCount).contains(latents) {
      throw ValidationError("--latents \(latents) must be 0 to \(Layout.largestFieldCount)")
    }
    if let nrmse, !(nrmse > 0 && nrmse < 1) {
      throw ValidationError("--nrmse \(nrmse) must be above 0 and below 1")
    }
    for (option, bound) in [("--rel", rel), ("--abs", abs)] {
      guard let bound else { continue }
      guard bound.isFinite, bound >= 0 else {
        throw ValidationError("\(option) \(bound) must be a number from 0")
      }
    }
  }

  private var common: Bound {
    if let rel { return .relative(rel) }
    if let abs { return .absolute(abs) }
    return exact ? .exact : .free
  }

  var needsRanges: Bool {
    ([common] + field.map(\.bound)).contains { if case .relative = $0 { true } else { false } }
  }

  /// The bound of every field of a table.
  /// - Throws: ``Failure`` if a named field is missing, ambiguous or always exact.
  func bounds(of source: any RecordSource) throws -> [Bound] {
    var bounds = [Bound](repeating: common, count: source.fields.count)
    if common == .free {
      for index in bounds.indices where source.mustBeExact(index) { bounds[index] = .exact }
    }
    for wish in field {
      let index = try fieldIndex(wish.name, source.fields, file: source.file.name)
      guard wish.bound == .exact || !source.mustBeExact(index) else {
        throw Failure(
          .usage, source.file.name,
          "field '\(wish.name)' holds texts, times or booleans, which are always exact; "
            + "leave out its --field")
      }
      bounds[index] = wish.bound
    }
    return bounds
  }
}

/// `NAME=rel:R`, `NAME=abs:A` or `NAME=exact`.
struct FieldBound: ExpressibleByArgument {
  let name: String
  let bound: Bound

  init?(argument: String) {
    guard let mark = argument.lastIndex(of: "=") else { return nil }
    name = String(argument[..<mark])
    let wish = argument[argument.index(after: mark)...]
    if wish == "exact" {
      bound = .exact
      return
    }
    let parts = wish.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let value = Double(parts[1]), value.isFinite, value >= 0 else {
      return nil
    }
    switch parts[0] {
    case "rel": bound = .relative(value)
    case "abs": bound = .absolute(value)
    default: return nil
    }
  }
}

/// The field of a name, or of a number from 0 if no field has that name.
func fieldIndex(_ name: String, _ fields: [Field], file: String) throws -> Int {
  let matches = fields.indices.filter { fields[$0].name == name }
  if matches.count == 1 { return matches[0] }
  guard matches.isEmpty else {
    throw Failure(
      .usage, file,
      "\(matches.count) fields are called '\(name)'; give a number, "
        + "\(matches.map { "\($0)" }.joined(separator: " or "))")
  }
  if let number = Int(name), fields.indices.contains(number) { return number }
  throw Failure(.usage, file, "no field '\(name)'; there are \(listed(fields))")
}

/// Names for a message, not more than a reader can bear.
private func listed(_ fields: [Field]) -> String {
  guard fields.contains(where: { !$0.name.isEmpty }) else {
    return "unnamed fields 0 to \(fields.count - 1)"
  }
  let most = 40
  let names = fields.prefix(most).map { "'\($0.name)'" }.joined(separator: ", ")
  return fields.count > most ? "\(names) and \(fields.count - most) more" : names
}
