import CPlatform

/// A chunk's payload to records: the inverse of ``ChunkEncoder``.
struct ChunkDecoder {
  let layout: Layout
  let kernels: Kernels
  var model: ContainerModel?

  /// Where the restored records go.
  struct Target {
    /// The first wanted record's first byte.
    var output: UnsafeMutableRawPointer
    var recordSize: Int
    /// For each field its offset in the output; nil if it is not wanted.
    var offsets: List<Int?>
    /// Records of the chunk that are wanted.
    var wanted: Range<Int>
  }

  /// - Parameter recordCount: what the index says the chunk holds.
  func decode(
    _ payload: UnsafeRawBufferPointer, recordCount: Int, target: Target
  ) throws(AEZipError) {
    let zlib = Zlib()
    if let (repeats, rest) = try RepeatedRecords.read(payload, recordCount: recordCount, zlib) {
      return try repeats.restore(target) { (inner) throws(AEZipError) in
        try decode(rest, recordCount: repeats.codedCount, target: inner)
      }
    }
    let (headerBytes, headerCount, rest) = try openHeader(payload, zlib)
    var body = rest
    var header = try ByteReader(
      header: UnsafeRawBufferPointer(start: headerBytes.base, count: headerCount))
    try withExtendedLifetime(headerBytes) { () throws(AEZipError) in
      try decode(&header, &body, zlib, recordCount, target)
    }
  }

  /// Unpacks the header; also what follows it.
  func openHeader(
    _ payload: UnsafeRawBufferPointer, _ zlib: Zlib
  ) throws(AEZipError) -> (bytes: Memory<UInt8>, count: Int, body: ByteReader) {
    var body = ByteReader(payload, what: "a chunk")
    let count = try body.count(limit: Limits.chunkBytes)
    let packed = try body.take(try body.count(limit: Limits.chunkBytes))
    return (try Unpacker.inflate(packed, to: count, zlib), count, body)
  }

  /// What a header says before the codes' directory.
  struct Plan {
    var strands: Strands
    var usesDouble = false
    var keepsRows = false
    /// The number of the last class is not told.
    var isTerse = false
    var latentCount = 0
    /// It is that of the model.
    var isShared = false
    /// The chunk's, and where in the header the treatments begin.
    var flags: UInt8 = 0
    var start = 0
    var treatments: List<Treatment> = List()
    /// For each constant field its bytes.
    var constants: List<UnsafeRawBufferPointer?> = List()
    var columns: [Column] = []
    /// Bytes of the header before its compression that describe each column, but for the head.
    var columnBytes: List<Int> = List()
  }

  func readPlan(
    _ header: inout ByteReader, _ recordCount: Int
  ) throws(AEZipError) -> Plan {
    let declared = try header.count(limit: Limits.chunkRecords)
    guard declared == recordCount else {
      throw .corrupted(what: "the records of a chunk", declared: recordCount, computed: declared)
    }
    let laneCount = try header.byte(below: Strands.width + 1)
    guard laneCount > 0, laneCount <= recordCount else {
      throw .corrupted(what: "the strands of a chunk", declared: laneCount, computed: recordCount)
    }
    let strands = Strands(recordCount: recordCount, laneCount: laneCount)
    // Padding lanes take memory.
    guard laneCount == Strands.width || strands.blockCount <= Limits.blocksWithPadding else {
      throw .limitExceeded(
        what: "the length of a strand", value: strands.blockCount, limit: Limits.blocksWithPadding)
    }
    let flags = try header.byte()
    var plan = Plan(strands: strands, keepsRows: flags & ChunkFlags.exactRows != 0)
    plan.isTerse = flags & ChunkFlags.terse != 0
    if flags & ChunkFlags.modelPlan != 0 {
      guard flags & ~(ChunkFlags.modelPlan | ChunkFlags.exactRows | ChunkFlags.terse) == 0 else {
        throw .corrupted(what: "the flags of a chunk", declared: Int(flags), computed: 0)
      }
      try readModelPlan(&plan)
      return plan
    }
    var latentCount = 0
    if flags & 2 != 0 {
      latentCount = try header.count(limit: TrainingOptions.widest)
      let known = model?.latentCount ?? 0
      var isRight = latentCount > 0 && latentCount <= known
      // A network needs all of them.
      if case .linear = model {} else { isRight = isRight && latentCount == known }
      guard isRight else {
        throw .corrupted(what: "the latents of a chunk", declared: latentCount, computed: known)
      }
    }
    plan.latentCount = latentCount
    (plan.flags, plan.start) = (flags, header.position)
    try readColumns(&plan, flags, &header)
    return plan
  }

