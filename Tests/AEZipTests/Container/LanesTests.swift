import Testing

@testable import AEZip

/// Format.md, section 6.
@Suite struct LanesTests {
  private static let lanes = (0..<Lane.count - 1).map { Lane(rawValue: $0)! }

  /// Numbers of all lanes by turns, as they are and by lanes.
  private func written(_ seed: UInt64, count: Int) -> (numbers: [(Lane, Int)], writer: ByteWriter) {
    var random = Seeded(seed)
    var writer = ByteWriter()
    var numbers: [(Lane, Int)] = []
    for _ in 0..<count {
      let lane = Self.lanes[Int.random(in: 0..<Self.lanes.count, using: &random)]
      let number = Int(random.next() >> UInt64.random(in: 1...63, using: &random))
      // A header never begins with 0.
      numbers.append((numbers.isEmpty ? .general : lane, numbers.isEmpty ? 5 : number))
      writer.lane = numbers.last!.0
      writer.count(numbers.last!.1)
    }
    return (numbers, writer)
  }

  private func expect(_ numbers: [(Lane, Int)], in bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes {
      var reader = try ByteReader(header: $0)
      for (lane, number) in numbers {
        reader.lane = lane
        #expect(try reader.count() == number)
      }
      try reader.expectEnd()
    }
  }

  @Test(arguments: 0..<10 as Range<UInt64>) func numbersComeBack(seed: UInt64) throws {
    let (numbers, writer) = written(seed, count: 1 + 50 * Int(seed))
    var cuts = List<Int>()
    let bytes = writer.byLanes(cuts: &cuts)
    #expect(bytes.count > writer.bytes.count)
    try expect(numbers, in: writer.bytes)
    try expect(numbers, in: bytes)
  }

  @Test func likeLiesBesideLike() {
    var writer = ByteWriter()
    writer.count(7)
    for number in 0..<1000 {
      writer.lane = .ranks
      writer.count(300)
      writer.lane = .coefficients
      writer.byte(UInt8(number % 251))
    }
    var cuts = List<Int>()
    let bytes = writer.byLanes(cuts: &cuts)
    let end = bytes.count
    #expect(Array(bytes[(end - 1000)...]) == [UInt8](repeating: 2, count: 1000))
    #expect(bytes[end - 2000] == 0 && bytes[end - 1999] == 1)
    #expect(Array(bytes[(end - 3000)..<end - 2000]) == [UInt8](repeating: 0xAC, count: 1000))
    #expect(Array(cuts) == [end - 2000, end - 1000])
  }

  @Test func refusesWhatIsMissingOrLeftOver() throws {
    let (numbers, writer) = written(3, count: 60)
    var cuts = List<Int>()
    let bytes = writer.byLanes(cuts: &cuts)
    for count in 1..<bytes.count {
      #expect(throws: AEZipError.self) { try expect(numbers, in: Array(bytes[..<count])) }
    }
    #expect(throws: AEZipError.self) { try expect(numbers, in: bytes + [0]) }
    #expect(throws: AEZipError.self) { try expect(numbers.dropLast(), in: bytes) }
  }
}
