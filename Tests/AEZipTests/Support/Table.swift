import Testing

@testable import AEZip

/// Records in memory with their layout, and the way through a container and back.
struct Table {
  let layout: Layout
  var bytes: [UInt8]

  var recordCount: Int { bytes.count / layout.recordSize }

  /// A matrix of random walks, whose fields follow each other somewhat.
  static func walks(
    _ recordCount: Int, fieldCount: Int = 3, bound: Bound = .absolute(0.05), seed: UInt64 = 1
  ) throws -> Table {
    var random = Seeded(seed)
    let layout = try Layout(matrixOf: .f32, fieldCount: fieldCount, bound: bound)
    var table = Table(layout: layout, bytes: [])
    var state = [Double](repeating: 0, count: fieldCount)
    for _ in 0..<recordCount {
      for field in 0..<fieldCount {
        state[field] += random.normal() + (field > 0 ? state[field - 1] * 0.01 : 0)
        table.append(Float(state[field]))
      }
    }
    return table
  }

  /// One field with these values.
  static func column<T: Trivial>(_ values: [T], _ bound: Bound) throws -> Table {
    let layout = try Layout(matrixOf: T.elementType, fieldCount: 1, bound: bound)
    var table = Table(layout: layout, bytes: [])
    for value in values { table.append(value) }
    return table
  }

  mutating func append<T: Trivial>(_ value: T) {
    withUnsafeBytes(of: value) { bytes += Array($0) }
  }

  /// All values of one field.
  func values<T: Trivial>(_ field: Int = 0, as: T.Type) -> [T] {
    let offset = layout.fields[field].offset
    return bytes.withUnsafeBytes { bytes in
      (0..<recordCount).map {
        bytes.loadUnaligned(fromByteOffset: $0 * layout.recordSize + offset, as: T.self)
      }
    }
  }

  func compressed(
    level: Int = 6, threads: Int = 1, chunkRecords: Int = 0, latents: Int? = nil,
    metadata: [UInt8] = []
  ) throws -> [UInt8] {
    var options = CompressionOptions()
    options.level = level
    options.threads = threads
    options.chunkRecords = chunkRecords
    options.latents = latents
    options.metadata = metadata
    let sink = Sink()
    try bytes.withUnsafeBytes {
      try Codec.compress($0, layout: layout, options: options) { sink.take($0) }
    }
    return sink.bytes
  }

  /// The records of a container.
  init(restoring container: [UInt8], threads: Int = 1) throws {
    self = try container.withUnsafeBytes { container in
      let reader = try ContainerReader(bytes: container)
      var bytes = [UInt8](repeating: 0xAA, count: reader.recordCount * reader.layout.recordSize)
      try bytes.withUnsafeMutableBytes {
        try reader.read(records: 0..<reader.recordCount, threads: threads, into: $0)
      }
      return Table(layout: reader.layout, bytes: bytes)
    }
  }

  init(layout: Layout, bytes: [UInt8]) {
    self.layout = layout
    self.bytes = bytes
  }

  func roundTrip(level: Int = 6, chunkRecords: Int = 0) throws -> Table {
    try Table(restoring: try compressed(level: level, chunkRecords: chunkRecords))
  }
}

/// Takes what a writer writes, up to a size.
final class Sink {
  private(set) var bytes: [UInt8] = []
  private(set) var calls = 0
  let room: Int

  init(room: Int = .max) { self.room = room }

  func take(_ more: UnsafeRawBufferPointer) -> Bool {
    calls += 1
    guard more.count <= room - bytes.count else { return false }
    bytes += Array(more)
    return true
  }
}

/// A Swift type for each element type.
protocol Trivial: BitwiseCopyable, Equatable {
  static var elementType: ElementType { get }
}

extension Float: Trivial { static var elementType: ElementType { .f32 } }
extension Double: Trivial { static var elementType: ElementType { .f64 } }
extension Int8: Trivial { static var elementType: ElementType { .i8 } }
extension Int16: Trivial { static var elementType: ElementType { .i16 } }
extension Int32: Trivial { static var elementType: ElementType { .i32 } }
extension Int64: Trivial { static var elementType: ElementType { .i64 } }
extension UInt8: Trivial { static var elementType: ElementType { .u8 } }
extension UInt16: Trivial { static var elementType: ElementType { .u16 } }
extension UInt32: Trivial { static var elementType: ElementType { .u32 } }
extension UInt64: Trivial { static var elementType: ElementType { .u64 } }

/// The status of the error that `body` throws; 0 if it throws none.
func status(_ body: () throws -> Void) -> Int32 {
  do {
    try body()
    return 0
  } catch let error as AEZipError {
    return error.status
  } catch {
    return -1
  }
}
