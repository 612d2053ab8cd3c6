/// Where a section lies in a container.
struct SectionPlace {
  var type: UInt32
  /// Of the section's header.
  var offset: Int
  /// Of the payload.
  var length: Int
}

/// Bytes of a container, borrowed from memory or owned.
final class ByteView {
  let bytes: UnsafeRawBufferPointer
  private let owner: Memory<UInt8>?

  init(borrowing bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    owner = nil
  }

  init(_ memory: Memory<UInt8>, _ count: Int) {
    bytes = UnsafeRawBufferPointer(start: memory.base, count: count)
    owner = memory
  }
}

/// A container in memory or behind a function.
struct ByteSource {
  let size: Int
  private let memory: UnsafeRawBufferPointer?
  private let read: ((Int, UnsafeMutableRawBufferPointer) -> Bool)?

  init(bytes: UnsafeRawBufferPointer) {
    size = bytes.count
    memory = bytes
    read = nil
  }

  init(size: Int, read: @escaping (Int, UnsafeMutableRawBufferPointer) -> Bool) {
    self.size = size
    memory = nil
    self.read = read
  }

  /// - Throws: ``AEZipError/truncated(what:needed:available:)``,
  ///   ``AEZipError/inputOutput(_:)``, ``AEZipError/outOfMemory(bytes:)``.
  func bytes(_ offset: Int, _ count: Int, what: StaticString) throws(AEZipError) -> ByteView {
    guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
      throw .truncated(what: what, needed: offset &+ count, available: size)
    }
    if let memory {
      return ByteView(borrowing: UnsafeRawBufferPointer(rebasing: memory[offset..<offset + count]))
    }
    let owned = try Memory<UInt8>(max(count, 1))
    if count > 0 {
      let buffer = UnsafeMutableRawBufferPointer(start: owned.base, count: count)
      guard read!(offset, buffer) else { throw .inputOutput("reading the container") }
    }
    return ByteView(owned, count)
  }

  /// A section's payload, its header and checksum compared with the index.
  func payload(_ section: SectionPlace) throws(AEZipError) -> ByteView {
    let headerSize = Format.sectionHeaderSize
    let header = try bytes(section.offset, headerSize, what: "a section")
    var reader = ByteReader(header.bytes, what: "a section")
    let type = try reader.u32()
    let declared = try reader.u32()
    let length = try reader.u64()
    guard type == section.type, length == UInt64(section.length) else {
      throw .corrupted(
        what: "a section", declared: section.length,
        computed: Int(truncatingIfNeeded: length & 0x7FFF_FFFF_FFFF_FFFF))
    }
    let payload = try bytes(section.offset + headerSize, section.length, what: "a section")
    let computed = sectionChecksum(section.type, payload.bytes)
    guard declared == computed else {
      throw .corrupted(
        what: "the checksum of a section", declared: Int(declared), computed: Int(computed))
    }
    return payload
  }

  /// A small section that is packed after its length.
  func packed(_ section: SectionPlace) throws(AEZipError) -> ByteView {
    let payload = try payload(section)
    var reader = ByteReader(payload.bytes, what: "a packed section")
    let count = try reader.count(limit: Limits.chunkBytes)
    let bytes = try Unpacker.inflate(try reader.take(reader.remaining), to: count, Zlib())
    return ByteView(bytes, count)
  }
}
