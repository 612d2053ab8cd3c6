import CPlatform

/// A chunk's payload to records: the inverse of ``ChunkEncoder``.
struct ChunkDecoder {
  let layout: Layout
  let kernels: aezk_kernels

  /// Where the restored records go.
  struct Target {
    /// The first wanted record's first byte.
    var output: UnsafeMutableRawPointer
    var recordSize: Int
    /// For each field its offset in the output; nil if it is not wanted.
    var offsets: [Int?]
    /// Records of the chunk that are wanted.
    var wanted: Range<Int>
  }

  /// - Parameter recordCount: what the index says the chunk holds.
  func decode(
    _ payload: UnsafeRawBufferPointer, recordCount: Int, target: Target
  ) throws(AEZipError) {
    let zlib = Zlib()
    var body = ByteReader(payload, what: "a chunk")
    let headerCount = try body.count(limit: Limits.chunkBytes)
    let packedHeader = try body.take(try body.count(limit: Limits.chunkBytes))
    let headerBytes = try Unpacker.inflate(packedHeader, to: headerCount, zlib, slack: 0)
    var header = ByteReader(
      UnsafeRawBufferPointer(start: headerBytes.base, count: headerCount),
      what: "the header of a chunk")
    try withExtendedLifetime(headerBytes) { () throws(AEZipError) in
      try decode(&header, &body, zlib, recordCount, target)
    }
  }

  private func decode(
    _ header: inout ByteReader, _ body: inout ByteReader, _ zlib: Zlib, _ recordCount: Int,
    _ target: Target
  ) throws(AEZipError) {
    let declared = try header.count(limit: Limits.chunkRecords)
    guard declared == recordCount else {
      throw .corrupted(what: "the records of a chunk", declared: recordCount, computed: declared)
    }
    let laneCount = try header.byte(below: Strands.width + 1)
    guard laneCount > 0, laneCount <= recordCount else {
      throw .corrupted(what: "the strands of a chunk", declared: laneCount, computed: recordCount)
    }
    let strands = Strands(recordCount: recordCount, laneCount: laneCount)
    let flags = try header.byte(below: 2)

    // How each field is stored.
    let fieldCount = layout.fields.count
    var treatments: [Treatment] = []
    var coded: [Int] = []
    for index in 0..<fieldCount {
      guard let treatment = Treatment(rawValue: try header.byte()) else {
        throw .corrupted(what: "the treatment of a field", declared: index, computed: 2)
      }
      treatments.append(treatment)
      switch treatment {
      case .constant:
        let bytes = try header.take(layout.fields[index].type.size)
        guard let offset = target.offsets[index] else { continue }
        for record in 0..<target.wanted.count {
          let place = target.output + (record * target.recordSize + offset)
          for byte in 0..<bytes.count { place.storeBytes(of: bytes[byte], toByteOffset: byte, as: UInt8.self) }
        }
      case .coded: coded.append(index)
      case .exact: break
      }
    }

    // Codes.
    var columns: [Column] = []
    var outputs: [Scatter?] = []
    for index in 0..<coded.count {
      let field = layout.fields[coded[index]]
      var column = try Column(
        field: coded[index], index: index, columnCount: coded.count, from: &header)
      column.clampRange = field.type.clampRange(origin: column.integerOrigin)
      guard !column.single || flags == 0 && field.type.usesFloatPlane && column.scale == 1 else {
        throw .corrupted(what: "the arithmetic of a column", declared: 1, computed: 0)
      }
      outputs.append(
        target.offsets[coded[index]].map {
          Scatter(
            output: target.output, recordSize: target.recordSize, offset: $0, type: field.type,
            origin: column.integerOrigin, wanted: target.wanted)
        })
      columns.append(column)
    }
    var pieceCounts: [Int] = []
    for column in columns {
      guard column.context.classCount > 1 else {
        pieceCounts.append(recordCount)
        continue
      }
      var left = recordCount
      for _ in 0..<column.context.classCount {
        let count = try header.count(limit: left)
        left -= count
        pieceCounts.append(count)
      }
      guard left == 0 else {
        throw .corrupted(what: "the classes of a column", declared: recordCount, computed: left)
      }
    }
    let unpacker = try Unpacker(pieceCounts: pieceCounts, from: &header)
    let ordered = try Memory<Int32>(max(columns.count * recordCount, 1))
    try unpacker.unpack(&body, zlib: zlib, into: ordered.base)
    let codes = try CodePlanes(columnCount: columns.count, strands: strands)
    let contexts = try ContextReader(
      columns: columns, counts: pieceCounts, ordered: ordered, codes: codes, strands: strands,
      kernels: kernels)
    if flags & 1 != 0 {
      try Corrector<Double>(
        columns: columns, latentCount: 0, terms: LinearTerms(), strands: strands, kernels: kernels
      ).decode(codes: codes, contexts: contexts, outputs: outputs)
    } else {
      try Corrector<Float>(
        columns: columns, latentCount: 0, terms: LinearTerms(), strands: strands, kernels: kernels
      ).decode(codes: codes, contexts: contexts, outputs: outputs)
    }

    try decodeExceptions(coded, &header, &body, zlib, recordCount, target)
    for index in 0..<fieldCount where treatments[index] == .exact {
      try decodeExact(index, &header, &body, zlib, recordCount, target)
    }
    try header.expectEnd()
    try body.expectEnd()
  }

