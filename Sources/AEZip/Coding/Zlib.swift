import CPlatform
import CZlib

/// How zlib looks for structure; the decoder does not need to know.
enum PackingStrategy {
  /// Symbols are independent: entropy coding alone, fast.
  case huffman
  /// Runs of one symbol.
  case runs
  /// Repeats at any distance, with this effort (1-9).
  case full(Int32)
  /// Nothing to gain.
  case stored
}

/// zlib, the only byte format of the container: deflate and inflate of whole buffers.
///
/// One object keeps its zlib states between calls, since setting them up costs more than packing a
/// small plane.
final class Zlib {
  private var deflater = z_stream()
  private var deflaterReady = false
  private var inflater = z_stream()
  private var inflaterReady = false
  private var coder: HuffmanCoder?
  private var reader: LiteralReader?
  /// Below this many bytes zlib's fixed codes may be smaller.
  private static let leastForCoder = 600

  deinit {
    if deflaterReady { deflateEnd(&deflater) }
    if inflaterReady { inflateEnd(&inflater) }
  }

  /// Appends the zlib stream (RFC 1950) of `bytes` to `output`; returns its size.
  ///
  /// - Parameter cuts: where blocks with code tables of their own begin, ascending: where what follows
  ///   has another distribution.
  /// - Throws: ``AEZipError/outOfMemory(bytes:)``.
  func pack(
    _ bytes: UnsafeRawBufferPointer, _ strategy: PackingStrategy, cuts: List<Int> = List(),
    to output: ByteBuffer
  ) throws(AEZipError) -> Int {
    if case .huffman = strategy, bytes.count >= Self.leastForCoder {
      if coder == nil { coder = try HuffmanCoder() }
      let size = try coder!.pack(bytes, to: output)
      return size > 0 ? size : try pack(bytes, .stored, to: output)
    }
    let level: Int32
    let mode: Int32
    switch strategy {
    case .huffman: (level, mode) = (6, Z_HUFFMAN_ONLY)
    case .runs: (level, mode) = (6, Z_RLE)
    case .full(let effort): (level, mode) = (effort, Z_DEFAULT_STRATEGY)
    case .stored: (level, mode) = (0, Z_DEFAULT_STRATEGY)
    }
    if !deflaterReady {
      let status = deflateInit2_(
        &deflater, level, Z_DEFLATED, 15, 9, mode, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size))
      guard status == Z_OK else { throw .outOfMemory(bytes: 1 << 18) }
      deflaterReady = true
    } else {
      deflateReset(&deflater)
      deflater.next_in = nil
      deflater.avail_in = 0
      var none: UInt8 = 0
      withUnsafeMutablePointer(to: &none) {
        deflater.next_out = $0
        deflater.avail_out = 0
        deflateParams(&deflater, level, mode)
      }
    }
    let start = output.count
    var rest = bytes.count
    var cut = 0
    var source = UnsafeMutablePointer(
      mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    while true {
      let end = cut < cuts.count ? cuts[cut] - (bytes.count - rest) : rest
      let part = min(end, 1 << 30)
      deflater.next_in = source
      deflater.avail_in = UInt32(part)
      let last = part == rest
      let isCut = part == end && cut < cuts.count
      if isCut { cut += 1 }
      while true {
        let room = 1 << 16
        deflater.next_out = try output.reserve(room)
        deflater.avail_out = UInt32(room)
        let status = deflate(&deflater, last ? Z_FINISH : isCut ? Z_BLOCK : Z_NO_FLUSH)
        output.commit(room - Int(deflater.avail_out))
        if status == Z_STREAM_END { return output.count - start }
        guard status == Z_OK || status == Z_BUF_ERROR else { throw .outOfMemory(bytes: room) }
        if !last && deflater.avail_in == 0 && deflater.avail_out > 0 { break }
      }
      source = source.map { $0 + part }
      rest -= part
    }
  }

  /// Fills `output` from a stream that must hold exactly that many bytes, and nothing else.
  ///
  /// - Parameter code: that of a ``RisingCode``; empty for a zlib stream.
  /// - Throws: ``AEZipError/corrupted(what:declared:computed:)``.
  func unpack(
    _ stream: UnsafeRawBufferPointer,
    _ code: RisingCode.Description = RisingCode.Description(),
    into output: UnsafeMutableRawBufferPointer
  ) throws(AEZipError) {
    if reader == nil { reader = try LiteralReader() }
    guard code.counts.count > 0 else {
      if !reader!.unpack(stream, into: output) { try inflate(stream, into: output) }
      return
    }
    guard reader!.unpack(stream, code, into: output) else {
      throw .corrupted(what: "a packed plane", declared: output.count, computed: stream.count)
    }
  }

  /// ``unpack(_:into:)`` by zlib alone.
  func inflate(
    _ stream: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) throws(AEZipError) {
    if !inflaterReady {
      let status = inflateInit2_(
        &inflater, 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
      guard status == Z_OK else { throw .outOfMemory(bytes: 1 << 15) }
      inflaterReady = true
    } else {
      inflateReset(&inflater)
    }
    guard stream.count < 1 << 31, output.count < 1 << 31 else {
      throw .limitExceeded(what: "a packed plane", value: output.count, limit: 1 << 31 - 1)
    }
    var spare: UInt8 = 0
    let (status, produced, left): (Int32, Int, Int) = withUnsafeMutablePointer(to: &spare) {
      inflater.next_in = UnsafeMutablePointer(
        mutating: stream.baseAddress?.assumingMemoryBound(to: UInt8.self))
      inflater.avail_in = UInt32(stream.count)
      inflater.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? $0
      inflater.avail_out = UInt32(output.count)
      var status = CZlib.inflate(&inflater, Z_FINISH)
      let produced = output.count - Int(inflater.avail_out)
      if status == Z_BUF_ERROR && produced == output.count {
        // All bytes are there, but the end of the stream is not: it may still need to be read.
        inflater.next_out = $0
        inflater.avail_out = 1
        status = CZlib.inflate(&inflater, Z_FINISH)
        if inflater.avail_out == 0 { status = Z_DATA_ERROR }
      }
      return (status, produced, Int(inflater.avail_in))
    }
    guard status == Z_STREAM_END, produced == output.count, left == 0 else {
      throw .corrupted(what: "a packed plane", declared: output.count, computed: produced)
    }
  }
}

/// CRC-32 (RFC 1952) of bytes, continued from `start`.
func crc32(_ bytes: UnsafeRawBufferPointer, from start: UInt32 = 0) -> UInt32 {
  guard bytes.count > 0 else { return start }
  return UInt32(
    truncatingIfNeeded: crc32_z(
      UInt(start), bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), bytes.count))
}
