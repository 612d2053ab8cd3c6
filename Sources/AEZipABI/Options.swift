#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez

/// Fills in the defaults.
@_cdecl("aez_options_init") @implementation
public func aez_options_init(_ options: UnsafeMutablePointer<aez_options>?) {
  guard let options else { return }
  options.pointee = aez_options()
  options.pointee.struct_size = MemoryLayout<aez_options>.size
  options.pointee.level = Int32(CompressionOptions().level)
  options.pointee.latents = Int32(AEZ_LATENTS_AUTO)
}

/// User metadata in bytes, at most.
private let largestMetadata = 16 << 20
/// Of `aez_options` up to `model`.
private let firstSize = 48

extension CompressionOptions {
  /// The options that a C struct describes, or the defaults for nil. The metadata is copied.
  ///
  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` naming the member.
  init(_ pointer: UnsafePointer<aez_options>?) throws(AEZipError) {
    self.init()
    guard let pointer else { return }
    let size = pointer.pointee.struct_size
    try checkSize(size, first: firstSize, "options")
    // What an older caller's struct does not have is 0.
    var options = aez_options()
    withUnsafeMutableBytes(of: &options) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: min(size, $0.count)))
    }
    guard options.level >= 0, options.level <= 9 else {
      throw .invalidArgument(
        "options->level is #; give 1 to 9, or 0 for the default", Int(options.level))
    }
    if options.level > 0 { level = Int(options.level) }
    threads = try threadCount(options.threads)
    guard options.latents >= -1 else {
      throw .invalidArgument(
        "options->latents is #; give AEZ_LATENTS_AUTO, 0 or a number", Int(options.latents))
    }
    latents = options.latents == AEZ_LATENTS_AUTO ? nil : Int(options.latents)
    guard options.reserved == 0 else {
      throw .invalidArgument(
        "options->reserved is #; it must be 0", Int(options.reserved))
    }
    chunkRecords = try count(options.chunk_records, "options->chunk_records")
    guard options.metadata_size >= 0, options.metadata_size <= largestMetadata else {
      throw .invalidArgument(
        "options->metadata_size is more than the # bytes that can be kept", largestMetadata)
    }
    if let handle = options.model { model = try ModelHandle.of(handle).model }
    guard options.embed_model == 0 || options.embed_model == 1 else {
      throw .invalidArgument("options->embed_model is #; give 0 or 1", Int(options.embed_model))
    }
    embedsModel = options.embed_model == 1
    meanError = options.mean_error == 0 ? nil : options.mean_error
    metadata = [UInt8](
      try input(options.metadata, options.metadata_size, "options->metadata"))
  }
}
