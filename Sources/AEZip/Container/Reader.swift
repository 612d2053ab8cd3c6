import CPlatform

/// Reads a container with random access: only the chunks that hold the wanted records are read.
///
/// Opening reads header, index, layout, statistics and metadata. The object does not change
/// afterwards, so threads may share it.
public final class ContainerReader {
  public let layout: Layout
  public let recordCount: Int
  public let metadata: [UInt8]
  public let statistics: [FieldStatistics]
  /// Bytes of the whole container.
  public let size: Int

  struct Chunk {
    var section: SectionPlace
    var firstRecord: Int
    var recordCount: Int
  }

  let source: ByteSource
  /// The file's format version.
  let version: Int
  let model: ContainerModel?
  /// How the container's model is called; nil for none, and for those of versions 1 and 2.
  let modelReference: ModelReference?
  /// How well the model that the container was made with knew its records; nil for one that was
  /// made for them.
  public let fit: ModelFit?
  let chunks: List<Chunk>
  let sections: List<SectionPlace>
  let kernels = Kernels()

  /// Opens a container in memory. The bytes must outlive the reader.
  ///
  /// - Parameter model: what the container was made with, if it does not hold its model; without
  ///   it the container can be opened, but not all records be read.
  /// - Throws: ``AEZipError/notAContainer``, ``AEZipError/unsupportedVersion(found:newest:)``,
  ///   ``AEZipError/truncated(what:needed:available:)``,
  ///   ``AEZipError/corrupted(what:declared:computed:)``,
  ///   ``AEZipError/limitExceeded(what:value:limit:)``, ``AEZipError/outOfMemory(bytes:)``,
  ///   ``AEZipError/modelNeeded(_:_:_:_:)`` if another model is given than is needed.
  public convenience init(
    bytes: UnsafeRawBufferPointer, model: Autoencoder? = nil
  ) throws(AEZipError) {
    try self.init(ByteSource(bytes: bytes), model)
  }

  /// Opens a container behind a function that fills a buffer from an offset; false on failure.
  /// ``read(records:fields:threads:into:)`` calls it from several threads if it may use several.
  ///
  /// - Throws: as ``init(bytes:model:)``, and ``AEZipError/inputOutput(_:)``.
  public convenience init(
    size: Int, model: Autoencoder? = nil,
    read: @escaping (_ offset: Int, _ into: UnsafeMutableRawBufferPointer) -> Bool
  ) throws(AEZipError) {
    try self.init(ByteSource(size: size, read: read), model)
  }

  // What can fail is left to a convenience initializer: where a designated one throws before every
  // property is set, Embedded Swift leaks the object.
  private init(
    _ source: ByteSource, version: Int, _ layout: Layout, recordCount: Int,
    sections: List<SectionPlace>,
    chunks: List<Chunk>, statistics: [FieldStatistics], metadata: [UInt8],
    model: (model: ContainerModel, reference: ModelReference?)?, fit: ModelFit?
  ) {
    self.source = source
    self.version = version
    size = source.size
    self.layout = layout
    self.recordCount = recordCount
    self.sections = sections
    self.chunks = chunks
    self.statistics = statistics
    self.metadata = metadata
    self.model = model?.model
    modelReference = model?.reference
    self.fit = fit
  }

