import Testing

@testable import AEZip

@Suite struct PackerTests {
  /// Packs planes, each a piece of its own, and unpacks them.
  private func roundTrip(
    _ planes: [[Int32]], level: Int = 6, repeats: Bool = false
  ) throws -> (codes: [Int32], size: Int) {
    let zlib = Zlib()
    let packer = try Packer(
      codeCount: planes.reduce(0) { $0 + $1.count }, zlib: zlib, level: level, kernels: Kernels())
    for plane in planes {
      // One more than are added: there is an address even for none.
      try packer.add(plane + [0], count: plane.count, repeats: repeats)
    }
    let body = try ByteBuffer()
    var header = ByteWriter()
    try packer.finish(to: body, header: &header)
    let count = planes.reduce(0) { $0 + $1.count }
    let codes = try Memory<Int32>(max(count, 1))
    try header.bytes.withUnsafeBytes { header in
      var header = ByteReader(header, what: "a test")
      let unpacker = try Unpacker(pieceCounts: planes.map { $0.count }, from: &header)
      try header.expectEnd()
      var payload = ByteReader(body.bytes, what: "a test")
      var targets = List<UnsafeMutablePointer<Int32>>()
      var place = codes.base
      for plane in planes {
        targets.append(place)
        place += plane.count
      }
      try unpacker.unpack(
        &payload, wanted: planes.count, zlib: zlib, kernels: Kernels(), into: targets)
      try payload.expectEnd()
    }
    return ((0..<count).map { codes[$0] }, header.bytes.count + body.count)
  }

  private func expectRoundTrip(_ planes: [[Int32]], level: Int = 6, repeats: Bool = false) throws {
    #expect(try roundTrip(planes, level: level, repeats: repeats).codes == planes.flatMap { $0 })
  }

  @Test func noPlanesComeBack() throws { try expectRoundTrip([]) }

  @Test func emptyPlanesComeBack() throws {
    try expectRoundTrip([[]])
    try expectRoundTrip([[], [], []])
    try expectRoundTrip([[], [1, 2, 3], []])
    try expectRoundTrip([[], [], []], repeats: true)
  }

  @Test func oneCodeComesBack() throws {
    for code in [0, 1, -1, 63, 64, -65, 1 << 20, -2_000_000_000, .max] as [Int32] {
      try expectRoundTrip([[code]])
      try expectRoundTrip([[code], [code, 0], [0]])
    }
  }

  @Test func theLargestCodesComeBack() throws {
    var random = Seeded(1)
    let huge = (0..<500).map { _ in Int32.random(in: .min + 1 ... .max, using: &random) }
    try expectRoundTrip([huge, huge.map { $0 / 3 }, [.max, .min + 1, 0]])
  }

  @Test(arguments: 0..<40 as Range<UInt64>) func randomDistributionsComeBack(seed: UInt64) throws {
    var random = Seeded(seed)
    var planes: [[Int32]] = []
    for _ in 0..<Int.random(in: 1...8, using: &random) {
      let spread = [0.0, 0.1, 0.3, 1, 3, 20, 500, 1e5, 1e8].randomElement(using: &random)!
      let rare = [0.0, 0.01, 0.3].randomElement(using: &random)!
      planes.append(
        (0..<Int.random(in: 0...700, using: &random)).map { _ in
          let isRare = Double.random(in: 0..<1, using: &random) < rare
          return Int32(max(-2e9, min(2e9, random.normal() * (isRare ? spread * 1000 : spread))))
        })
    }
    for level in [1, 6, 9] {
      try expectRoundTrip(planes, level: level)
      try expectRoundTrip(planes, level: level, repeats: true)
    }
  }

  /// Each of the ways of putting symbols into bytes, and what each is for.
  @Test func fewSymbolsTakeFewBits() throws {
    var random = Seeded(2)
    let count = 20_000
    let entropies: [(most: Int32, bits: Double)] = [
      (1, 1), (2, 1.585), (3, 2), (5, 2.585), (15, 4),
    ]
    for (most, bits) in entropies {
      let plane = (0..<count).map { _ in
        let u = Int32.random(in: 0...most, using: &random)
        return u % 2 == 0 ? u / 2 : -(u + 1) / 2
      }
      let (codes, size) = try roundTrip([plane])
      #expect(codes == plane)
      #expect(Double(size * 8) < Double(count) * bits * 1.1 + 800)
    }
    let rare = (0..<count).map { _ in Int32(Int.random(in: 0..<200, using: &random) == 0 ? 5 : 0) }
    let (codes, size) = try roundTrip([rare])
    #expect(codes == rare)
    #expect(Double(size * 8) < Double(count) * 0.0454 * 1.3 + 800)
  }

