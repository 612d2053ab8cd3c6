import Testing

@testable import AEZip

/// The reader of literals against zlib: what it takes zlib takes too, with the same bytes.
@Suite struct LiteralReaderTests {
  private let zlib = Zlib()
  private let reader: LiteralReader

  init() throws { reader = try LiteralReader() }

  /// Whether the reader takes the stream; fails if it then differs from zlib, or if it writes behind
  /// its output.
  private func isTaken(_ stream: [UInt8], to count: Int) -> Bool {
    let margin = 32
    var bytes = [UInt8](repeating: 0xA5, count: count + margin)
    let taken = bytes.withUnsafeMutableBytes { bytes in
      stream.withUnsafeBytes { reader.unpack($0, into: .init(rebasing: bytes[..<count])) }
    }
    #expect(bytes[count...] == [UInt8](repeating: 0xA5, count: margin)[...])
    guard taken else { return false }
    var expected = [UInt8](repeating: 0, count: count)
    #expect(throws: Never.self) {
      try expected.withUnsafeMutableBytes { bytes in
        try stream.withUnsafeBytes { try zlib.inflate($0, into: bytes) }
      }
    }
    #expect(Array(bytes[..<count]) == expected)
    return true
  }

  private func packed(_ bytes: [UInt8]) throws -> [UInt8] {
    let output = try ByteBuffer()
    _ = try bytes.withUnsafeBytes { try zlib.pack($0, .huffman, to: output) }
    return Array(output.bytes)
  }

  /// Powers of uniform numbers: from noise to nearly all zeros, with codes of up to 15 bits.
  private func sample(_ random: inout Seeded, _ count: Int) -> [UInt8] {
    let kinds = Double(Int.random(in: 2...256, using: &random))
    let steepness = Int.random(in: 1...12, using: &random)
    return (0..<count).map { _ in
      var share = 1.0
      for _ in 0..<steepness { share *= Double(random.next() >> 11) / 0x1p53 }
      return UInt8(share * kinds)
    }
  }

  @Test(arguments: 0..<60 as Range<UInt64>) func readsWhatTheCoderWrites(seed: UInt64) throws {
    var random = Seeded(seed)
    let counts = [600, 601, 4095, 4096, 16_384, 32_769, 70_000]
    let bytes = sample(&random, counts[Int(seed) % counts.count])
    let stream = try packed(bytes)
    // Noise is stored.
    let isStored = stream.count > bytes.count
    #expect(isTaken(stream, to: bytes.count) != isStored)
    for wrong in [0, 1, bytes.count - 1, bytes.count + 1, 2 * bytes.count] {
      #expect(!isTaken(stream, to: wrong))
    }
    #expect(!isTaken(stream + [0], to: bytes.count))
    #expect(!isTaken(stream + stream, to: bytes.count))
    for _ in 0..<20 {
      let count = Int.random(in: 0..<stream.count, using: &random)
      #expect(!isTaken(Array(stream[..<count]), to: bytes.count))
    }
  }

  @Test(arguments: 0..<40 as Range<UInt64>) func damageIsLeftToZlib(seed: UInt64) throws {
    var random = Seeded(seed)
    let bytes = sample(&random, 700)
    let stream = try packed(bytes)
    for _ in 0..<400 {
      var changed = stream
      // Half of the damage hits the lengths of codes.
      let range = Bool.random(using: &random) ? 0..<min(80, stream.count) : 0..<stream.count
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: range, using: &random)
        changed[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
      }
      _ = isTaken(changed, to: bytes.count)
      #expect(!isTaken(random.bytes(Int.random(in: 0...300, using: &random)), to: 100))
    }
  }

  /// A stream of one block whose codes have these lengths, that holds some bytes of 7; each code is
  /// given as its bits in the order of the stream.
  private func stream(
    _ lengths: [Int], distances: [Int], codes: [String], checksum: UInt32? = nil,
    before prefix: String = "101"
  ) -> [UInt8] {
    func low(_ value: Int, _ count: Int) -> String {
      (0..<count).map { value >> $0 & 1 == 1 ? "1" : "0" }.joined()
    }
    func high(_ value: Int, _ count: Int) -> String { String(low(value, count).reversed()) }
    // Codes of four bits for the lengths 0 to 15.
    var bits = prefix + low(lengths.count - 257, 5) + low(distances.count - 1, 5) + low(15, 4)
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] {
      bits += low(symbol < 16 ? 4 : 0, 3)
    }
    for length in lengths + distances { bits += high(length, 4) }
    bits += codes.joined()
    while bits.count % 8 > 0 { bits += "0" }
    var stream: [UInt8] = [0x78, 0x9C]
    let characters = Array(bits)
    for first in stride(from: 0, to: characters.count, by: 8) {
      stream.append((0..<8).reduce(0) { $0 | (characters[first + $1] == "1" ? 1 << $1 : 0) })
    }
    // Adler-32 of bytes of 7.
    let count = UInt32(codes.count - 1)
    let sum = (count + 7 * count * (count + 1) / 2) << 16 | (1 + 7 * count)
    for place in 0..<4 {
      stream.append(UInt8(truncatingIfNeeded: (checksum ?? sum) >> (24 - 8 * UInt32(place))))
    }
    return stream
  }

  @Test func takesOnlyBlocksThatZlibTakes() {
    // 7 is 0, the end of the block is 1.
    var lengths = [Int](repeating: 0, count: 257)
    (lengths[7], lengths[256]) = (1, 1)
    let codes = ["0", "0", "0", "1"]
    for distances in [[0], [1], [1, 1], [1, 0, 0, 1], [0, 0]] {
      #expect(isTaken(stream(lengths, distances: distances, codes: codes), to: 3))
    }
    for distances in [[2], [1, 1, 1], [1, 2], [2, 2, 2, 2], [15]] {
      #expect(!isTaken(stream(lengths, distances: distances, codes: codes), to: 3))
    }
    #expect(!isTaken(stream(lengths, distances: [0], codes: codes), to: 2))
    #expect(!isTaken(stream(lengths, distances: [0], codes: codes), to: 4))
    #expect(!isTaken(stream(lengths, distances: [0], codes: codes, checksum: 1), to: 3))
    // No last block; one of fixed codes; a stored one; one that does not exist.
    for prefix in ["001", "110", "100", "111"] {
      let other = stream(lengths, distances: [0], codes: codes, before: prefix)
      #expect(!isTaken(other, to: 3))
    }
    #expect(!isTaken(stream(lengths + [0], distances: [0], codes: codes), to: 3))
    // Too many codes, too few, none for the end.
    lengths[8] = 1
    #expect(!isTaken(stream(lengths, distances: [0], codes: codes), to: 3))
    (lengths[8], lengths[256]) = (0, 2)
    #expect(!isTaken(stream(lengths, distances: [0], codes: ["0", "0", "0", "10"]), to: 3))
    (lengths[8], lengths[256]) = (1, 0)
    #expect(!isTaken(stream(lengths, distances: [0], codes: codes), to: 3))
  }

  /// Codes of 1 to 15 bits: those longer than the table's, at both ends of the stream.
  @Test func findsCodesOfEveryLength() {
    for rare in [[0], [0, 1, 2], [3, 4]] {
      var lengths = [Int](repeating: 0, count: 257)
      // The code of 15 bits ends the block; 7 has the one beside it.
      for length in 1...14 { lengths[20 + length] = length }
      (lengths[7], lengths[256]) = (15, 15)
      let seven = String(repeating: "1", count: 14) + "0"
      let codes = (0..<3 + rare.count * 5).map { _ in seven }
      let end = String(repeating: "1", count: 15)
      #expect(
        isTaken(stream(lengths, distances: [0], codes: codes + [end]), to: codes.count))
      #expect(!isTaken(stream(lengths, distances: [0], codes: codes), to: codes.count))
    }
  }
}