  private convenience init(_ source: ByteSource, _ given: Autoencoder?) throws(AEZipError) {
    let (version, recordCount, places) = try Self.readIndex(source)
    var chunks: List<Chunk> = List()
    var layout: Layout?
    var statistics: [FieldStatistics]?
    var shortStatistics: ByteView?
    var model: ByteView?
    var fit: ModelFit?
    var encoder: ByteView?
    var metadata: [UInt8] = []
    var records = 0
    for place in places {
      guard let section = Format.Section(rawValue: place.section.type) else {
        if place.section.type & Format.optionalBit != 0 { continue }
        throw .unsupportedVersion(
          found: Int(place.section.type), newest: Int(Format.Section.index.rawValue))
      }
      // A second one might contradict what was read with the first.
      let isMisplaced =
        switch section {
        case .layout: layout != nil || !chunks.isEmpty
        case .metadata: !metadata.isEmpty
        case .statistics: statistics != nil
        case .model: model != nil || layout == nil || !chunks.isEmpty
        case .encoder: encoder != nil || model == nil || !chunks.isEmpty
        case .chunk, .history, .index, .fit: false
        }
      guard !isMisplaced else {
        throw .corrupted(
          what: "the order of sections", declared: Int(place.section.type), computed: places.count)
      }
      switch section {
      case .layout:
        let view = try source.packed(place.section)
        layout = try Layout(decoding: view.bytes)
      case .metadata:
        let view = try source.packed(place.section)
        guard view.bytes.count <= Limits.metadataBytes else {
          throw .limitExceeded(
            what: "the user metadata", value: view.bytes.count, limit: Limits.metadataBytes)
        }
        metadata = Array(view.bytes)
      case .statistics:
        guard let layout else { break }
        let view = try source.packed(place.section)
        if view.bytes.first == ShortStatistics.mark {
          shortStatistics = view
          statistics = []
        } else {
          statistics = try FieldStatistics.decode(view.bytes, layout)
        }
      case .chunk:
        chunks.append(
          Chunk(section: place.section, firstRecord: records, recordCount: place.records))
        records += place.records
      case .model:
        model = try source.packed(place.section)
      case .encoder:
        encoder = try source.packed(place.section)
      case .fit:
        let view = try source.packed(place.section)
        var reader = ByteReader(view.bytes, what: "the model's fit")
        fit = ModelFit(bits: Double(try reader.f32()), trainingBits: Double(try reader.f32()))
      case .history, .index: break
      }
    }
    guard let layout, var statistics else {
      throw .corrupted(what: "the sections", declared: places.count, computed: chunks.count)
    }
    guard records == recordCount else {
      throw .corrupted(what: "the number of records", declared: recordCount, computed: records)
    }
    for chunk in chunks {
      guard chunk.recordCount * layout.recordSize <= Limits.chunkBytes,
        chunk.recordCount * layout.fields.count <= Limits.chunkValues
      else {
        throw .limitExceeded(
          what: "the records of a chunk", value: chunk.recordCount,
          limit: min(
            Limits.chunkBytes / layout.recordSize, Limits.chunkValues / layout.fields.count))
      }
    }
    var decoded: (ContainerModel, ModelReference?)?
    if let model {
      decoded = try ContainerModel.decode(
        model.bytes, encoder: encoder?.bytes, layout: layout, given: given)
    }
    withExtendedLifetime((model, encoder)) {}
    if let shortStatistics {
      guard chunks.count == 1, ShortStatistics.fits(recordCount, layout) else {
        throw .corrupted(
          what: "the records of short statistics", declared: recordCount,
          computed: ShortStatistics.mostRecords)
      }
      statistics = try Self.readShort(
        shortStatistics, source.payload(chunks[0].section), recordCount,
        ChunkDecoder(layout: layout, kernels: Kernels(), model: decoded?.0))
    }
    var sections = List<SectionPlace>()
    for place in places { sections.append(place.section) }
    self.init(
      source, version: version, layout, recordCount: recordCount, sections: sections,
      chunks: chunks, statistics: statistics, metadata: metadata, model: decoded,
      fit: fit)
  }

  /// Statistics that follow from the restored records of the only chunk.
  private static func readShort(
    _ statistics: ByteView, _ payload: ByteView, _ recordCount: Int, _ decoder: ChunkDecoder
  ) throws(AEZipError) -> [FieldStatistics] {
    let layout = decoder.layout
    let size = recordCount * layout.recordSize
    let records = try Memory<UInt8>(size, zeroed: true)
    var offsets = List<Int?>()
    for field in layout.fields { offsets.append(field.offset) }
    return try withExtendedLifetime((statistics, payload, records)) { () throws(AEZipError) in
      do throws(AEZipError) {
        try decoder.decode(
          payload.bytes, recordCount: recordCount,
          target: ChunkDecoder.Target(
            output: UnsafeMutableRawPointer(records.base), recordSize: layout.recordSize,
            offsets: offsets, wanted: 0..<recordCount))
      } catch .modelNeeded {
        return ShortStatistics.unknown(layout)
      }
      return try ShortStatistics.decode(
        statistics.bytes, layout,
        records: UnsafeRawBufferPointer(start: records.base, count: size),
        derived: decoder.derivedBounds(payload.bytes, recordCount: recordCount))
    }
  }

  // MARK: - Records