  private func decodeExceptions(
    _ coded: [Int], _ header: inout ByteReader, _ body: inout ByteReader, _ zlib: Zlib,
    _ recordCount: Int, _ target: Target
  ) throws(AEZipError) {
    var counts: [Int] = []
    var valueBytes = 0
    for index in coded {
      counts.append(try header.count(limit: recordCount))
      valueBytes += counts[counts.count - 1] * layout.fields[index].type.size
    }
    let placeCount = try header.count(limit: Limits.chunkBytes)
    guard valueBytes > 0 else {
      guard placeCount == 0 else {
        throw .corrupted(what: "exceptions", declared: placeCount, computed: 0)
      }
      return
    }
    let places = try Unpacker.inflate(
      try body.take(try header.count(limit: Limits.chunkBytes)), to: placeCount, zlib, slack: 0)
    let values = try Unpacker.inflate(
      try body.take(try header.count(limit: Limits.chunkBytes)), to: valueBytes, zlib, slack: 0)
    var placeReader = ByteReader(
      UnsafeRawBufferPointer(start: places.base, count: placeCount), what: "exceptions")
    var valueReader = ByteReader(
      UnsafeRawBufferPointer(start: values.base, count: valueBytes), what: "exceptions")
    for position in 0..<coded.count where counts[position] > 0 {
      let offset = target.offsets[coded[position]]
      try Exceptions.read(
        counts[position], count: recordCount, size: layout.fields[coded[position]].type.size,
        places: &placeReader, values: &valueReader, wanted: target.wanted,
        into: offset == nil ? nil : target.output, recordSize: target.recordSize,
        offset: offset ?? 0)
    }
    try placeReader.expectEnd()
    _ = (places, values)
  }

  private func decodeExact(
    _ index: Int, _ header: inout ByteReader, _ body: inout ByteReader, _ zlib: Zlib,
    _ recordCount: Int, _ target: Target
  ) throws(AEZipError) {
    guard let transform = ExactCoder.Transform(rawValue: try header.byte()) else {
      throw .corrupted(what: "the transform of a field", declared: index, computed: 3)
    }
    let size = layout.fields[index].type.size
    var planes: [UnsafeRawBufferPointer] = []
    for _ in 0..<size { planes.append(try body.take(try header.count(limit: Limits.chunkBytes))) }
    guard let offset = target.offsets[index] else { return }
    try ExactCoder(zlib: zlib, level: 0).unpack(
      planes, transform: transform, size: size, count: recordCount, wanted: target.wanted,
      into: target.output, recordSize: target.recordSize, offset: offset)
  }
}
