import CAez
import Foundation
import Testing

@testable import AEZip

/// The C library, loaded into a process that holds the Swift module too: two runtimes that must not
/// see each other.
@Suite struct LibraryTests {
  /// `AEZ_LIBRARY`, else the library built beside this test, else the release build.
  private static let path: String? = {
    let built = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let places = [
      ProcessInfo.processInfo.environment["AEZ_LIBRARY"] ?? "",
      built.appendingPathComponent("libaez.so").path,
      root.appendingPathComponent(".build/release/libaez.so").path,
    ]
    return places.first { FileManager.default.fileExists(atPath: $0) }
  }()

  private func open() throws -> UnsafeMutableRawPointer {
    let path = try #require(Self.path, "build the library first: swift build -c release")
    return try #require(dlopen(path, RTLD_NOW | RTLD_LOCAL), "\(String(cString: dlerror()))")
  }

  private typealias Open =
    @convention(c) (
      UnsafeRawPointer?, Int, UnsafeMutablePointer<OpaquePointer?>?,
      UnsafeMutablePointer<aez_error>?
    ) -> aez_status
  private typealias Free = @convention(c) (OpaquePointer?) -> Void
  private typealias Decompress =
    @convention(c) (
      UnsafeRawPointer?, Int, Int32, UnsafeMutableRawPointer?, Int, UnsafeMutablePointer<UInt64>?,
      UnsafeMutablePointer<aez_error>?
    ) -> aez_status

  private func symbol<T>(_ library: UnsafeMutableRawPointer, _ name: String, as: T.Type) throws -> T
  {
    unsafeBitCast(try #require(dlsym(library, name)), to: T.self)
  }

  @Test func restoresWhatTheSwiftModuleCompressed() throws {
    let library = try open()
    defer { dlclose(library) }
    let decompress = try symbol(library, "aez_decompress", as: Decompress.self)
    let table = try Table.walks(300)
    let container = try table.compressed()
    let expected = try Table(restoring: container)
    var records = [UInt8](repeating: 0, count: table.bytes.count)
    var count: UInt64 = 0
    let status = decompress(container, container.count, 1, &records, records.count, &count, nil)
    #expect(status == AEZ_OK && count == 300)
    #expect(records == expected.bytes)
  }

  /// The readers' metadata alone would make 250 MB if they stayed.
  @Test func leaksNoReaders() throws {
    let library = try open()
    defer { dlclose(library) }
    let open = try symbol(library, "aez_reader_open_memory", as: Open.self)
    let free = try symbol(library, "aez_reader_free", as: Free.self)
    let container = try Table.walks(50).compressed(
      metadata: [UInt8](repeating: 1, count: 1 << 18))
    let truncated = container.count - 1
    func openAndFree(_ times: Int) {
      for _ in 0..<times {
        var reader: OpaquePointer?
        #expect(open(container, container.count, &reader, nil) == AEZ_OK)
        free(reader)
        #expect(open(container, truncated, &reader, nil) == AEZ_TRUNCATED)
        #expect(reader == nil)
      }
    }
    openAndFree(10)
    let before = residentBytes()
    openAndFree(1000)
    #expect(residentBytes() - before < 128 << 20)
  }

  private func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * Int(getpagesize())
  }
}
