/// What the container's metadata say of the file that was compressed: a JSON object with the key
/// "aezip". Others may keep what they like there; it is then ``unknown``.
enum Origin {
  case npy(NpyOrigin)
  case csv(CsvOrigin)
  case raw(TableFormat)
  case unknown

  static let key = "aezip"

  init(metadata: [UInt8]) {
    self = .unknown
    guard let json = Json(metadata)?[Self.key],
      let format = json["format"]?.string.flatMap({ TableFormat(rawValue: $0) })
    else { return }
    switch format {
    case .npy: if let origin = NpyOrigin(json) { self = .npy(origin) }
    case .csv: if let origin = CsvOrigin(json) { self = .csv(origin) }
    case .f32, .f64: self = .raw(format)
    }
  }

  /// The format in which the table comes back unless another is asked for.
  var format: TableFormat {
    switch self {
    case .npy: .npy
    case .csv: .csv
    case .raw(let format): format
    case .unknown: .npy
    }
  }

  static func metadata(_ format: TableFormat, _ members: [(key: String, value: Json)]) -> Json {
    .object([(key, .object([("format", .string(format.rawValue))] + members))])
  }
}
