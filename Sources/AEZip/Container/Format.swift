/// Every number of the container format; Format.md, sections 1 and 2.
enum Format {
  /// 0x89 and the line ends catch transfers that change bytes, as in PNG.
  static let magic: [UInt8] = [0x89, 0x41, 0x45, 0x5A, 0x0D, 0x0A, 0x1A, 0x0A]
  /// | version | first release | differs in |
  /// |---|---|---|
  /// | 1 | 0.1 | |
  /// | 2 | 0.1 | trees and groups of classes in columns |
  /// | 3 | 0.1 | networks as models, embedded or by digest; short columns, rows of exact fields, short statistics, repeats |
  /// | 4 | 0.1 | ties of columns, columns in an order of their own, plans of models |
  /// | 5 | 0.1 | bytes of streams in an order of their own |
  /// | 6 | 0.1 | headers by lanes, streams of codes whose lengths rise, statistics by parts |
  /// | 7 | 0.1 | long runs of zeros |
  /// | 8 | 0.1 | bytes with the first codes |
  static let newestVersion = 8
  /// Magic, version, reserved, CRC-32 of both.
  static let headerSize = 16
  /// Type, CRC-32 of type, length and payload, length.
  static let sectionHeaderSize = 16
  /// Offset of the index section, CRC-32 of it, end mark.
  static let trailerSize = 16
  static let endMark: UInt32 = 0x455A_4541  // "AEZE"

  /// A reader refuses unknown sections by name, unless this bit says that they may be skipped.
  static let optionalBit: UInt32 = 0x8000_0000

  enum Section: UInt32 {
    case layout = 1
    case model = 2
    case metadata = 3
    case chunk = 4
    case statistics = 5
    case index = 6
    /// Of a model.
    case encoder = 7
    case history = 0x8000_0008
    case fit = 0x8000_0009
  }
}

extension ByteWriter {
  /// Type, CRC-32, length: what precedes a payload.
  static func sectionHeader(_ section: Format.Section, _ payload: UnsafeRawBufferPointer) -> [UInt8]
  {
    var writer = ByteWriter()
    writer.u32(section.rawValue)
    writer.u32(sectionChecksum(section.rawValue, payload))
    writer.u64(UInt64(payload.count))
    return writer.bytes
  }
}

/// CRC-32 over a section's type, length and payload.
func sectionChecksum(_ type: UInt32, _ payload: UnsafeRawBufferPointer) -> UInt32 {
  var start = (type.littleEndian, UInt32(0).littleEndian, UInt64(payload.count).littleEndian)
  // The checksum's own place counts as 0.
  return withUnsafeBytes(of: &start) { crc32(payload, from: crc32($0)) }
}
