/// Writes header, sections, index and trailer of a container; Format.md, section 2.
final class SectionWriter {
  private let write: (UnsafeRawBufferPointer) -> Bool
  private(set) var position = 0
  private(set) var recordCount = 0
  private var entries = ByteWriter()
  private var entryCount = 0

  init(write: @escaping (UnsafeRawBufferPointer) -> Bool) { self.write = write }

  /// The header.
  func start() throws(AEZipError) {
    var header = ByteWriter()
    for byte in Format.magic { header.byte(byte) }
    header.u32(UInt32(Format.newestVersion))
    let start = try ByteBuffer(header.bytes)
    var checksum = ByteWriter()
    checksum.u32(crc32(start.bytes))
    try start.append(checksum.bytes)
    try put(start.bytes)
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws(AEZipError) {
    guard write(bytes) else { throw .inputOutput("writing the container") }
    position += bytes.count
  }

  func emit(
    _ section: Format.Section, _ payload: UnsafeRawBufferPointer, records: Int = 0
  ) throws(AEZipError) {
    entries.count(Int(section.rawValue))
    entries.count(position)
    entries.count(payload.count)
    if section == .chunk {
      entries.count(records)
      recordCount += records
    }
    entryCount += 1
    try putSection(section, payload)
  }

  private func putSection(
    _ section: Format.Section, _ payload: UnsafeRawBufferPointer
  ) throws(AEZipError) {
    let header = try ByteBuffer(ByteWriter.sectionHeader(section, payload))
    try put(header.bytes)
    try put(payload)
  }

  /// A small section, packed after its length.
  ///
  /// - Parameter cuts: where what follows is of another kind.
  func emitPacked(
    _ section: Format.Section, _ bytes: [UInt8], cuts: List<Int> = List()
  ) throws(AEZipError) {
    var length = ByteWriter()
    length.count(bytes.count)
    let payload = try ByteBuffer(length.bytes)
    let plain = try ByteBuffer(bytes)
    try Zlib().packWhole(plain.bytes, cuts: cuts, to: payload)
    try emit(section, payload.bytes)
  }

  /// The index and the trailer.
  func finish() throws(AEZipError) {
    var index = ByteWriter()
    index.count(recordCount)
    index.count(entryCount)
    let offset = position
    let payload = try ByteBuffer(index.bytes + entries.bytes)
    try putSection(.index, payload.bytes)
    var trailer = ByteWriter()
    trailer.u64(UInt64(offset))
    let place = try ByteBuffer(trailer.bytes)
    trailer.u32(crc32(place.bytes))
    trailer.u32(Format.endMark)
    let end = try ByteBuffer(trailer.bytes)
    try put(end.bytes)
  }
}
