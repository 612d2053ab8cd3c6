import CAez
import Testing

@testable import AEZip

@Suite struct ErrorTests {
  private static let all: [AEZipError] = [
    .invalidArgument("# of # named @", 11, 22, name: "thirty-three"),
    .unrepresentableValue(record: 11, field: 22, "thirty-three"),
    .notAContainer,
    .unsupportedVersion(found: 11, newest: 22),
    .truncated(what: "thirty-three", needed: 11, available: 22),
    .corrupted(what: "thirty-three", declared: 11, computed: 22),
    .limitExceeded(what: "thirty-three", value: 11, limit: 22),
    .modelMismatch("thirty-three"),
    .modelNeeded(0x0123_4567_89ab_cdef, 1, 2, 0xfedc_ba98_7654_3210),
    .outOfMemory(bytes: 11),
    .bufferTooSmall(needed: 11, available: 22),
    .inputOutput("thirty-three"),
    .cancelled,
  ]

  /// Which of the numbers and the name a message must tell. A new case does not compile without.
  private func told(_ error: AEZipError) -> [String] {
    switch error {
    case .invalidArgument, .unrepresentableValue, .truncated, .corrupted, .limitExceeded:
      ["11", "22", "thirty-three"]
    case .unsupportedVersion, .bufferTooSmall: ["11", "22"]
    case .modelMismatch, .inputOutput: ["thirty-three"]
    case .outOfMemory: ["11"]
    case .modelNeeded:
      ["0123456789abcdef00000000000000010000000000000002fedcba9876543210"]
    case .notAContainer, .cancelled: []
    }
  }

  /// A needed model is a mismatch too.
  @Test func everyCaseHasItsOwnStatus() {
    let statuses = Self.all.filter { if case .modelNeeded = $0 { false } else { true } }
      .map { $0.status }
    #expect(AEZipError.modelNeeded(0, 0, 0, 0).status == 8)
    #expect(Set(statuses).count == statuses.count)
    #expect(
      statuses.map { Int($0) }
        == [
          AEZ_INVALID_ARGUMENT, AEZ_UNREPRESENTABLE, AEZ_NOT_A_CONTAINER, AEZ_UNSUPPORTED_VERSION,
          AEZ_TRUNCATED, AEZ_CORRUPTED, AEZ_LIMIT_EXCEEDED, AEZ_MODEL_MISMATCH, AEZ_OUT_OF_MEMORY,
          AEZ_BUFFER_TOO_SMALL, AEZ_IO, AEZ_CANCELLED,
        ].map { Int($0) })
  }

  @Test func everyMessageIsComplete() {
    for error in Self.all {
      let message = error.message
      for part in told(error) { #expect(message.contains(part), "\(message)") }
      #expect(!message.isEmpty && !message.contains("#") && !message.contains("@"))
      #expect(!message.contains("\n") && !message.hasSuffix("."))
    }
  }

  @Test func messagesReadWell() {
    #expect(
      AEZipError.truncated(what: "the header", needed: 16, available: 9).message
        == "truncated: the header needs 16 bytes, 9 are there; fetch the whole file again")
    #expect(
      AEZipError.unsupportedVersion(found: 7, newest: 1).message
        == "format version 7, but this aezip reads up to 1; update aezip")
    #expect(AEZipError.outOfMemory(bytes: .min).message.contains("-9223372036854775808"))
  }
}
