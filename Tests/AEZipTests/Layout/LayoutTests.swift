import Testing

@testable import AEZip

@Suite struct LayoutTests {
  private func refused(_ fields: [Field], _ recordSize: Int) -> Bool {
    status { _ = try Layout(fields: fields, recordSize: recordSize) } == 1
  }

  private func field(
    _ type: ElementType = .f32, at offset: Int, _ bound: Bound = .exact, name: String = ""
  ) -> Field {
    Field(name: name, type: type, offset: offset, bound: bound)
  }

  @Test func rejectsOverlappingFields() {
    #expect(refused([field(at: 0), field(.u8, at: 3)], 8))
    #expect(refused([field(.u8, at: 3), field(at: 0)], 8))
    #expect(refused([field(at: 0), field(at: 0)], 8))
    #expect(!refused([field(at: 0), field(.u8, at: 4)], 5))
  }

  @Test func rejectsFieldsThatLeaveTheRecord() {
    #expect(refused([field(at: -1)], 8))
    #expect(refused([field(at: 5)], 8))
    #expect(refused([field(.f64, at: 0)], 7))
    #expect(refused([field(at: .max)], 8))
    #expect(!refused([field(at: 4)], 8))
  }

  @Test func rejectsRecordsWithoutFieldsOrBytes() {
    #expect(refused([], 8))
    #expect(refused([field(.u8, at: 0)], 0))
    #expect(refused([field(.u8, at: 0)], -1))
    #expect(refused([field(.u8, at: 0)], 1 << 20 + 1))
    #expect(!refused([field(.u8, at: 0)], 1 << 20))
    #expect(status { _ = try Layout(matrixOf: .u8, fieldCount: 0, bound: .exact) } == 1)
    #expect(status { _ = try Layout(matrixOf: .u8, fieldCount: 65536, bound: .exact) } == 1)
    #expect(status { _ = try Layout(matrixOf: .u8, fieldCount: .max, bound: .exact) } == 1)
  }

  @Test func rejectsBoundsThatAreNegativeOrNotFinite() {
    for bad in [-1, -.leastNonzeroMagnitude, .infinity, .nan] as [Double] {
      #expect(refused([field(at: 0, .absolute(bad))], 4))
      #expect(refused([field(at: 0, .relative(bad))], 4))
    }
    for good in [0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude] as [Double] {
      #expect(!refused([field(at: 0, .absolute(good))], 4))
    }
  }

  @Test func rejectsLongNames() {
    #expect(!refused([field(at: 0, name: String(repeating: "x", count: 255))], 4))
    #expect(refused([field(at: 0, name: String(repeating: "x", count: 256))], 4))
    // 128 characters of two bytes each.
    #expect(refused([field(at: 0, name: String(repeating: "ü", count: 128))], 4))
  }

  @Test func rejectsNamesThatAreNoText() {
    for bytes in [[0xFF], [0x61, 0x80], [0x61, 0, 0x62]] as [[UInt8]] {
      #expect(refused([Field(nameBytes: bytes, type: .u8, offset: 0, bound: .exact)], 4))
    }
  }
}
