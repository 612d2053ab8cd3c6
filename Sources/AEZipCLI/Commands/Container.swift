import AEZip
import Glibc
import Synchronization

/// A container file that is open for reading, and what its metadata say of its origin.
struct Container {
  let file: InputFile
  let reader: ContainerReader
  let origin: Origin

  init(path: String, model modelPath: String? = nil, log: Log) throws {
    guard path != "-" || modelPath != "-" else {
      throw Failure(.usage, nil, "the container and --model are both standard input; name one")
    }
    let model = try modelPath.map { try Model(path: $0, log: log).model }
    let file = try InputFile(path: path)
    try file.makeSeekable(because: "a container is read from its end", log: log)
    self.file = file
    if file.size == 0 {
      throw Failure(.badData, file.name, "is empty; give a file that aezip wrote")
    }
    let failure = ReadFailure()
    self.failure = failure
    let reader = try blaming(file.name, because: { failure.error }) { () throws(AEZipError) in
      try ContainerReader(size: file.size!, model: model) { offset, buffer in
        do {
          return try file.read(at: offset, into: buffer) == buffer.count
        } catch {
          failure.note(error)
          return false
        }
      }
    }
    self.reader = reader
    let origin = Origin(metadata: reader.metadata)
    let fits =
      switch origin {
      case .npy(let origin): origin.fits(reader.layout, recordCount: reader.recordCount)
      case .csv(let origin): origin.fits(reader.layout)
      case .raw, .unknown: true
      }
    self.origin = fits ? origin : .unknown
    if !fits {
      log.note("\(file.name): its metadata describe another table and are ignored")
    }
  }

  /// What the reading callback ran into on any thread, which the library cannot carry.
  private final class ReadFailure: Sendable {
    private let first = Mutex<(any Error)?>(nil)

    var error: (any Error)? { first.withLock { $0 } }

    func note(_ error: any Error) { first.withLock { $0 = $0 ?? error } }
  }
  private let failure: ReadFailure

  /// Runs a stage of the reader and blames the file for its errors.
  func blamed<Result>(_ body: () throws(AEZipError) -> Result) throws -> Result {
    try blaming(file.name, because: { failure.error }, body)
  }

  /// The table that some or all fields of some records make.
  func table(records: Range<Int>, fields chosen: [Int]?) -> RestoredTable {
    let layout = reader.layout
    guard let chosen else {
      return RestoredTable(
        fields: layout.fields, recordSize: layout.recordSize, recordCount: records.count,
        indices: Array(layout.fields.indices), statistics: reader.statistics, isComplete: true)
    }
    var offset = 0
    let fields = chosen.map { index in
      var field = layout.fields[index]
      field.offset = offset
      offset += field.type.size
      return field
    }
    return RestoredTable(
      fields: fields, recordSize: offset, recordCount: records.count, indices: chosen,
      statistics: chosen.map { reader.statistics[$0] }, isComplete: false)
  }

  /// Restores records in batches.
  func forEachBatch(
    of table: RestoredTable, records: Range<Int>, threads: Int, bar: ProgressBar,
    _ body: (UnsafeMutableRawBufferPointer) throws -> Void
  ) throws {
    let chosen = table.isComplete ? nil : table.indices
    let most = max(1, min(records.count, recordsAtOnce(threads)))
    let buffer = RecordBuffer(byteCount: most * table.recordSize)
    var next = records.lowerBound
    while next < records.upperBound {
      let batch = next..<min(records.upperBound, next + most)
      let bytes = UnsafeMutableRawBufferPointer(
        rebasing: buffer.bytes[..<(batch.count * table.recordSize)])
      try blamed { () throws(AEZipError) in
        try reader.read(records: batch, fields: chosen, threads: threads, into: bytes)
      }
      try body(bytes)
      bar.advance(by: bytes.count)
      next = batch.upperBound
    }
    bar.finish()
  }

  /// Some whole chunks of the usual 8 MiB, so that no chunk is decoded twice.
  private func recordsAtOnce(_ threads: Int) -> Int {
    let processors = threads > 0 ? threads : sysconf(Int32(_SC_NPROCESSORS_ONLN))
    return min(max(processors, 4), 16) * max(1, (8 << 20) / reader.layout.recordSize)
  }
}
