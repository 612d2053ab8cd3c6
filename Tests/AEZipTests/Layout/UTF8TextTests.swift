import Testing

@testable import AEZip

/// Against the standard library's decoder.
@Suite struct UTF8TextTests {
  private func agree(_ bytes: [UInt8]) -> Bool {
    isUTF8(bytes) == (String(validating: bytes, as: UTF8.self) != nil)
  }

  @Test func everySequenceOfTwoBytes() {
    for first in 0...255 as ClosedRange<UInt8> {
      #expect(agree([first]))
      for second in 0...255 as ClosedRange<UInt8> where !agree([first, second]) {
        Issue.record("\(first) \(second)")
      }
    }
  }

  @Test func longerSequencesAtTheEdges() {
    let leads: [UInt8] = [
      0x7F, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEF, 0xF0, 0xF3, 0xF4, 0xF5,
    ]
    let others: [UInt8] = [0, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF]
    for lead in leads {
      for a in others {
        for b in others {
          for c in others where !agree([0x41, lead, a, b, c, 0x42]) {
            Issue.record("\([lead, a, b, c])")
          }
          if !agree([lead, a, b]) { Issue.record("\([lead, a, b])") }
        }
      }
    }
  }
}
