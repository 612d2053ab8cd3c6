import CPlatform

/// What the flags of a chunk say, besides the precision of predictions and latents; Format.md,
/// section 6.1.
enum ChunkFlags {
  static let shortColumns: UInt8 = 4
  static let exactRows: UInt8 = 8
  /// Columns are in an order of their own.
  static let order: UInt8 = 16
  /// Treatments and columns are those of the model's plan.
  static let modelPlan: UInt8 = 32
  /// Regressors are in ascending order.
  static let ascending: UInt8 = 64
  /// Units are told in three bytes, and classes of codes without the last one's number.
  static let terse: UInt8 = 128
}

/// Exact fields record after record in one stream, where that takes less than byte planes: few
/// records, and records like earlier ones. Format.md, section 6.8.
enum ExactRows {
  /// Records up to which rows are tried.
  static let mostBytes = 1 << 20

  /// Writes all exact fields, as planes or as rows.
  ///
  /// - Returns: whether as rows.
  static func write(
    _ records: UnsafeRawBufferPointer, _ fields: List<Int>, _ layout: Layout,
    _ coder: ExactCoder, to body: ByteBuffer, header: inout ByteWriter
  ) throws(AEZipError) -> Bool {
    guard fields.count > 0 else { return false }
    let recordSize = layout.recordSize
    var planes = ByteWriter()
    let planeBytes = try ByteBuffer()
    for index in fields {
      let field = layout.fields[index]
      let (transform, sizes) = try coder.pack(
        records, recordSize: recordSize, offset: field.offset, size: field.type.size,
        count: records.count / recordSize, to: planeBytes)
      planes.byte(transform.rawValue)
      for size in sizes { planes.count(size) }
    }
    if records.count <= mostBytes {
      let rows = try ByteBuffer()
      let size = try pack(records, fields, layout, coder.zlib, to: rows)
      // A plane's size takes about a byte of the packed header.
      if size < planeBytes.count + planes.bytes.count {
        header.count(size)
        try body.append(rows.bytes)
        return true
      }
    }
    for byte in planes.bytes { header.byte(byte) }
    try body.append(planeBytes.bytes)
    return false
  }

  /// Appends the stream; returns its size.
  static func pack(
    _ records: UnsafeRawBufferPointer, _ fields: List<Int>, _ layout: Layout, _ zlib: Zlib,
    to output: ByteBuffer
  ) throws(AEZipError) -> Int {
    var size = 0
    for index in fields { size += layout.fields[index].type.size }
    let recordSize = layout.recordSize
    let count = records.count / recordSize
    let rows = try Memory<UInt8>(max(size * count, 1))
    var target = rows.base
    for record in 0..<count {
      for index in fields {
        let (offset, width) = (layout.fields[index].offset, layout.fields[index].type.size)
        memcpy(target, records.baseAddress! + (record * recordSize + offset), width)
        target += width
      }
    }
    return try zlib.packSmallest(
      UnsafeRawBufferPointer(start: rows.base, count: size * count), [.full(6), .huffman],
      to: output)
  }

  /// The inverse of ``write``, for rows: fills in the wanted fields of the wanted records.
  static func read(
    _ stream: UnsafeRawBufferPointer, _ layout: Layout, _ fields: List<Int>, recordCount: Int,
    _ zlib: Zlib, _ target: ChunkDecoder.Target
  ) throws(AEZipError) {
    var size = 0
    for index in fields { size += layout.fields[index].type.size }
    let rows = try Unpacker.inflate(stream, to: size * recordCount, zlib)
    var start = 0
    for index in fields {
      let width = layout.fields[index].type.size
      if let offset = target.offsets[index] {
        for record in target.wanted {
          memcpy(
            target.output + ((record - target.wanted.lowerBound) * target.recordSize + offset),
            rows.base + (record * size + start), width)
        }
      }
      start += width
    }
  }
}