  /// However long runs of zeros are, what ends them takes about its entropy.
  @Test(arguments: [1, 6, 9], [200, 1500, 8000]) func rareCodesTakeFewBits(
    level: Int, distance: Int
  ) throws {
    var random = Seeded(UInt64(distance))
    let count = 200 * distance
    let rare = (0..<count).map { _ in
      Int32(Int.random(in: 0..<distance, using: &random) == 0 ? 1 : 0)
    }
    let (codes, size) = try roundTrip([rare], level: level)
    #expect(codes == rare)
    let p = 1 / Double(distance)
    let entropy = p * Entropy.log2(1 / p) + (1 - p) * Entropy.log2(1 / (1 - p))
    #expect(Double(size * 8) < Double(count) * entropy * 1.05 + 400)
  }

  @Test func longRunsOfAllStreamsComeBack() throws {
    var random = Seeded(5)
    var planes: [[Int32]] = []
    for distance in [150, 600, 3000, 10_000] {
      planes.append(
        (0..<40 * distance).map { _ in
          Int.random(in: 0..<distance, using: &random) == 0
            ? Int32.random(in: -9...9, using: &random) : 0
        })
      planes.append((0..<3000).map { _ in Int32(random.normal() * 20) })
    }
    for level in [1, 6, 9] { try expectRoundTrip(planes, level: level) }
  }

  @Test func alikePlanesShareAStream() throws {
    var random = Seeded(3)
    let planes = (0..<200).map { _ in (0..<64).map { _ in Int32(random.normal() * 5) } }
    let (codes, size) = try roundTrip(planes)
    #expect(codes == planes.flatMap { $0 })
    // A stream each would take some 60 bytes more for every plane.
    #expect(size < 200 * 64 * 5 / 8 + 200 * 5 + 400)
  }

  /// Directories with one byte changed: refused, or other codes, never a trap.
  @Test func survivesChangedDirectories() throws {
    var random = Seeded(4)
    let zlib = Zlib()
    let planes: [[Int32]] = [
      (0..<300).map { _ in Int32(random.normal() * 200) },
      (0..<300).map { _ in Int32.random(in: 0...1, using: &random) },
      (0..<20_000).map { _ in Int32(Int.random(in: 0..<400, using: &random) / 399) },
    ]
    let counts = planes.map { $0.count }
    let packer = try Packer(codeCount: 20_600, zlib: zlib, level: 6, kernels: Kernels())
    for plane in planes { try packer.add(plane, count: plane.count, repeats: false) }
    let body = try ByteBuffer()
    var header = ByteWriter()
    try packer.finish(to: body, header: &header)
    let codes = try Memory<Int32>(20_600)
    for place in header.bytes.indices {
      for value in 0...255 as ClosedRange<UInt8> {
        var changed = header.bytes
        changed[place] = value
        changed.withUnsafeBytes {
          var reader = ByteReader($0, what: "a test")
          guard let unpacker = try? Unpacker(pieceCounts: counts, from: &reader) else { return }
          var payload = ByteReader(body.bytes, what: "a test")
          try? unpacker.unpack(
            &payload, wanted: 3, zlib: zlib, kernels: Kernels(),
            into: List([codes.base, codes.base + 300, codes.base + 600]))
        }
      }
    }
  }

  /// What a stream's line may begin with: a grouping, with an order if it has several symbols, and
  /// first codes if its codes rise.
  @Test(arguments: [(0, true), (7, false), (8, false), (32, false), (40, false), (64, false)])
  func formsOfStreamsAreChecked(form: UInt8, isRead: Bool) {
    let directory: [UInt8] = [0, 1, form] + [UInt8](repeating: 0, count: 24)
    directory.withUnsafeBytes {
      var reader = ByteReader($0, what: "a test")
      let unpacker = try? Unpacker(pieceCounts: [5], from: &reader)
      #expect((unpacker != nil) == isRead)
    }
  }
}
