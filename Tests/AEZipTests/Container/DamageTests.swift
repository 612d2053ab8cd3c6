import Testing

@testable import AEZip

/// Containers that are not as they were written.
@Suite struct DamageTests {
  private func small() throws -> [UInt8] {
    try Table.walks(60, fieldCount: 2).compressed(metadata: [1, 2, 3])
  }

  /// Opens, verifies and reads everything.
  private func use(_ container: [UInt8]) throws {
    _ = try Table(restoring: container)
    try container.withUnsafeBytes { bytes in
      let reader = try ContainerReader(bytes: bytes)
      try reader.verify(threads: 1)
      _ = try reader.informationBytes()
    }
  }

  @Test func theContainersAreGoodBefore() throws {
    try use(try small())
    try use(try Parts(try small()).bytes)
    #expect(try Parts(try small()).bytes == (try small()))
  }

  @Test func rejectsEveryTruncation() throws {
    let container = try small()
    for count in 0..<container.count {
      let code = status { try use(Array(container[..<count])) }
      #expect(code == (count == 0 ? 3 : 5), "\(count) of \(container.count) bytes: \(code)")
    }
  }

  @Test func rejectsEveryFlippedBit() throws {
    let container = try small()
    for bit in 0..<container.count * 8 {
      var changed = container
      changed[bit / 8] ^= 1 << (bit % 8)
      #expect(status { try use(changed) } != 0, "bit \(bit % 8) of byte \(bit / 8)")
    }
  }

  @Test func rejectsBytesInFrontAndBehind() throws {
    let container = try small()
    #expect(status { try use([0] + container) } == 3)
    #expect(status { try use(container + [0]) } == 5)
    #expect(status { try use(container + container) } != 0)
  }

