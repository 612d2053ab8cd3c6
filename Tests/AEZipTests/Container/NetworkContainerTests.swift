import Testing

@testable import AEZip

/// Containers whose model is a network, taken apart: every change is refused or survived.
@Suite struct NetworkContainerTests {
  private let table: Table
  private let model: Autoencoder

  init() throws {
    table = try Self.curve(200)
    var options = TrainingOptions()
    options.latentCount = 2
    options.hidden = [5]
    options.epochs = 3
    let layout = table.layout
    model = try table.bytes.withUnsafeBytes {
      try Autoencoder.train($0, layout: layout, options: options)
    }
  }

  /// Six fields along a curve, a truth value among them.
  private static func curve(_ count: Int) throws -> Table {
    var random = Seeded(3)
    var table = Table(
      layout: try Layout(matrixOf: .f32, fieldCount: 6, bound: .absolute(0.01)), bytes: [])
    for _ in 0..<count {
      let t = random.normal()
      for field in 0..<6 {
        let x = t / (1 + t.magnitude * Double(field)) + 0.01 * random.normal()
        table.append(field == 5 ? (t > 0 ? 1 : 0) : Float(x))
      }
    }
    return table
  }

  private func container(embedded: Bool) throws -> [UInt8] {
    var options = CompressionOptions()
    options.latents = 2
    options.model = model
    options.embedsModel = embedded
    options.threads = 1
    let sink = Sink()
    try table.bytes.withUnsafeBytes {
      try Codec.compress($0, layout: table.layout, options: options) { sink.take($0) }
    }
    return sink.bytes
  }

  /// Opens, describes, verifies, reads everything, latents too.
  private func use(_ container: [UInt8], _ model: Autoencoder? = nil) throws {
    try container.withUnsafeBytes { bytes in
      let reader = try ContainerReader(bytes: bytes, model: model)
      _ = try reader.informationBytes()
      try reader.verify(threads: 1)
      var latents = [Float](repeating: 0, count: reader.recordCount * reader.latentCount)
      try reader.readLatents(records: 0..<reader.recordCount, into: &latents, threads: 1)
      try table.bytes.withUnsafeBytes { try reader.encode($0, into: &latents) }
    }
  }

  @Test func bothKindsAreGoodBefore() throws {
    try use(try container(embedded: true))
    try use(try container(embedded: false), model)
    for embedded in [false, true] {
      let bytes = try container(embedded: embedded)
      let given = embedded ? nil : model
      let values = try bytes.withUnsafeBytes { bytes in
        let reader = try ContainerReader(bytes: bytes, model: given)
        var records = [UInt8](repeating: 0, count: table.bytes.count)
        try records.withUnsafeMutableBytes {
          try reader.read(records: 0..<table.recordCount, into: $0)
        }
        return Table(layout: table.layout, bytes: records)
      }
      for field in 0..<6 {
        for (a, b) in zip(table.values(field, as: Float.self), values.values(field, as: Float.self))
        {
          #expect((a - b).magnitude <= 0.01)
        }
      }
    }
  }

  @Test func everyTruncationIsRefused() throws {
    for embedded in [false, true] {
      let bytes = try container(embedded: embedded)
      for count in 0..<bytes.count {
        #expect(status { try use(Array(bytes[..<count]), model) } != 0)
      }
    }
  }

