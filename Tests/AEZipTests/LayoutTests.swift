import AEZip
import Testing

@Suite struct LayoutTests {
  @Test func rejectsOverlappingFields() {
    #expect(throws: AEZipError.self) {
      try Layout(
        fields: [
          Field(name: "a", type: .f32, offset: 0, bound: .exact),
          Field(name: "b", type: .u8, offset: 3, bound: .exact),
        ], recordSize: 8)
    }
  }
}
