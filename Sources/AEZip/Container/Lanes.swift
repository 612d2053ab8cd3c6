/// Kinds of numbers in a chunk's header. Those of a kind lie together, since what is alike packs well;
/// the order is that of the file. Format.md, section 6.
enum Lane: Int {
  case general, heads, regressors, pieces, places, ranks, references, classes, numbers
  case coefficients, streams, origins, unitLows, unitMiddles, unitHighs
  /// What follows the first byte of the counts in lanes that are split.
  case continuations

  static let count = 16

  /// Whether counts have all but their first byte in another lane.
  var isSplit: Bool {
    switch self {
    case .places, .ranks, .references, .classes: true
    default: false
    }
  }
}

extension ByteWriter {
  /// The bytes by lanes, after their sizes; `cuts` says where code tables of their own pay.
  func byLanes(cuts: inout List<Int>) -> [UInt8] {
    var lanes = [[UInt8]](repeating: [], count: Lane.count)
    for index in 0..<runs.count {
      let end = index + 1 < runs.count ? runs[index + 1].start : bytes.count
      lanes[runs[index].lane.rawValue] += bytes[runs[index].start..<end]
    }
    var result = ByteWriter()
    result.byte(0)
    for lane in lanes { result.count(lane.count) }
    var all = result.bytes
    var own = [Int](repeating: 0, count: 256)
    for lane in lanes where !lane.isEmpty {
      var next = [Int](repeating: 0, count: 256)
      for byte in lane { next[Int(byte)] += 1 }
      var both = own
      for byte in 0..<256 { both[byte] += next[byte] }
      if Self.bits(both) <= Self.bits(own) + Self.bits(next) {
        own = both
      } else {
        cuts.append(all.count)
        own = next
      }
      all += lane
    }
    return all
  }

  /// About what deflate's codes and their tables take for bytes of these counts.
  private static func bits(_ counts: [Int]) -> Double {
    var used = 0
    for count in counts where count > 0 { used += 1 }
    guard used > 0 else { return 0 }
    return counts.withUnsafeBufferPointer { Entropy.huffmanBits($0) } + 60 + 4.5 * Double(used)
  }
}

extension ByteReader {
  /// A chunk's header, by lanes from version 6 on where it begins with 0.
  init(header bytes: UnsafeRawBufferPointer) throws(AEZipError) {
    self.init(bytes, what: "the header of a chunk")
    guard bytes.first == 0 else { return }
    _ = try byte()
    var sizes = List<Int>()
    for _ in 0..<Lane.count { sizes.append(try count(limit: bytes.count)) }
    var lanes = List<Part>()
    for size in sizes { lanes.append(Part(bytes: try take(size), position: 0)) }
    try expectEnd()
    enter(lanes)
  }
}
