import Testing

@testable import AEZip

@Suite struct LayoutSectionTests {
  private func decode(_ bytes: [UInt8]) throws -> Layout {
    try bytes.withUnsafeBytes { try Layout(decoding: $0) }
  }

  private func random(_ seed: UInt64) throws -> Layout {
    var random = Seeded(seed)
    var fields: [Field] = []
    var offset = 0
    for index in 0..<Int.random(in: 1...40, using: &random) {
      offset += Int.random(in: 0...9, using: &random)
      let bounds: [Bound] = [
        .exact, .absolute(0.1), .relative(0.1), .absolute(random.normal().magnitude),
      ]
      fields.append(
        Field(
          name: index % 3 == 0 ? "" : "field ü \(index)",
          type: ElementType.allCases.randomElement(using: &random)!, offset: offset,
          bound: bounds.randomElement(using: &random)!))
      offset += fields[index].type.size
    }
    fields.shuffle(using: &random)
    return try Layout(fields: fields, recordSize: offset + 5)
  }

  @Test(arguments: 0..<50 as Range<UInt64>) func comesBackAsItWas(seed: UInt64) throws {
    let layout = try random(seed)
    let back = try decode(layout.encoded())
    #expect(back.recordSize == layout.recordSize)
    #expect(back.fields.count == layout.fields.count)
    for (a, b) in zip(layout.fields, back.fields) {
      #expect(a.name == b.name && a.type == b.type && a.offset == b.offset && a.bound == b.bound)
    }
  }

  @Test func costsTwoBytesAFieldInAMatrix() throws {
    let layout = try Layout(matrixOf: .f32, fieldCount: 100, bound: .absolute(0.5))
    // Record size and field count, the first bound, then type, gap and name of each.
    #expect(layout.encoded().count == 2 + 1 + 8 + 100 * 3)
  }

  @Test func rejectsEveryTruncation() throws {
    let bytes = try random(3).encoded()
    for count in 0..<bytes.count {
      #expect(status { _ = try decode(Array(bytes[..<count])) } != 0, "\(count)")
    }
    #expect(status { _ = try decode(bytes + [0]) } == 6)
  }

  /// Every byte changed to every value: refused, or a layout that passes the checks.
  @Test func survivesEveryChangedByte() throws {
    let bytes = try random(4).encoded()
    for place in bytes.indices {
      for value in stride(from: 0, through: 255, by: 5) {
        var changed = bytes
        changed[place] = UInt8(value)
        guard let layout = try? decode(changed) else { continue }
        #expect(!layout.fields.isEmpty)
      }
    }
  }
}
