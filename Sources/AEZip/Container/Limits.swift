/// The limits that protect a reader: no length of a file is believed beyond them, and no memory is
/// taken before a length was checked. Format.md, section 7.
enum Limits {
  /// Records of one chunk.
  static let chunkRecords = 1 << 24
  /// Values (records times fields) of one chunk: at most 12 bytes of working memory each.
  static let chunkValues = 1 << 25
  /// Blocks of a chunk that uses fewer than all lanes.
  static let blocksWithPadding = 64
  /// Bytes of one chunk's records.
  static let chunkBytes = 1 << 28
  /// Weights of a model: its fields times its latents.
  static let modelWeights = 1 << 22
  /// Weights of a network, encoder and decoder together.
  static let networkWeights = 1 << 24
  /// Bytes of user metadata.
  static let metadataBytes = 1 << 24
  /// Deflate stores at best 1032 bytes in one (RFC 1951: 258 bytes in two bits).
  static let largestDeflateRatio = 1040
}
