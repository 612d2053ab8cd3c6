// What a container says of itself, as JSON.

extension ContainerReader {
  /// A description as JSON: shape, fields, bounds, errors, sections, what was chosen and why.
  ///
  /// Numbers that JSON cannot hold (NaN, infinities) are null.
  /// - Throws: what reading throws.
  public func information() throws(AEZipError) -> String {
    String(decoding: try informationBytes(), as: UTF8.self)
  }

  /// ``information()`` in UTF-8.
  public func informationBytes() throws(AEZipError) -> [UInt8] {
    var json = JSONWriter()
    json.open()
    json.key("format_version")
    json.number(version)
    json.key("records")
    json.number(recordCount)
    json.key("record_size")
    json.number(layout.recordSize)
    json.key("bytes")
    json.number(size)
    json.key("metadata_bytes")
    json.number(metadata.count)
    json.key("sections")
    json.open()
    for section in [
      Format.Section.layout, .model, .encoder, .metadata, .chunk, .statistics,
    ] {
      var count = 0
      var bytes = 0
      for place in sections where place.type == section.rawValue {
        count += 1
        bytes += place.length + Format.sectionHeaderSize
      }
      guard count > 0 else { continue }
      json.key(section.name)
      json.open()
      json.key("count")
      json.number(count)
      json.key("bytes")
      json.number(bytes)
      json.close()
    }
    json.close()
    try describeModel(&json)
    let explanation = try explainFirstChunk()
    if let explanation { describe(explanation, &json) }
    json.key("fields")
    json.openList()
    for index in 0..<layout.fields.count {
      json.item()
      describe(index, explanation, &json)
    }
    json.closeList()
    json.close()
    return json.bytes
  }

  private func describeModel(_ json: inout JSONWriter) throws(AEZipError) {
    guard let model else { return }
    json.key("model")
    json.open()
    json.key("kind")
    json.string((modelReference?.kind ?? .linear).name)
    json.key("latents")
    json.number(model.latentCount)
    if let modelReference {
      json.key("digest")
      var digits: [UInt8] = []
      for byte in modelReference.digest { digits.append(hexadecimal: byte) }
      json.string(digits)
    }
    json.key("embedded")
    json.boolean(modelReference?.isEmbedded ?? true)
    var bytes = 0
    for place in sections
    where place.type == Format.Section.model.rawValue
      || place.type == Format.Section.encoder.rawValue
    {
      bytes += place.length + Format.sectionHeaderSize
    }
    json.key("bytes")
    json.number(bytes)
    if let fit {
      json.key("bits")
      json.number(fit.bits)
      json.key("training_bits")
      json.number(fit.trainingBits)
    }
    json.close()
  }

  private func describe(_ index: Int, _ explanation: ChunkExplanation?, _ json: inout JSONWriter) {
    let field = layout.fields[index]
    let s = statistics[index]
    json.open()
    json.key("name")
    json.string(field.nameBytes)
    json.key("type")
    json.string(field.type.name)
    json.key("offset")
    json.number(field.offset)
    json.key("bound")
    switch field.bound {
    case .exact: json.string("exact")
    case .absolute(let bound): json.string("abs:", bound)
    case .relative(let bound): json.string("rel:", bound)
    case .free: json.string("free")
    }
    json.key("absolute_bound")
    json.number(s.absoluteBound)
    json.key("largest_error")
    json.number(s.largestError)
    json.key("rmse")
    json.number(s.rmse)
    json.key("minimum")
    json.number(s.minimum)
    json.key("maximum")
    json.number(s.maximum)
    json.key("missing")
    json.number(s.missingCount)
    if let explanation {
      describe(explanation.fields[index], explanation.codedCount, &json)
    }
    json.close()
  }

