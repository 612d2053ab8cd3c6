import CPlatform

/// How a chunk codes a field, and what it takes.
struct FieldChoice {
  /// In words.
  var text: [UInt8] = []
  /// Bits of all its values: codes, exceptions, byte planes.
  var bits = 0.0
  /// Bits that its restored values would take in a perfect code without any prediction; nil if it has
  /// no codes.
  var bitsAlone: Double?
  /// Bits of the header that describe its column.
  var planBits = 0.0
  var regressorCount = 0
  var splitCount = 0
  var classCount = 0
  var exceptionCount = 0
}

/// What a chunk consists of. Streams that fields share are divided by what each field's symbols take.
struct ChunkExplanation {
  /// Records of the chunk, and those of them that repeat no other.
  var recordCount = 0
  var codedCount = 0
  var repeatBytes = 0
  var headerBytes = 0
  var usesDouble = false
  var fields: [FieldChoice] = []
  /// For each latent the bits of all its codes.
  var latents: [FieldChoice] = []
}

extension ChunkDecoder {
  /// Measures a chunk: unpacks all of it, and decodes its records.
  func explain(
    _ payload: UnsafeRawBufferPointer, recordCount: Int
  ) throws(AEZipError) -> ChunkExplanation {
    let zlib = Zlib()
    if let (repeats, rest) = try RepeatedRecords.read(payload, recordCount: recordCount, zlib) {
      var explanation = try explain(rest, recordCount: repeats.codedCount)
      explanation.recordCount = recordCount
      explanation.repeatBytes = payload.count - rest.count
      return explanation
    }
    let (headerBytes, headerCount, rest) = try openHeader(payload, zlib)
    var body = rest
    return try withExtendedLifetime(headerBytes) { () throws(AEZipError) in
      var header = try ByteReader(
        header: UnsafeRawBufferPointer(start: headerBytes.base, count: headerCount))
      var explanation = ChunkExplanation()
      explanation.recordCount = recordCount
      explanation.codedCount = recordCount
      explanation.headerBytes = payload.count - body.remaining
      explanation.fields = Array(repeating: FieldChoice(), count: layout.fields.count)
      let plan: Plan
      do throws(AEZipError) {
        plan = try readPlan(&header, recordCount)
      } catch .modelNeeded {
        // No more can be told without the model.
        for index in 0..<layout.fields.count {
          explanation.fields[index].text.append(text: "plan of the model")
        }
        return explanation
      }
      explanation.usesDouble = plan.usesDouble
      for index in 0..<layout.fields.count {
        if plan.treatments[index] == .constant {
          explanation.fields[index].text.append(text: "constant")
        }
      }
      let perByte = 8 * Double(explanation.headerBytes) / Double(max(headerCount, 1))
      let (counts, _) = try readPieceCounts(plan, plan.columns.count, &header)
      let shares = try Memory<Double>(max(counts.count, 1), zeroed: true)
      let ordered = try Memory<Int32>(max(plan.columns.count * recordCount, 1))
      var targets: List<UnsafeMutablePointer<Int32>> = List()
      var next = ordered.base
      for count in counts {
        targets.append(next)
        next += count
      }
      let unpacker = try Unpacker(pieceCounts: counts, from: &header)
      try unpacker.unpack(
        &body, wanted: counts.count, zlib: zlib, kernels: kernels, into: targets,
        shares: shares.base)
      _ = ordered
      var piece = 0
      for index in 0..<plan.columns.count {
        let column = plan.columns[index]
        var choice = FieldChoice()
        choice.text = column.description { plan.columns[$0].field ?? -1 - $0 }
        if plan.isShared { choice.text.append(text: ", plan of the model") }
        choice.planBits = plan.isShared ? 0 : perByte * Double(plan.columnBytes[index])
        choice.regressorCount = column.regressors.count + column.tie.terms.count
        choice.splitCount = column.tree.splits.count
        choice.classCount = column.context.classCount
        for _ in 0..<choice.classCount {
          choice.bits += shares.base[piece]
          piece += 1
        }
        if let field = column.field {
          explanation.fields[field] = choice
        } else {
          explanation.latents.append(choice)
        }
      }
      try explainExceptions(plan, &header, &explanation)
      try explainExact(plan, &header, &explanation)
      try explainAlone(payload, plan, &explanation)
      return explanation
    }
  }

  /// Divides the bytes of exceptions by their numbers and sizes.
  private func explainExceptions(
    _ plan: Plan, _ header: inout ByteReader, _ explanation: inout ChunkExplanation
  ) throws(AEZipError) {
    var total = 0
    for column in plan.columns {
      guard let field = column.field else { continue }
      let count = try header.count()
      explanation.fields[field].exceptionCount = count
      total += count * layout.fields[field].type.size
    }
    _ = try header.count()
    guard total > 0 else { return }
    let bits = 8 * Double(try header.count() + header.count())
    for index in 0..<layout.fields.count {
      let size = explanation.fields[index].exceptionCount * layout.fields[index].type.size
      explanation.fields[index].bits += bits * Double(size) / Double(total)
    }
  }

  private func explainExact(
    _ plan: Plan, _ header: inout ByteReader, _ explanation: inout ChunkExplanation
  ) throws(AEZipError) {
    var rowSize = 0
    for index in 0..<layout.fields.count where plan.treatments[index] == .exact {
      rowSize += layout.fields[index].type.size
    }
    let rowBits = plan.keepsRows ? 8 * Double(try header.count()) : 0
    for index in 0..<layout.fields.count where plan.treatments[index] == .exact {
      let size = layout.fields[index].type.size
      if plan.keepsRows {
        explanation.fields[index].text.append(text: "exact rows")
        explanation.fields[index].bits = rowBits * Double(size) / Double(rowSize)
        continue
      }
      explanation.fields[index].text.append(text: "byte planes")
      _ = try header.byte()
      for _ in 0..<size { explanation.fields[index].bits += 8 * Double(try header.count()) }
    }
  }

  /// Codes the restored values by themselves.
  private func explainAlone(
    _ payload: UnsafeRawBufferPointer, _ plan: Plan, _ explanation: inout ChunkExplanation
  ) throws(AEZipError) {
    // Without the model there are no records.
    if case .missing = model, plan.latentCount > 0 { return }
    let count = plan.strands.recordCount
    let records = try Memory<UInt8>(count * layout.recordSize, zeroed: true)
    var offsets = List<Int?>()
    for field in layout.fields { offsets.append(field.offset) }
    try decode(
      payload, recordCount: count,
      target: Target(
        output: UnsafeMutableRawPointer(records.base), recordSize: layout.recordSize,
        offsets: offsets, wanted: 0..<count))
    for column in plan.columns {
      guard let index = column.field else { continue }
      let field = layout.fields[index]
      let base = Double(column.integerOrigin)
      var histogram = [Int](repeating: 0, count: 256)
      var raw = 0
      for record in 0..<count {
        let x = field.type.load(records.base + (record * layout.recordSize + field.offset)) - base
        let code = nearest((x * column.scale - column.origin) / (column.unit * column.multiple))
        guard code.magnitude < 1e9 else { continue }
        let (symbol, rawBits) = Symbols.symbol(zigzag(Int32(code)))
        histogram[Int(symbol)] += 1
        raw += Int(rawBits)
      }
      explanation.fields[index].bitsAlone = Entropy.bits(histogram) + Double(raw)
    }
  }
}
