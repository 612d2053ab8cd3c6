import Testing

@testable import AEZip

@Suite struct ReaderTests {
  private func table() throws -> Table {
    var random = Seeded(1)
    let layout = try Layout(
      fields: [
        Field(name: "b", type: .f64, offset: 9, bound: .absolute(0.01)),
        Field(name: "a", type: .u8, offset: 2, bound: .exact),
        Field(name: "c", type: .i32, offset: 18, bound: .absolute(3)),
      ], recordSize: 24)
    var table = Table(layout: layout, bytes: [UInt8](repeating: 0, count: 24 * 500))
    table.bytes.withUnsafeMutableBytes { bytes in
      for record in 0..<500 {
        bytes.storeBytes(of: random.normal() * 10, toByteOffset: record * 24 + 9, as: Double.self)
        bytes[record * 24 + 2] = UInt8(record % 7)
        bytes.storeBytes(
          of: Int32(record * record), toByteOffset: record * 24 + 18, as: Int32.self)
      }
    }
    return table
  }

  @Test func anyRangeEqualsThatPartOfTheWhole() throws {
    let container = try table().compressed(chunkRecords: 120)
    let whole = try Table(restoring: container)
    var random = Seeded(2)
    try container.withUnsafeBytes { bytes in
      let reader = try ContainerReader(bytes: bytes)
      var ranges = [0..<0, 0..<1, 0..<500, 499..<500, 500..<500, 119..<121, 120..<240, 1..<499]
      for _ in 0..<30 {
        let first = Int.random(in: 0...500, using: &random)
        ranges.append(first..<Int.random(in: first...500, using: &random))
      }
      for range in ranges {
        for threads in [1, 3] {
          var part = [UInt8](repeating: 0xEE, count: range.count * 24)
          try part.withUnsafeMutableBytes {
            try reader.read(records: range, threads: threads, into: $0)
          }
          #expect(part == Array(whole.bytes[range.lowerBound * 24..<range.upperBound * 24]))
        }
      }
    }
  }

  @Test func chosenFieldsArePackedInTheOrderGiven() throws {
    let container = try table().compressed(chunkRecords: 120)
    let whole = try Table(restoring: container)
    try container.withUnsafeBytes { bytes in
      let reader = try ContainerReader(bytes: bytes)
      for fields in [[0], [1], [2], [2, 0], [1, 2, 0], [0, 1, 2], []] {
        let size = fields.reduce(0) { $0 + whole.layout.fields[$1].type.size }
        var part = [UInt8](repeating: 0xEE, count: 300 * size)
        try part.withUnsafeMutableBytes {
          try reader.read(records: 100..<400, fields: fields, threads: 1, into: $0)
        }
        var expected: [UInt8] = []
        for record in 100..<400 {
          for field in fields {
            let start = record * 24 + whole.layout.fields[field].offset
            expected += whole.bytes[start..<start + whole.layout.fields[field].type.size]
          }
        }
        #expect(part == expected)
      }
    }
  }

  @Test func paddingIsZero() throws {
    let whole = try Table(restoring: try table().compressed())
    for record in 0..<500 {
      for byte in [0, 1, 3, 8, 17, 22, 23] { #expect(whole.bytes[record * 24 + byte] == 0) }
    }
  }

  @Test func wrongRangesAndFieldsAreRefused() throws {
    let container = try table().compressed()
    try container.withUnsafeBytes { bytes in
      let reader = try ContainerReader(bytes: bytes)
      var output = [UInt8](repeating: 0, count: 24 * 500)
      func code(_ records: Range<Int>, _ fields: [Int]?, size: Int) -> Int32 {
        status {
          try output.withUnsafeMutableBytes {
            try reader.read(
              records: records, fields: fields, threads: 1,
              into: UnsafeMutableRawBufferPointer(rebasing: $0[..<size]))
          }
        }
      }
      #expect(code(0..<501, nil, size: 24 * 500) == 1)
      #expect(code(-1..<5, nil, size: 24 * 500) == 1)
      #expect(code(0..<500, [3], size: 24 * 500) == 1)
      #expect(code(0..<500, [-1], size: 24 * 500) == 1)
      #expect(code(0..<500, [0, 0], size: 24 * 500) == 1)
      #expect(code(0..<500, nil, size: 24 * 500 - 1) == 10)
      #expect(code(0..<500, [1], size: 499) == 10)
      #expect(code(0..<500, [1], size: 500) == 0)
    }
  }

  /// Only the parts of a container that the records need.
  @Test func readsOnlyWhatItNeeds() throws {
    let container = try table().compressed(chunkRecords: 100)
    let log = ReadLog(container)
    let reader = try ContainerReader(size: container.count) { log.read($0, into: $1) }
    #expect(log.bytesRead < container.count / 2)
    log.bytesRead = 0
    var part = [UInt8](repeating: 0, count: 24)
    try part.withUnsafeMutableBytes { try reader.read(records: 250..<251, threads: 1, into: $0) }
    #expect(log.bytesRead < container.count / 3)
    #expect(part == Array(try Table(restoring: container).bytes[250 * 24..<251 * 24]))
    log.fails = true
    #expect(
      status {
        try part.withUnsafeMutableBytes { try reader.read(records: 0..<1, threads: 1, into: $0) }
      } == 11)
  }

  @Test func emptyContainersHaveALayout() throws {
    let empty = Table(layout: try table().layout, bytes: [])
    let back = try Table(restoring: try empty.compressed())
    #expect(back.recordCount == 0 && back.layout.fields.count == 3)
  }

  @Test func informationIsJSON() throws {
    let container = try table().compressed()
    let text = try container.withUnsafeBytes { try ContainerReader(bytes: $0).information() }
    #expect(text.hasPrefix("{\"format_version\":3,\"records\":500,"))
    #expect(text.hasSuffix("]}"))
    #expect(text.contains("\"name\":\"b\"") && text.contains("\"type\":\"f64\""))
  }

  @Test(arguments: [1, 2, 23, 24, 47, 48, 49, 63, 64, 65, 129]) func fewRecordsComeBack(count: Int)
    throws
  {
    for bound in [Bound.exact, .absolute(0.05), .relative(1e-3)] {
      let table = try Table.walks(count, bound: bound)
      let back = try table.roundTrip()
      #expect(back.recordCount == count)
      if bound == .exact { #expect(back.bytes == table.bytes) }
    }
  }
}

/// A container behind a function that counts.
final class ReadLog {
  private let container: [UInt8]
  var bytesRead = 0
  var fails = false

  init(_ container: [UInt8]) { self.container = container }

  func read(_ offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
    guard !fails else { return false }
    bytesRead += buffer.count
    container[offset..<offset + buffer.count].withUnsafeBytes { buffer.copyMemory(from: $0) }
    return true
  }
}