  @Test func everyFlippedBitIsRefused() throws {
    for embedded in [false, true] {
      let bytes = try container(embedded: embedded)
      for bit in 0..<bytes.count * 8 {
        var changed = bytes
        changed[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(status { try use(changed, model) } != 0, "bit \(bit)")
      }
    }
  }

  /// With right checksums, what a section says is all there is to go by.
  @Test func everyChangedByteOfTheModelIsSurvived() throws {
    var random = Seeded(4)
    for embedded in [false, true] {
      let whole = try Parts(try container(embedded: embedded))
      for section in [Format.Section.model, .encoder, .fit] {
        guard let place = whole.places(section).first else { continue }
        let content = try unpacked(whole.sections[place].payload)
        for index in content.indices {
          for value in [0, 1, 127, 128, 255, UInt8.random(in: 0...255, using: &random)] {
            var changed = content
            changed[index] = value
            // Refused or other numbers, but never a trap.
            _ = status { try use(try with(whole, place, changed), model) }
          }
        }
        for count in 0..<content.count where section != .fit || count < 8 {
          #expect(status { try use(try with(whole, place, Array(content[..<count])), model) } != 0)
        }
        // A decoder ends where its section does, the fit is read as far as it is known.
        if section != .fit {
          #expect(status { try use(try with(whole, place, content + [0]), model) } != 0)
        }
      }
    }
  }

  @Test func sectionsOutOfTheirOrderAreRefused() throws {
    let whole = try Parts(try container(embedded: true))
    let (model, encoder) = (whole.places(.model)[0], whole.places(.encoder)[0])
    var parts = whole
    parts.sections.swapAt(model, encoder)
    #expect(status { try use(parts.bytes) } == 6)
    parts = whole
    parts.sections.append(whole.sections[encoder])
    #expect(status { try use(parts.bytes) } == 6)
    parts = whole
    parts.sections.remove(at: model)
    #expect(status { try use(parts.bytes) } == 6)
    // Records need no encoder, new latents do.
    parts = whole
    parts.sections.remove(at: encoder)
    _ = try Table(restoring: parts.bytes)
    #expect(status { try use(parts.bytes) } == 8)
  }

  @Test func modelsThatClaimMuchTakeNoMemory() throws {
    let whole = try Parts(try container(embedded: true))
    let place = whole.places(.model)[0]
    // Six fields, 65536 latents, 16 layers of 65536 values.
    var writer = ByteWriter()
    writer.byte(3)
    writer.count(6)
    for field in 0..<6 { writer.count(field) }
    writer.byte(2)
    writer.byte(2)
    writer.count(6)
    writer.count(65536)
    writer.byte(0)
    writer.count(16)
    for _ in 0..<16 {
      writer.count(65536)
      writer.byte(1)
    }
    #expect(status { try use(try with(whole, place, writer.bytes)) } == 7)
  }

  /// Principal components keep the encoder as factors of the decoder's weights.
  @Test func everyChangedByteOfATiedEncoderIsSurvived() throws {
    let whole = try Parts(try table.compressed(latents: 3))
    try use(whole.bytes)
    let place = whole.places(.encoder)[0]
    let content = try unpacked(whole.sections[place].payload)
    // No skip, no layers, identity, tied; a factor for each field, a bias for each latent.
    #expect(content[..<4] == [0, 0, 0, 2] && content.count == 4 + 4 * 6 + 4 * 3)
    for index in content.indices {
      for value in [0, 1, 2, 3, 127, 128, 255] as [UInt8] {
        var changed = content
        changed[index] = value
        _ = status { try use(try with(whole, place, changed)) }
      }
    }
    for count in 0..<content.count {
      #expect(status { try use(try with(whole, place, Array(content[..<count]))) } != 0)
    }
  }

  @Test func fieldsOfTheModelAreFieldsOnce() throws {
    let whole = try Parts(try container(embedded: true))
    let place = whole.places(.model)[0]
    var content = try unpacked(whole.sections[place].payload)
    #expect(content[..<8] == [3, 6, 0, 1, 2, 3, 4, 5])
    content[3] = 0
    #expect(status { try use(try with(whole, place, content)) } == 6)
    content[3] = 6
    #expect(status { try use(try with(whole, place, content)) } == 7)
  }

  @Test func chunksThatUseOtherNumbersOfLatentsAreRefused() throws {
    let whole = try Parts(try container(embedded: true))
    let chunk = whole.places(.chunk)[0]
    var header = try whole.header(ofChunkAt: chunk).header
    // Records (two bytes), strands, flags, latents.
    #expect(header[4] == 2 && header[3] & 2 == 2)
    for latents in [0, 1, 3] as [UInt8] {
      header[4] = latents
      let changed = try whole.with(header: header, inChunkAt: chunk).bytes
      #expect(status { try use(changed) } == 6)
    }
  }

  // MARK: - Sections

  private func unpacked(_ payload: [UInt8]) throws -> [UInt8] {
    try payload.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes, what: "a test")
      let count = try reader.count()
      let memory = try Unpacker.inflate(try reader.take(reader.remaining), to: count, Zlib())
      return (0..<count).map { memory[$0] }
    }
  }

  private func with(_ parts: Parts, _ place: Int, _ content: [UInt8]) throws -> [UInt8] {
    var parts = parts
    var writer = ByteWriter()
    writer.count(content.count)
    let packed = try ByteBuffer()
    if !content.isEmpty {
      _ = try content.withUnsafeBytes { try Zlib().pack($0, .huffman, to: packed) }
    }
    parts.sections[place].payload =
      writer.bytes + withExtendedLifetime(packed) { Array(packed.bytes) }
    return parts.bytes
  }
}