  /// Reads treatments, constants and columns.
  func readColumns(
    _ plan: inout Plan, _ flags: UInt8, _ header: inout ByteReader
  ) throws(AEZipError) {
    let latentCount = plan.latentCount
    plan.usesDouble = flags & 1 != 0
    var coded: [Int] = []
    for index in 0..<layout.fields.count {
      guard let treatment = Treatment(rawValue: try header.byte()) else {
        throw .corrupted(what: "the treatment of a field", declared: index, computed: 2)
      }
      plan.treatments.append(treatment)
      plan.constants.append(
        treatment == .constant ? try header.take(layout.fields[index].type.size) : nil)
      if treatment == .coded { coded.append(index) }
    }
    if flags & ChunkFlags.order != 0 { coded = try ColumnOrder.read(coded, from: &header) }
    var heads = List<Column.Head?>()
    header.lane = .heads
    for _ in 0..<latentCount + coded.count {
      heads.append(
        flags & ChunkFlags.shortColumns != 0
          ? Column.Head(
            flags: try header.byte(), form: try header.byte(),
            isAscending: flags & ChunkFlags.ascending != 0,
            isTrimmed: flags & ChunkFlags.terse != 0) : nil)
    }
    header.lane = .general
    var start = header.taken
    for index in 0..<latentCount {
      plan.columns.append(
        try Column(
          field: nil, index: index, columnCount: latentCount + coded.count,
          head: heads[index], from: &header))
      plan.columnBytes.append(header.taken - start)
      start = header.taken
    }
    for index in 0..<coded.count {
      let type = layout.fields[coded[index]].type
      let column = try Column(
        field: coded[index], index: latentCount + index, columnCount: latentCount + coded.count,
        head: heads[latentCount + index], from: &header)
      column.clampRange = type.clampRange(origin: column.integerOrigin)
      // Ties are of values, where a model leaves corrections.
      guard column.tie.isEmpty || latentCount == 0 else {
        throw .corrupted(what: "the tie of a column", declared: latentCount, computed: 0)
      }
      guard !column.single || !plan.usesDouble && type.usesFloatPlane && column.scale == 1 else {
        throw .corrupted(what: "the arithmetic of a column", declared: 1, computed: 0)
      }
      plan.columns.append(column)
      plan.columnBytes.append(header.taken - start)
      start = header.taken
    }
  }

  private func decode(
    _ header: inout ByteReader, _ body: inout ByteReader, _ zlib: Zlib, _ recordCount: Int,
    _ target: Target
  ) throws(AEZipError) {
    let plan = try readPlan(&header, recordCount)
    let columns = plan.columns
    let latentCount = plan.latentCount
    let coded = columns[latentCount...].map { $0.field! }
    var terms = ModelTerms()
    if latentCount > 0 {
      let fields = Array(columns[latentCount...])
      switch model! {
      case .linear(let model):
        terms = model.terms(columns: fields, steps: columns[..<latentCount].map { $0.unit })
      case .network(let model): terms = model.terms(columns: fields)
      case .missing(let reference): throw reference.error
      }
    }
    for index in 0..<layout.fields.count {
      guard let bytes = plan.constants[index], let offset = target.offsets[index] else { continue }
      for record in 0..<target.wanted.count {
        memcpy(
          target.output + (record * target.recordSize + offset), bytes.baseAddress!, bytes.count)
      }
    }
    try decodeColumns(plan, columns.count, terms, target, &header, &body, zlib)

    try decodeExceptions(coded, &header, &body, zlib, recordCount, target)
    var exact: List<Int> = List()
    for index in 0..<layout.fields.count where plan.treatments[index] == .exact {
      exact.append(index)
    }
    if plan.keepsRows {
      try ExactRows.read(
        try body.take(try header.count(limit: Limits.chunkBytes)), layout, exact,
        recordCount: recordCount, zlib, target)
    } else {
      for index in exact { try decodeExact(index, &header, &body, zlib, recordCount, target) }
    }
    try header.expectEnd()
    try body.expectEnd()
  }

