@testable import AEZip

/// A container taken apart, to be put together another way with right checksums.
struct Parts {
  struct Section {
    var type: UInt32
    var payload: [UInt8]
    var records = 0
  }

  var sections: [Section]
  var recordCount: Int
  var version = UInt32(Format.newestVersion)

  init(_ container: [UInt8]) throws {
    (sections, recordCount) = try container.withUnsafeBytes { bytes in
      let reader = try ContainerReader(bytes: bytes)
      let sections = reader.sections.map { place in
        let start = place.offset + 16
        return Section(type: place.type, payload: Array(bytes[start..<start + place.length]))
      }
      return (sections, reader.recordCount)
    }
    let chunks = try container.withUnsafeBytes { try ContainerReader(bytes: $0).chunks }
    var next = 0
    for index in sections.indices where sections[index].type == 4 {
      sections[index].records = chunks[next].recordCount
      next += 1
    }
  }

  /// The places of the sections of a type.
  func places(_ section: Format.Section) -> [Int] {
    sections.indices.filter { sections[$0].type == section.rawValue }
  }

  /// The unpacked header of a chunk, and what follows it.
  func header(ofChunkAt place: Int) throws -> (header: [UInt8], body: [UInt8]) {
    try sections[place].payload.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes, what: "a test")
      let count = try reader.count()
      let packed = try reader.take(try reader.count())
      let memory = try Unpacker.inflate(packed, to: count, Zlib())
      return ((0..<count).map { memory[$0] }, Array(try reader.take(reader.remaining)))
    }
  }

  /// The same container with another header in a chunk.
  func with(header: [UInt8], inChunkAt place: Int) throws -> Parts {
    let packed = try ByteBuffer()
    _ = try header.withUnsafeBytes { try Zlib().pack($0, .huffman, to: packed) }
    var writer = ByteWriter()
    writer.count(header.count)
    writer.count(packed.count)
    let bytes = withExtendedLifetime(packed) { Array(packed.bytes) }
    var parts = self
    parts.sections[place].payload = writer.bytes + bytes + (try self.header(ofChunkAt: place).body)
    return parts
  }

  var bytes: [UInt8] {
    var writer = ByteWriter()
    for byte in Format.magic { writer.byte(byte) }
    writer.u32(version)
    writer.u32(writer.bytes.withUnsafeBytes { crc32($0) })
    var index = ByteWriter()
    index.count(recordCount)
    index.count(sections.count)
    var bytes = writer.bytes
    for section in sections {
      index.count(Int(section.type))
      index.count(bytes.count)
      index.count(section.payload.count)
      if section.type == 4 { index.count(section.records) }
      bytes += Self.section(section.type, section.payload)
    }
    return Self.closed(bytes, index: index.bytes)
  }

  /// Adds index and trailer.
  static func closed(_ bytes: [UInt8], index: [UInt8]) -> [UInt8] {
    var trailer = ByteWriter()
    trailer.u64(UInt64(bytes.count))
    trailer.u32(trailer.bytes.withUnsafeBytes { crc32($0) })
    trailer.u32(Format.endMark)
    return bytes + section(6, index) + trailer.bytes
  }

  static func section(_ type: UInt32, _ payload: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.u32(type)
    writer.u32(payload.withUnsafeBytes { sectionChecksum(type, $0) })
    writer.u64(UInt64(payload.count))
    return writer.bytes + payload
  }
}
