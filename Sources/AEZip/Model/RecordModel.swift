import CPlatform

/// A model applied to the records of a container: which of their fields are the model's.
final class RecordModel: @unchecked Sendable {
  let model: Autoencoder
  /// For each field of the model the field of the records.
  let places: [Int]
  /// The model's fields in the records.
  let view: Layout

  private init(_ model: Autoencoder, places: [Int], view: Layout) {
    self.model = model
    self.places = places
    self.view = view
  }

  /// - Throws: ``AEZipError/corrupted(what:declared:computed:)`` if a place is no field, or twice.
  convenience init(_ model: Autoencoder, places: [Int], layout: Layout) throws(AEZipError) {
    self.init(model, places: places, view: try Self.view(places, layout))
  }

  /// Finds the model's fields by their names, or, where one has none, by their order.
  ///
  /// - Throws: ``AEZipError/modelMismatch(_:_:_:)`` that says which field is missing.
  convenience init(_ model: Autoencoder, layout: Layout) throws(AEZipError) {
    var places: [Int] = []
    for index in 0..<model.fieldCount {
      let name = model.layout.fields[index].nameBytes
      var found: Int?
      if model.fieldCount == layout.fields.count {
        let other = layout.fields[index].nameBytes
        if name.isEmpty || other.isEmpty || name == other { found = index }
      }
      if found == nil && !name.isEmpty {
        found = layout.fields.indices.first { layout.fields[$0].nameBytes == name }
      }
      guard let found else {
        throw .modelMismatch(
          "the records have no field that is the model's field # of #; give the model of these records",
          index, model.fieldCount)
      }
      places.append(found)
    }
    try self.init(model, places: places, layout: layout)
  }

  /// The model's fields as a layout of the same records.
  static func view(_ places: [Int], _ layout: Layout) throws(AEZipError) -> Layout {
    var isTaken = [Bool](repeating: false, count: layout.fields.count)
    var fields: [Field] = []
    for place in places {
      guard place < isTaken.count, !isTaken[place] else {
        throw .corrupted(
          what: "a field of the model", declared: place, computed: layout.fields.count)
      }
      isTaken[place] = true
      fields.append(layout.fields[place])
    }
    return try Layout(fields: fields, recordSize: layout.recordSize)
  }

  var latentCount: Int { model.latentCount }

  /// Records to latents; missing values count as the mean.
  ///
  /// - Throws: ``AEZipError/modelMismatch(_:_:_:)`` if the model has no encoder.
  func encode(
    _ records: UnsafeRawBufferPointer, into latents: UnsafeMutablePointer<Float>, threads: Int
  ) throws(AEZipError) {
    guard model.network.shape.hasEncoder else {
      throw .modelMismatch(
        "the container keeps the model's decoder alone; give the model that it was made with")
    }
    let count = records.count / view.recordSize * latentCount
    try model.encode(
      records, layout: view,
      into: UnsafeMutableBufferPointer(start: latents, count: count), threads: threads)
  }

  /// What the decoder's outputs add to predictions, in the code units of columns that are fields:
  ///
  ///     p = a + b * output        a = ((mean - base) * scale_c - origin) / unit        b = scale * scale_c / unit
  func terms(columns: [Column]) -> ModelTerms {
    var terms = ModelTerms()
    terms.network = model
    var largest = 0
    for place in places { largest = max(largest, place) }
    var outputs = [Int](repeating: -1, count: largest + 1)
    for index in 0..<places.count { outputs[places[index]] = index }
    for column in columns {
      let field = column.field!
      let output = field < outputs.count ? outputs[field] : -1
      terms.outputs.append(output)
      guard output >= 0 else {
        terms.decode.append([0, 0])
        continue
      }
      let standardizer = model.standardizer
      let mean = standardizer.mean(output) - Double(column.integerOrigin)
      terms.decode.append([
        (mean * column.scale - column.origin) / column.unit,
        standardizer.scales[output] * column.scale / column.unit,
      ])
    }
    return terms
  }
}

/// What a container's model section holds.
enum ContainerModel: Sendable {
  /// Versions 1 and 2.
  case linear(LinearAutoencoder)
  case network(RecordModel)
  /// Another file holds it.
  case missing(ModelReference)

  var latentCount: Int {
    switch self {
    case .linear(let model): model.latentCount
    case .network(let model): model.latentCount
    case .missing(let reference): reference.latentCount
    }
  }
}

/// A model by its digest.
struct ModelReference: Sendable {
  var kind: AutoencoderKind
  var latentCount: Int
  var digest: [UInt8]
  var places: [Int]
  var isEmbedded = false

  /// What reading throws without the model.
  var error: AEZipError {
    var words: [UInt64] = [0, 0, 0, 0]
    for index in 0..<32 { words[index / 8] = words[index / 8] << 8 | UInt64(digest[index]) }
    return .modelNeeded(words[0], words[1], words[2], words[3])
  }
}