  /// The number of codes of every piece, and how many pieces the first columns have.
  func readPieceCounts(
    _ plan: Plan, _ count: Int, _ header: inout ByteReader
  ) throws(AEZipError) -> (counts: [Int], wanted: Int) {
    let recordCount = plan.strands.recordCount
    var pieceCounts: [Int] = []
    var wanted = 0
    header.lane = .classes
    for index in 0..<plan.columns.count {
      if index == count { wanted = pieceCounts.count }
      let classCount = plan.columns[index].context.classCount
      guard classCount > 1 else {
        pieceCounts.append(recordCount)
        continue
      }
      var left = recordCount
      for kind in 0..<classCount {
        let isTold = !plan.isTerse || kind + 1 < classCount
        let count = isTold ? try header.count(limit: left) : left
        left -= count
        pieceCounts.append(count)
      }
      guard left == 0 else {
        throw .corrupted(what: "the classes of a column", declared: recordCount, computed: left)
      }
    }
    if count == plan.columns.count { wanted = pieceCounts.count }
    return (pieceCounts, wanted)
  }

  /// The codes of the first columns to their values.
  private func decodeColumns(
    _ plan: Plan, _ count: Int, _ terms: ModelTerms, _ target: Target,
    _ header: inout ByteReader, _ body: inout ByteReader, _ zlib: Zlib
  ) throws(AEZipError) {
    let (pieceCounts, wanted) = try readPieceCounts(plan, count, &header)
    let recordCount = plan.strands.recordCount
    let unpacker = try Unpacker(pieceCounts: pieceCounts, from: &header)
    let columns = Array(plan.columns[..<count])
    var rings = List<Bool>()
    for column in columns { rings.append(column.context.classCount > 1) }
    let codes = try CodePlanes(rings: rings, strands: plan.strands)
    // Codes that do not lie in their planes as in the streams wait in a place of their own.
    var waiting = 0
    for column in columns where !ContextReader.isInPlace(column, plan.strands) {
      waiting += recordCount
    }
    // Kernels look a block further than the codes of a damaged chunk's class.
    let ordered = try Memory<Int32>(waiting + Strands.width)
    memset(ordered.base + waiting, 0, Strands.width * MemoryLayout<Int32>.stride)
    var targets: List<UnsafeMutablePointer<Int32>> = List()
    var next = ordered.base
    for index in 0..<count {
      let isInPlace = ContextReader.isInPlace(columns[index], plan.strands)
      for _ in 0..<columns[index].context.classCount {
        targets.append(isInPlace ? codes.plane(index) : next)
        if !isInPlace { next += pieceCounts[targets.count - 1] }
      }
    }
    try unpacker.unpack(&body, wanted: wanted, zlib: zlib, kernels: kernels, into: targets)
    let contexts = try ContextReader(
      columns: columns, counts: Array(pieceCounts[..<wanted]), ordered: ordered, codes: codes,
      strands: plan.strands, kernels: kernels)
    let outputs = try restored(columns, target, plan.strands)
    try Corrector(
      columns: columns, latentCount: plan.latentCount, terms: terms, strands: plan.strands,
      isDouble: plan.usesDouble, kernels: kernels
    ).decode(codes: codes, contexts: contexts, outputs: outputs)
  }

