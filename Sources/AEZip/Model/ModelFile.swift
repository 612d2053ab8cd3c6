import CPlatform

// Models in files (`.aezm`): the container format with a layout, a model, an encoder and a history;
// Format.md, section 4.

/// What the sections of a model hold.
enum ModelContent {
  /// The decoder: all that restoring records needs, and what the digest is taken of.
  static func decoder(
    _ kind: AutoencoderKind, _ standardizer: Standardizer, _ network: Network,
    _ precisions: [Precision]
  ) -> [UInt8] {
    var writer = ByteWriter()
    let shape = network.shape
    writer.byte(networkMark)
    writer.byte(kind.rawValue)
    writer.count(shape.fieldCount)
    writer.count(shape.latentCount)
    layers(shape, shape.latent + 1..<shape.last, skip: shape.hasSkip(encoder: false), &writer)
    standardizer.encode(to: &writer)
    network.encode(.decoder, precisions, to: &writer)
    return writer.bytes
  }

  static func encoder(_ network: Network, _ precisions: [Precision]) -> [UInt8] {
    var writer = ByteWriter()
    let shape = network.shape
    layers(shape, 1..<shape.latent, skip: shape.hasSkip(encoder: true), &writer)
    writer.byte(shape.activations[shape.latent].rawValue)
    network.encode(.encoder, precisions, to: &writer)
    return writer.bytes
  }

  /// Other first bytes are other kinds of model.
  static let networkMark: UInt8 = 2

  private static func layers(
    _ shape: NetworkShape, _ nodes: Range<Int>, skip: Bool, _ writer: inout ByteWriter
  ) {
    writer.byte(skip ? 1 : 0)
    writer.count(nodes.count)
    for node in nodes {
      writer.count(shape.widths[node])
      writer.byte(shape.activations[node].rawValue)
    }
  }

  struct Layers {
    var skip = false
    var widths: [Int] = []
    var activations: [Activation] = []

    init(_ reader: inout ByteReader) throws(AEZipError) {
      skip = try reader.byte(below: 2) == 1
      for _ in 0..<(try reader.count(limit: TrainingOptions.mostLayers)) {
        widths.append(try reader.width())
        activations.append(try reader.activation())
      }
      // There is nothing to skip.
      if widths.isEmpty && skip {
        throw .corrupted(what: "the layers of the model", declared: 1, computed: 0)
      }
    }
  }
}

extension ByteReader {
  fileprivate mutating func width() throws(AEZipError) -> Int {
    let width = try count(limit: TrainingOptions.widest)
    guard width > 0 else { throw .corrupted(what: "a layer's width", declared: 0, computed: 1) }
    return width
  }

  fileprivate mutating func activation() throws(AEZipError) -> Activation {
    Activation(rawValue: UInt8(try byte(below: Activation.allCases.count)))!
  }
}

extension Autoencoder {
  /// The bytes of a `.aezm` file.
  ///
  /// - Throws: ``AEZipError/outOfMemory(bytes:)``.
  public func encoded() throws(AEZipError) -> [UInt8] {
    let buffer = try ByteBuffer()
    let sections = SectionWriter { (try? buffer.append($0)) != nil }
    try sections.start()
    try sections.emitPacked(.layout, layout.encoded())
    try sections.emitPacked(.model, decoderContent)
    try sections.emitPacked(.encoder, ModelContent.encoder(network, precisions))
    var writer = ByteWriter()
    writer.count(recordCount)
    writer.count(history.count)
    var losses = history
    losses.append(finalLoss)
    for loss in losses {
      writer.f32(Float(loss.train))
      writer.f32(Float(loss.validation))
    }
    for error in fieldErrors { writer.f32(Float(error)) }
    try sections.emitPacked(.history, writer.bytes)
    try sections.finish()
    return [UInt8](buffer.bytes)
  }

  /// Reads the bytes of a `.aezm` file.
  ///
  /// - Throws: ``AEZipError/notAContainer``, ``AEZipError/unsupportedVersion(found:newest:)``,
  ///   ``AEZipError/truncated(what:needed:available:)``,
  ///   ``AEZipError/corrupted(what:declared:computed:)``,
  ///   ``AEZipError/limitExceeded(what:value:limit:)``, ``AEZipError/modelMismatch(_:_:_:)`` for a
  ///   container of records, ``AEZipError/outOfMemory(bytes:)``.
  public convenience init(decoding bytes: UnsafeRawBufferPointer) throws(AEZipError) {
    let source = ByteSource(bytes: bytes)
    let places = try ContainerReader.readIndex(source).places
    func view(_ section: Format.Section) throws(AEZipError) -> ByteView? {
      var found: ByteView?
      for (place, _) in places where place.type == section.rawValue {
        guard found == nil else {
          throw .corrupted(what: "the order of sections", declared: 2, computed: 1)
        }
        found = try source.packed(place)
      }
      return found
    }
    for (place, _) in places
    where Format.Section(rawValue: place.type) == nil && place.type & Format.optionalBit == 0 {
      throw .unsupportedVersion(
        found: Int(place.type), newest: Int(Format.Section.encoder.rawValue))
    }
    guard let layoutView = try view(.layout), let decoderView = try view(.model),
      let encoderView = try view(.encoder)
    else { throw .modelMismatch("this is a container of records, not a model; give a model file") }
    let layout = try Layout(decoding: layoutView.bytes)
    let historyView = try view(.history)
    defer { withExtendedLifetime((decoderView, encoderView, historyView)) {} }
    try self.init(
      layout: layout, decoder: decoderView.bytes, encoder: encoderView.bytes,
      history: historyView?.bytes)
  }

