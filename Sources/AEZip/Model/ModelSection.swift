// The model of a container of records: Format.md, section 4.5.

extension RecordModel {
  /// Other first bytes are other kinds of section; 1 is a linear model of versions 1 and 2.
  static let embeddedMark: UInt8 = 3
  static let referenceMark: UInt8 = 4
  /// The same, and the model's fields are those of the container in their order.
  static let sameReferenceMark: UInt8 = 5

  /// The section that holds the decoder, or its digest alone.
  ///
  /// - Parameter fieldCount: of the container; 0: not known.
  func section(embedded: Bool, fieldCount: Int = 0) -> [UInt8] {
    var writer = ByteWriter()
    var isSame = !embedded && places.count == fieldCount
    for index in 0..<places.count where places[index] != index { isSame = false }
    writer.byte(
      embedded ? Self.embeddedMark : isSame ? Self.sameReferenceMark : Self.referenceMark)
    if !isSame {
      writer.count(places.count)
      for place in places { writer.count(place) }
    }
    if embedded { return writer.bytes + model.decoderContent }
    writer.byte(model.kind.rawValue)
    writer.count(model.latentCount)
    for byte in model.digest { writer.byte(byte) }
    return writer.bytes
  }

  /// Bytes of the decoder in a container.
  func packedSize() throws(AEZipError) -> Int {
    let (plain, packed) = (try ByteBuffer(section(embedded: true)), try ByteBuffer())
    try withExtendedLifetime(plain) { () throws(AEZipError) in
      _ = try Zlib().pack(plain.bytes, .full(6), to: packed)
    }
    return packed.count
  }
}

extension ContainerModel {
  /// - Parameters:
  ///   - encoder: the section of the model's encoder, if there is one.
  ///   - given: the model that the section may refer to.
  /// - Throws: ``AEZipError/modelNeeded(_:_:_:_:)`` if it refers to another model than is given.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, encoder: UnsafeRawBufferPointer?, layout: Layout,
    given: Autoencoder?
  ) throws(AEZipError) -> (ContainerModel, ModelReference?) {
    var reader = ByteReader(bytes, what: "the model")
    let mark = try reader.byte()
    guard mark >= RecordModel.embeddedMark, mark <= RecordModel.sameReferenceMark else {
      let model = try LinearAutoencoder(decoding: bytes, fieldCount: layout.fields.count)
      return (.linear(model), nil)
    }
    var places: [Int] = []
    if mark == RecordModel.sameReferenceMark {
      places = Array(layout.fields.indices)
    } else {
      for _ in 0..<(try reader.count(limit: layout.fields.count)) {
        places.append(try reader.count(limit: layout.fields.count - 1))
      }
    }
    if mark == RecordModel.embeddedMark {
      let view = try RecordModel.view(places, layout)
      let model = try Autoencoder(
        layout: view, decoder: try reader.take(reader.remaining), encoder: encoder, history: nil)
      let reference = ModelReference(
        kind: model.kind, latentCount: model.latentCount, digest: model.digest, places: places,
        isEmbedded: true)
      return (.network(try RecordModel(model, places: places, layout: layout)), reference)
    }
    guard let kind = AutoencoderKind(rawValue: try reader.byte()) else {
      throw .corrupted(what: "the kind of the model", declared: 0, computed: 1)
    }
    let reference = ModelReference(
      kind: kind, latentCount: try reader.count(limit: TrainingOptions.widest),
      digest: [UInt8](try reader.take(32)), places: places)
    try reader.expectEnd()
    guard let given else { return (.missing(reference), reference) }
    guard given.digest == reference.digest else { throw reference.error }
    guard given.fieldCount == places.count, given.latentCount == reference.latentCount else {
      throw .corrupted(
        what: "the fields of the model", declared: places.count, computed: given.fieldCount)
    }
    return (.network(try RecordModel(given, places: places, layout: layout)), reference)
  }
}