  /// The latents of a chunk alone; the fields' corrections are neither unpacked nor decoded.
  ///
  /// - Parameter target: receives the model's `latentCount` Float32 a record.
  /// - Returns: false if the chunk has none: then nothing in it varies, or nothing is bounded.
  func decodeLatents(
    _ payload: UnsafeRawBufferPointer, recordCount: Int, target: Target
  ) throws(AEZipError) -> Bool {
    let zlib = Zlib()
    if let (repeats, rest) = try RepeatedRecords.read(payload, recordCount: recordCount, zlib) {
      var isDone = false
      try repeats.restore(target) { (inner) throws(AEZipError) in
        isDone = try decodeLatents(rest, recordCount: repeats.codedCount, target: inner)
      }
      return isDone
    }
    let (headerBytes, headerCount, rest) = try openHeader(payload, zlib)
    var body = rest
    var header = try ByteReader(
      header: UnsafeRawBufferPointer(start: headerBytes.base, count: headerCount))
    return try withExtendedLifetime(headerBytes) { () throws(AEZipError) in
      let plan = try readPlan(&header, recordCount)
      guard plan.latentCount > 0 else { return false }
      for latent in 0..<plan.latentCount {
        // The writer predicts latents from latents only.
        let column = plan.columns[latent]
        guard column.regressors.allSatisfy({ $0.column < plan.latentCount }),
          column.tree.splits.allSatisfy({ $0.column < plan.latentCount }),
          column.context.sources.allSatisfy({ $0.column < plan.latentCount })
        else { return false }
      }
      try decodeColumns(plan, plan.latentCount, ModelTerms(), target, &header, &body, zlib)
      return true
    }
  }

  /// Where the restored values of columns go, a block at a time.
  private func restored(
    _ columns: [Column], _ target: Target, _ strands: Strands
  ) throws(AEZipError) -> RestoredBlock {
    var result = try RestoredBlock(columns.count, target, strands)
    for column in columns {
      if let field = column.field {
        result.add(target.offsets[field], layout.fields[field].type, column.integerOrigin)
      } else {
        // Latents go to the output if they alone are asked for.
        let isAsked = target.offsets.isEmpty
        result.add(isAsked ? 4 * result.count : nil, .f32, 0)
      }
    }
    return result
  }

  /// For each field the bound that its column's unit stands for in a small chunk; else 0.
  func derivedBounds(
    _ payload: UnsafeRawBufferPointer, recordCount: Int
  ) throws(AEZipError) -> List<Double> {
    if let (repeats, rest) = try RepeatedRecords.read(payload, recordCount: recordCount, Zlib()) {
      return try derivedBounds(rest, recordCount: repeats.codedCount)
    }
    let (headerBytes, headerCount, _) = try openHeader(payload, Zlib())
    return try withExtendedLifetime(headerBytes) { () throws(AEZipError) in
      var header = try ByteReader(
        header: UnsafeRawBufferPointer(start: headerBytes.base, count: headerCount))
      var bounds = List<Double>(repeating: 0, count: layout.fields.count)
      for column in try readPlan(&header, recordCount).columns {
        if let field = column.field {
          bounds[field] = column.derivedBound(layout.fields[field].type)
        }
      }
      return bounds
    }
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
      try body.take(try header.count(limit: Limits.chunkBytes)), to: placeCount, zlib)
    let values = try Unpacker.inflate(
      try body.take(try header.count(limit: Limits.chunkBytes)), to: valueBytes, zlib)
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
    var planes: List<UnsafeRawBufferPointer> = List()
    for _ in 0..<size { planes.append(try body.take(try header.count(limit: Limits.chunkBytes))) }
    guard let offset = target.offsets[index] else { return }
    try ExactCoder(zlib: zlib, level: 0).unpack(
      planes, transform: transform, size: size, count: recordCount, wanted: target.wanted,
      into: target.output, recordSize: target.recordSize, offset: offset)
  }
}