  /// Restores records; with `fields`, just these, packed without gaps in the order given.
  ///
  /// - Parameters:
  ///   - records: the range of records, counted from the container's first.
  ///   - fields: indices of fields, each at most once; nil: all, as the layout says.
  ///   - threads: 0: one per processor.
  ///   - output: holds `records.count` times the size of a record (or of the chosen fields).
  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` for a range or field that is not there,
  ///   ``AEZipError/bufferTooSmall(needed:available:)``, and what reading throws.
  public func read(
    records: Range<Int>, fields: [Int]? = nil, threads: Int = 0,
    into output: UnsafeMutableRawBufferPointer
  ) throws(AEZipError) {
    guard records.lowerBound >= 0, records.upperBound <= recordCount else {
      throw .invalidArgument(
        "records up to # are asked for, but there are #", records.upperBound, recordCount)
    }
    var offsets = List<Int?>(repeating: nil, count: layout.fields.count)
    var recordSize = layout.recordSize
    if let fields {
      recordSize = 0
      for field in fields {
        guard field >= 0, field < layout.fields.count else {
          throw .invalidArgument(
            "field # is asked for, but there are #", field, layout.fields.count)
        }
        guard offsets[field] == nil else {
          throw .invalidArgument("field # is asked for twice", field)
        }
        offsets[field] = recordSize
        recordSize += layout.fields[field].type.size
      }
    } else {
      for field in 0..<offsets.count { offsets[field] = layout.fields[field].offset }
    }
    let (needed, overflow) = recordSize.multipliedReportingOverflow(by: records.count)
    guard !overflow, needed <= output.count else {
      throw .bufferTooSmall(needed: overflow ? Int.max : needed, available: output.count)
    }
    guard records.count > 0, recordSize > 0 else { return }
    if fields == nil && hasPadding { memset(output.baseAddress!, 0, needed) }
    try decode(
      Request(
        output: output.baseAddress!, recordSize: recordSize, offsets: offsets, records: records),
      threads)
  }

  /// What to restore, and where.
  private struct Request {
    var output: UnsafeMutableRawPointer
    var recordSize: Int
    var offsets: List<Int?>
    var records: Range<Int>

    func target(_ chunk: Chunk) -> ChunkDecoder.Target {
      let start = chunk.firstRecord
      let wanted = records.clamped(to: start..<start + chunk.recordCount)
      return ChunkDecoder.Target(
        output: output + (wanted.lowerBound - records.lowerBound) * recordSize,
        recordSize: recordSize, offsets: offsets,
        wanted: wanted.lowerBound - start..<wanted.upperBound - start)
    }
  }

  /// Whether some bytes of a record belong to no field.
  private var hasPadding: Bool {
    layout.fields.reduce(0) { $0 + $1.type.size } < layout.recordSize
  }

  /// Checks every checksum of the file, and that every chunk decodes.
  ///
  /// - Throws: what reading throws.
  public func verify(threads: Int = 0) throws(AEZipError) {
    // All sections, one after the other, known or not, without a gap.
    var position = Format.headerSize
    for section in sections {
      guard section.offset == position else {
        throw .corrupted(
          what: "the place of a section", declared: section.offset, computed: position)
      }
      if Format.Section(rawValue: section.type) != .chunk { _ = try source.payload(section) }
      position += Format.sectionHeaderSize + section.length
    }
    let memory = VerifyMemory()
    try decode(
      Request(
        output: memory.base, recordSize: 0,
        offsets: List<Int?>(repeating: nil, count: layout.fields.count), records: 0..<recordCount),
      threads)
  }

  /// Decodes the chunks that hold the records asked for, several at a time; the first error in their order is
  /// thrown.
  private func decode(
    _ request: Request, _ threads: Int
  ) throws(AEZipError) {
    let records = request.records
    guard records.count > 0 else { return }
    let touched = chunks.filter {
      $0.firstRecord < records.upperBound && $0.firstRecord + $0.recordCount > records.lowerBound
    }
    let errors = ErrorList(count: touched.count)
    nonisolated(unsafe) let source = self.source
    nonisolated(unsafe) let request = request
    let decoder = ChunkDecoder(layout: layout, kernels: kernels, model: model)
    parallelFor(touched.count, threads: threadCount(threads)) { index in
      do throws(AEZipError) {
        let payload = try source.payload(touched[index].section)
        try withExtendedLifetime(payload) { () throws(AEZipError) in
          try decoder.decode(
            payload.bytes, recordCount: touched[index].recordCount,
            target: request.target(touched[index]))
        }
      } catch {
        errors[index] = error
      }
    }
    for index in 0..<touched.count {
      if let error = errors[index] { throw error }
    }
  }

  /// How the first chunk codes each field, and what that takes; nil without records.
  func explainFirstChunk() throws(AEZipError) -> ChunkExplanation? {
    guard let chunk = chunks.first else { return nil }
    let payload = try source.payload(chunk.section)
    return try withExtendedLifetime(payload) { () throws(AEZipError) in
      try ChunkDecoder(layout: layout, kernels: kernels, model: model).explain(
        payload.bytes, recordCount: chunk.recordCount)
    }
  }

  // MARK: - Index

  static func readIndex(
    _ source: ByteSource
  ) throws(AEZipError) -> (
    version: Int, recordCount: Int, places: List<(section: SectionPlace, records: Int)>
  ) {
    let magic = try source.bytes(0, min(source.size, Format.magic.count), what: "the header")
    for index in 0..<magic.bytes.count where magic.bytes[index] != Format.magic[index] {
      throw .notAContainer
    }
    guard source.size >= Format.magic.count else {
      if source.size == 0 { throw .notAContainer }
      throw .truncated(what: "the header", needed: Format.headerSize, available: source.size)
    }
    let start = try source.bytes(0, Format.headerSize, what: "the header")
    var header = ByteReader(start.bytes, what: "the header")
    _ = try header.take(Format.magic.count)
    let version = try header.u32()
    let declared = try header.u32()
    let computed = crc32(UnsafeRawBufferPointer(rebasing: start.bytes[..<12]))
    guard declared == computed else {
      throw .corrupted(
        what: "the checksum of the header", declared: Int(declared), computed: Int(computed))
    }
    guard version >= 1, version <= Format.newestVersion else {
      throw .unsupportedVersion(found: Int(version), newest: Format.newestVersion)
    }
    let least = Format.headerSize + Format.sectionHeaderSize + Format.trailerSize
    guard source.size >= least else {
      throw .truncated(what: "the container", needed: least, available: source.size)
    }
    let end = try source.bytes(
      source.size - Format.trailerSize, Format.trailerSize, what: "the trailer")
    var trailer = ByteReader(end.bytes, what: "the trailer")
    let offset = try trailer.u64()
    let checksum = try trailer.u32()
    let mark = try trailer.u32()
    let found = crc32(UnsafeRawBufferPointer(rebasing: end.bytes[..<8]))
    guard mark == Format.endMark, checksum == found,
      offset <= UInt64(source.size - Format.trailerSize - Format.sectionHeaderSize)
    else {
      // The usual reason is that the end of the file is missing.
      throw .truncated(
        what: "the end of the container", needed: source.size + 1, available: source.size)
    }
    let section = SectionPlace(
      type: Format.Section.index.rawValue, offset: Int(offset),
      length: source.size - Format.trailerSize - Format.sectionHeaderSize - Int(offset))
    let payload = try source.payload(section)
    var reader = ByteReader(payload.bytes, what: "the index")
    let recordCount = try reader.count()
    let count = try reader.count(limit: payload.bytes.count)
    var places: List<(section: SectionPlace, records: Int)> = List()
    for _ in 0..<count {
      let type = try reader.count(limit: Int(UInt32.max))
      let offset = try reader.count(limit: section.offset)
      let length = try reader.count(limit: section.offset)
      let isChunk = type == Int(Format.Section.chunk.rawValue)
      let records = isChunk ? try reader.count(limit: Limits.chunkRecords) : 0
      guard offset + Format.sectionHeaderSize + length <= section.offset else {
        throw .corrupted(what: "the place of a section", declared: offset, computed: section.offset)
      }
      places.append(
        (SectionPlace(type: UInt32(type), offset: offset, length: length), records))
    }
    try reader.expectEnd()
    return (Int(version), recordCount, places)
  }
}

/// Errors of chunks that are decoded at the same time.
final class ErrorList: @unchecked Sendable {
  private let errors: UnsafeMutableBufferPointer<AEZipError?>

  init(count: Int) {
    errors = .allocate(capacity: count)
    errors.initialize(repeating: nil)
  }

  deinit {
    errors.deinitialize()
    errors.deallocate()
  }

  subscript(index: Int) -> AEZipError? {
    get { errors[index] }
    set { errors[index] = newValue }
  }
}

/// Something to point at where nothing is written.
private final class VerifyMemory {
  let base = UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8)
  deinit { base.deallocate() }
}