  /// The first chunk as a whole.
  private func describe(_ explanation: ChunkExplanation, _ json: inout JSONWriter) {
    json.key("first_chunk")
    json.open()
    json.key("records")
    json.number(explanation.recordCount)
    json.key("repeated_records")
    json.number(explanation.recordCount - explanation.codedCount)
    json.key("repeat_bytes")
    json.number(explanation.repeatBytes)
    json.key("header_bytes")
    json.number(explanation.headerBytes)
    json.key("precision")
    json.string(explanation.usesDouble ? "f64" : "f32")
    json.key("latents")
    json.openList()
    for latent in explanation.latents {
      json.item()
      json.open()
      describe(latent, explanation.codedCount, &json)
      json.close()
    }
    json.closeList()
    json.close()
  }

  private func describe(_ choice: FieldChoice, _ count: Int, _ json: inout JSONWriter) {
    json.key("coding")
    json.string(choice.text)
    json.key("bits_per_value")
    json.number(rounded(choice.bits / Double(count)))
    if let alone = choice.bitsAlone {
      json.key("bits_alone")
      json.number(rounded(alone / Double(count)))
    }
    json.key("plan_bytes")
    json.number(rounded(choice.planBits / 8))
    json.key("regressors")
    json.number(choice.regressorCount)
    json.key("splits")
    json.number(choice.splitCount)
    json.key("classes")
    json.number(choice.classCount)
    json.key("exceptions")
    json.number(choice.exceptionCount)
  }

  /// To thousandths.
  private func rounded(_ value: Double) -> Double { nearest(value * 1000) / 1000 }
}

extension Format.Section {
  var name: StaticString {
    switch self {
    case .layout: "layout"
    case .model: "model"
    case .metadata: "metadata"
    case .chunk: "chunks"
    case .statistics: "statistics"
    case .index: "index"
    case .encoder: "encoder"
    case .history: "history"
    case .fit: "fit"
    }
  }
}

extension ElementType {
  /// As in C and numpy: `f32`, `i8` ...
  public var name: StaticString {
    switch self {
    case .f32: "f32"
    case .f64: "f64"
    case .i8: "i8"
    case .i16: "i16"
    case .i32: "i32"
    case .i64: "i64"
    case .u8: "u8"
    case .u16: "u16"
    case .u32: "u32"
    case .u64: "u64"
    }
  }
}

/// Builds JSON text as UTF-8; keys and items must be given before their values.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []
  private var needsComma = false

  @inline(never)
  private mutating func put(_ byte: UInt8, comma: Bool) {
    bytes.append(byte)
    needsComma = comma
  }

  mutating func open() { put(0x7B, comma: false) }
  mutating func close() { put(0x7D, comma: true) }
  mutating func openList() { put(0x5B, comma: false) }
  mutating func closeList() { put(0x5D, comma: true) }

  /// Before each element of a list.
  @inline(never)
  mutating func item() {
    if needsComma { bytes.append(0x2C) }
    needsComma = false
  }

  @inline(never)
  mutating func key(_ name: StaticString) {
    item()
    bytes.append(0x22)
    bytes.append(text: name)
    bytes.append(0x22)
    put(0x3A, comma: true)
  }

  mutating func number(_ value: Int) {
    bytes.append(decimal: value)
    needsComma = true
  }

  @inline(never)
  mutating func number(_ value: Double) {
    if value.isFinite { bytes.append(shortest: value) } else { literal("null") }
    needsComma = true
  }

  /// A value that is a word.
  mutating func literal(_ word: StaticString) {
    bytes.append(text: word)
    needsComma = true
  }

  @inline(never)
  mutating func string(_ value: [UInt8]) {
    bytes.append(0x22)
    for byte in value {
      switch byte {
      case 0x22, 0x5C:
        bytes.append(0x5C)
        bytes.append(byte)
      case 0..<0x20:
        bytes.append(text: "\\u00")
        for digit in [byte >> 4, byte & 15] { bytes.append(digit + (digit < 10 ? 0x30 : 0x57)) }
      default: bytes.append(byte)
      }
    }
    put(0x22, comma: true)
  }

  @inline(never)
  mutating func string(_ value: StaticString) {
    var text: [UInt8] = []
    text.append(text: value)
    string(text)
  }

  @inline(never)
  mutating func string(_ prefix: StaticString, _ number: Double) {
    var text: [UInt8] = []
    text.append(text: prefix)
    text.append(shortest: number)
    string(text)
  }
}
