import Testing

@testable import AEZip

@Suite struct ListTests {
  @Test func holdsWhatWasAppended() {
    var list = List<Int?>()
    for index in 0..<1000 { list.append(index % 3 == 0 ? nil : index) }
    #expect(list.count == 1000)
    #expect((0..<1000).allSatisfy { list[$0] == ($0 % 3 == 0 ? nil : $0) })
  }

  /// A copy and its original do not see each other's changes.
  @Test func isAValue() {
    let original = List(0..<5)
    var changed = original
    changed[1] = 9
    var longer = original
    longer.append(5)
    var shorter = original
    shorter.remove(at: 4)
    var middle = original
    middle.remove(at: 1)
    #expect(Array(original) == [0, 1, 2, 3, 4])
    #expect(Array(changed) == [0, 9, 2, 3, 4])
    #expect(Array(longer) == [0, 1, 2, 3, 4, 5])
    #expect(Array(shorter) == [0, 1, 2, 3])
    #expect(Array(middle) == [0, 2, 3, 4])
  }
}