  @Test func rejectsOtherFiles() throws {
    for text in [
      "a,b\n1,2\n", "PK\u{3}\u{4}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\n", "\u{89}PNG",
    ] {
      #expect(status { try use(Array(text.utf8)) } == 3)
    }
    #expect(status { try use([]) } == 3)
    var random = Seeded(1)
    for count in [1, 16, 47, 48, 1000] { #expect(status { try use(random.bytes(count)) } == 3) }
  }

  @Test func refusesNewerVersionsByNumber() throws {
    var parts = try Parts(try small())
    parts.version += 1
    #expect(throws: AEZipError.self) { try use(parts.bytes) }
    #expect(status { try use(parts.bytes) } == 4)
    parts.version = 0
    #expect(status { try use(parts.bytes) } == 4)
  }

  @Test func skipsUnknownOptionalSectionsAndRefusesRequiredOnes() throws {
    let container = try small()
    for place in 0...3 {
      var parts = try Parts(container)
      parts.sections.insert(.init(type: 0x8000_0123, payload: [1, 2, 3]), at: place)
      try use(parts.bytes)
      parts.sections[place].type = 0x123
      #expect(status { try use(parts.bytes) } == 4)
    }
  }

  @Test func refusesSectionsThatAreMissingRepeatedOrMisplaced() throws {
    let container = try small()
    let whole = try Parts(container)
    for section in [Format.Section.layout, .statistics] {
      var parts = whole
      parts.sections.remove(at: whole.places(section)[0])
      #expect(status { try use(parts.bytes) } == 6, "without \(section)")
      parts = whole
      parts.sections.append(whole.sections[whole.places(section)[0]])
      #expect(status { try use(parts.bytes) } == 6, "\(section) twice")
    }
    var parts = whole
    parts.sections.append(whole.sections[whole.places(.metadata)[0]])
    #expect(status { try use(parts.bytes) } == 6)
    parts = whole
    parts.sections.swapAt(whole.places(.layout)[0], whole.places(.chunk)[0])
    #expect(status { try use(parts.bytes) } == 6)
  }

  @Test func refusesOtherNumbersOfRecords() throws {
    let container = try small()
    var parts = try Parts(container)
    parts.recordCount = 61
    #expect(status { try use(parts.bytes) } == 6)
    parts = try Parts(container)
    let chunk = parts.places(.chunk)[0]
    for records in [0, 59, 61] {
      parts.recordCount = records
      parts.sections[chunk].records = records
      #expect(status { try use(parts.bytes) } == 6, "\(records)")
    }
    parts.recordCount = 1 << 25
    parts.sections[chunk].records = 1 << 25
    #expect(status { try use(parts.bytes) } == 7)
  }

  @Test func refusesAbsurdLengthsInTheIndex() throws {
    let header = Array(try small()[..<16])
    for numbers in [
      [Int.max, 0], [0, .max], [0, 1, 1, .max, 0], [0, 1, 1, 16, .max], [0, 1, .max, 16, 0],
      [0, 1, 1, .max, .max], [0, 100_000],
    ] {
      var index = ByteWriter()
      for number in numbers { index.count(number) }
      #expect(status { try use(Parts.closed(header, index: index.bytes)) } != 0, "\(numbers)")
    }
  }

  /// A few bytes that claim to become many.
  @Test func refusesBombsBeforeTakingMemory() throws {
    let whole = try Parts(try small())
    let chunk = whole.places(.chunk)[0]
    let zeros = [UInt8](repeating: 0, count: 1000)
    let output = try ByteBuffer()
    _ = try zeros.withUnsafeBytes { try Zlib().pack($0, .full(9), to: output) }
    let packed = withExtendedLifetime(output) { Array(output.bytes) }
    for claimed in [1001, 1 << 20, 1 << 28, 1 << 40, Int.max] {
      var writer = ByteWriter()
      writer.count(claimed)
      var parts = whole
      parts.sections[parts.places(.layout)[0]].payload = writer.bytes + packed
      #expect([6, 7].contains(status { try use(parts.bytes) }))
      writer.count(packed.count)
      parts = whole
      parts.sections[chunk].payload = writer.bytes + packed
      #expect([6, 7].contains(status { try use(parts.bytes) }))
    }
  }

  @Test func everyChangedByteOfAChunksHeaderIsSurvived() throws {
    let mixed = try mixedTable()
    let whole = try Parts(try mixed.compressed())
    let chunk = whole.places(.chunk)[0]
    let header = try whole.header(ofChunkAt: chunk).header
    var random = Seeded(9)
    for place in header.indices {
      for value in [0, 1, 127, 128, 255, UInt8.random(in: 0...255, using: &random)] {
        var changed = header
        changed[place] = value
        let parts = try whole.with(header: changed, inChunkAt: chunk)
        // Refused or other numbers, but never a trap.
        _ = status { try use(parts.bytes) }
      }
    }
  }

  /// Padding lanes would take 64 times the memory of the records: Format.md, section 6.1.
  @Test func refusesLongStrandsInFewLanes() throws {
    let whole = try Parts(try Table.walks(2000, fieldCount: 1).compressed())
    let chunk = whole.places(.chunk)[0]
    var header = try whole.header(ofChunkAt: chunk).header
    #expect(header[..<3] == [0xD0, 0x0F, 64])
    for lanes in [1, 31] as [UInt8] {
      header[2] = lanes
      let changed = try whole.with(header: header, inChunkAt: chunk).bytes
      #expect(status { try use(changed) } == 7)
    }
    header[2] = 65
    #expect(status { try use(try whole.with(header: header, inChunkAt: chunk).bytes) } == 7)
    header[2] = 0
    #expect(status { try use(try whole.with(header: header, inChunkAt: chunk).bytes) } == 6)
  }

  /// Integers, decimals, noise, missing and exact values side by side.
  private func mixedTable() throws -> Table {
    var random = Seeded(8)
    let layout = try Layout(
      fields: [
        Field(type: .u8, offset: 0, bound: .absolute(1)),
        Field(type: .i64, offset: 1, bound: .absolute(5)),
        Field(type: .f32, offset: 9, bound: .absolute(0.1)),
        Field(type: .f64, offset: 13, bound: .exact),
      ], recordSize: 21)
    var table = Table(layout: layout, bytes: [])
    for record in 0..<80 {
      table.append(UInt8.random(in: 0...50, using: &random))
      table.append(Int64(record * 1000) - 1 << 40)
      table.append(record % 9 == 0 ? Float.nan : Float(random.normal()))
      table.append(Double(record) / 7)
    }
    return table
  }

  /// Format.md, section 6.3: infinity times 0 in Float would be no number, and an integer of it a
  /// trap: such a file once ended the host process.
  @Test func refusesUnitsThatFloatCannotHold() throws {
    let column = Column()
    column.field = 0
    column.single = true
    column.lattice = true
    column.unit = 1e300
    column.snap = .integers
    var bytes = ByteWriter()
    column.write(to: &bytes, columnCount: 1)
    #expect(
      status {
        try bytes.bytes.withUnsafeBytes {
          var reader = ByteReader($0, what: "a test")
          _ = try Column(field: 0, index: 0, columnCount: 1, head: column.head, from: &reader)
        }
      } == 6)
  }
}