  /// Reads a model from its sections.
  ///
  /// - Parameters:
  ///   - layout: of the model's fields.
  ///   - encoder: nil: the model can decode only.
  convenience init(
    layout: Layout, decoder: UnsafeRawBufferPointer, encoder: UnsafeRawBufferPointer?,
    history historyBytes: UnsafeRawBufferPointer?
  ) throws(AEZipError) {
    var reader = ByteReader(decoder, what: "the model")
    let mark = try reader.byte()
    guard mark == ModelContent.networkMark else {
      throw .unsupportedVersion(found: Int(mark), newest: Int(ModelContent.networkMark))
    }
    guard let kind = AutoencoderKind(rawValue: try reader.byte()) else {
      throw .corrupted(what: "the kind of the model", declared: 0, computed: 1)
    }
    let fieldCount = try reader.count(limit: layout.fields.count)
    guard fieldCount == layout.fields.count else {
      throw .corrupted(
        what: "the number of fields", declared: fieldCount, computed: layout.fields.count)
    }
    let latentCount = try reader.width()
    let decoderLayers = try ModelContent.Layers(&reader)
    var encoderReader = ByteReader(
      encoder ?? UnsafeRawBufferPointer(start: nil, count: 0), what: "the model's encoder")
    var encoderLayers: ModelContent.Layers?
    var activations: [Activation] = [.identity]
    if encoder != nil {
      encoderLayers = try ModelContent.Layers(&encoderReader)
      activations = encoderLayers!.activations
      activations.append(try encoderReader.activation())
    }
    let shape = NetworkShape(
      fieldCount: fieldCount, encoder: encoderLayers?.widths, latentCount: latentCount,
      decoder: decoderLayers.widths, activations: activations + decoderLayers.activations,
      encoderSkip: encoderLayers?.skip ?? false, decoderSkip: decoderLayers.skip)
    // Each weight takes a byte or two, so what is there bounds what is allocated; those of a tied
    // encoder are as many as the decoder's.
    let available = 2 * reader.remaining + encoderReader.remaining
    guard shape.weightCount <= min(available, Limits.networkWeights) else {
      throw .limitExceeded(
        what: "the weights of the model", value: shape.weightCount,
        limit: min(available, Limits.networkWeights))
    }
    let standardizer = try Standardizer(decoding: &reader, fieldCount: fieldCount)
    let network = try Network.empty(shape)
    let decoderPrecisions = try network.decode(.decoder, from: &reader)
    var plan: ByteBuffer?
    if reader.remaining > 0 {
      let bytes = try reader.take(reader.remaining)
      try ModelPlan.check(bytes, layout, kernels: Kernels())
      plan = try ByteBuffer()
      try plan!.append(bytes)
    }
    let encoderPrecisions = try network.decode(.encoder, from: &encoderReader)
    try encoderReader.expectEnd()

    var history = [EpochLoss]()
    var recordCount = 0
    var fieldErrors: [Double] = []
    var finalLoss = EpochLoss(train: .nan, validation: .nan)
    if let historyBytes {
      var reader = ByteReader(historyBytes, what: "the model's history")
      recordCount = try reader.count()
      let count = try reader.count(limit: reader.remaining)
      for _ in 0..<count {
        history.append(
          EpochLoss(train: Double(try reader.f32()), validation: Double(try reader.f32())))
      }
      finalLoss = EpochLoss(train: Double(try reader.f32()), validation: Double(try reader.f32()))
      if reader.remaining > 0 {
        for _ in 0..<fieldCount { fieldErrors.append(Double(try reader.f32())) }
      }
      try reader.expectEnd()
    }
    self.init(
      kind: kind, layout: layout, standardizer: standardizer, network: network,
      precisions: encoderPrecisions + decoderPrecisions, history: history, finalLoss: finalLoss,
      recordCount: recordCount, fieldErrors: fieldErrors, plan: plan)
  }
}
