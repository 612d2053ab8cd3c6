import CPlatform

/// How a field of a chunk is stored.
enum Treatment: UInt8 {
  /// All values have the same bits, which the header holds.
  case constant = 0
  /// Byte planes; ``ExactCoder``.
  case exact = 1
  /// Codes; ``Column``.
  case coded = 2
}

/// What a chunk's encoder found out about a field.
struct FieldTally {
  var minimum = Double.infinity
  var maximum = -Double.infinity
  var largestError = 0.0
  var squaredErrors = 0.0
  var missingCount = 0
  /// The bound that was kept, if it is less than the field's; see ``Column/permitted``.
  var permitted = Double.infinity
  /// It follows from the column.
  var isDerived = false
  /// What the codes take, and what describes them.
  var codeBits = 0.0
}

/// Records of a chunk to its payload.
struct ChunkEncoder {
  let layout: Layout
  /// The largest error permitted for each field; 0 keeps every bit.
  var bounds: [Double]
  var level: Int
  /// The level whose effort plans are made with, if that is not `level`.
  var planLevel: Int?
  var arrangement = Arrangement.asReckoned
  /// The order of columns, if it is given; see ``CodedPlan/order``.
  var order: List<Int>?
  let kernels: Kernels
  var model: RecordModel?
  /// The model whose plan is tried beside those made for the records.
  var planModel: RecordModel?
  /// See ``LatentPlanner/roughness``.
  var roughness: Double?
  /// Records of the chunks that the plan is for, if it is not for those at hand; then codes are in the
  /// order of blocks, for whether others repeat is not known.
  var servedRecords: Int?
  /// Whether latents are what was asked for, to be read and searched, and not merely a way to bytes.
  var keepsLatents = false
  /// Few records: what describes a field must be short.
  var isSmall = false
  /// Fields that are kept as they are, whether or not codes could hold them; none if empty.
  var kept = List<Bool>()

  /// The order of columns.
  enum Arrangement {
    /// That of the layout.
    case none
    /// That of pivots, if it is reckoned to save much.
    case asReckoned
    case pivoted
    /// That of falling bits.
    case falling
  }

  private var effort: Effort { planLevel.map { Effort(level: $0) } ?? .ofPlan(level) }

  struct Result {
    var payload: ByteBuffer
    var tallies: List<FieldTally>
    /// Of chunks without latents.
    var plan: CodedPlan?
  }

  /// With the model or without, whichever takes fewer bytes; judged by a part of many records.
  func encodeSmallest(
    _ records: UnsafeRawBufferPointer, mayDropModel: Bool
  ) throws(AEZipError) -> Result {
    guard mayDropModel, model != nil else { return try encode(records) }
    var plain = self
    plain.model = nil
    plain.planModel = model
    let part = min(records.count / layout.recordSize, Effort(level: level).modelRaceRecords)
    let sample = UnsafeRawBufferPointer(rebasing: records[..<(part * layout.recordSize)])
    let with = try encode(sample)
    let without = try plain.encode(sample)
    let isBetter = with.payload.count < without.payload.count
    if sample.count == records.count { return isBetter ? with : without }
    return isBetter ? try encode(records) : try plain.encode(records)
  }

  /// Records that are coded to see whether references will pay.
  private static let repeatSample = 1536
  /// Up to how many both ways are tried where few repeat and it is not sure that references pay.
  private static let fewRecords = 4096

  /// Codes the records, or, where that is smaller, those alone that repeat no earlier one.
  func encode(_ records: UnsafeRawBufferPointer) throws(AEZipError) -> Result {
    guard level > 1 else { return try encodeOnce(records) }
    let found = try RepeatedRecords.find(
      records, layout, bounds: bounds, mayDiffer: model == nil && !isSmall)
    guard let repeats = found else { return try encodeOnce(records) }
    var coder = self
    if let near = repeats.near {
      for index in 0..<bounds.count { coder.bounds[index] -= near.deviations[index] }
    }
    let size = layout.recordSize
    // What records take tells whether references to them will pay: all of them where few repeat, for
    // they will probably stay so; else some.
    let isSampled = level < 7 && repeats.recordCount > 2 * Self.repeatSample
    var plain: Result?
    if isSampled {
      let isRare = 2 * repeats.codedCount > repeats.recordCount
      let count = isRare ? repeats.recordCount : Self.repeatSample
      let some = try encodeOnce(UnsafeRawBufferPointer(rebasing: records[..<(count * size)]))
      if isRare { plain = some }
      let bits = 8 * Double(some.payload.count) / Double(count)
      let repeatBits = Double(repeats.recordCount - repeats.codedCount) * bits
      if repeats.bits >= 0.5 * repeatBits {
        if isRare && repeats.recordCount > Self.fewRecords { return some }
        if plain == nil { plain = try encodeOnce(records) }
      }
    } else {
      plain = try encodeOnce(records)
    }
    let coded = try repeats.coded(records, recordSize: layout.recordSize)
    let codedBytes = UnsafeRawBufferPointer(
      start: coded.base, count: repeats.codedCount * layout.recordSize)
    var result = try withExtendedLifetime(coded) { () throws(AEZipError) in
      try coder.encodeOnce(codedBytes)
    }
    let payload = try ByteBuffer()
    try repeats.write(Zlib(), to: payload)
    try payload.append(result.payload.bytes)
    if let plain, plain.payload.count <= payload.count { return plain }
    let isProven = try withExtendedLifetime(coded) { () throws(AEZipError) in
      try prove(repeats, records, &result)
    }
    guard isProven else { return try encodeOnce(records) }
    return Result(payload: payload, tallies: result.tallies)
  }

  /// Adds the repeated records to the tallies of the coded ones; false if one of them would not be
  /// restored within its bounds.
  private func prove(
    _ repeats: RepeatedRecords, _ records: UnsafeRawBufferPointer, _ result: inout Result
  ) throws(AEZipError) -> Bool {
    let size = layout.recordSize
    let restored = try Memory<UInt8>(repeats.codedCount * size, zeroed: true)
    var offsets = List<Int?>()
    for field in layout.fields { offsets.append(field.offset) }
    var known: ContainerModel?
    if let model { known = .network(model) }
    try ChunkDecoder(layout: layout, kernels: kernels, model: known).decode(
      result.payload.bytes, recordCount: repeats.codedCount,
      target: ChunkDecoder.Target(
        output: UnsafeMutableRawPointer(restored.base), recordSize: size, offsets: offsets,
        wanted: 0..<repeats.codedCount))
    for index in 0..<layout.fields.count {
      let field = layout.fields[index]
      var tally = result.tallies[index]
      let isNear = repeats.near != nil
      guard tally.largestError > 0 || field.type.isFloat || isNear else { continue }
      let bound = isNear ? bounds[index] : tally.largestError
      var next = 0
      for record in 0..<repeats.recordCount {
        let source = Int(repeats.sources.base[record])
        if source == next {
          next += 1
          continue
        }
        let value = records.baseAddress! + (record * size + field.offset)
        let error = field.type.error(value, restored.base + (source * size + field.offset))
        guard error <= bound else { return false }
        if isNear {
          tally.largestError = max(tally.largestError, error)
          let x = field.type.load(value)
          if x.isFinite {
            tally.minimum = min(tally.minimum, x)
            tally.maximum = max(tally.maximum, x)
          }
        }
        tally.squaredErrors += error * error
        if field.type.isFloat && field.type.load(value).isNaN { tally.missingCount += 1 }
      }
      result.tallies[index] = tally
    }
    return true
  }

  /// Codes the records, or, where that is smaller, keeps fields without a bound as they are: all of them,
  /// or those whose codes seem to take more.
  private func encodeOnce(_ records: UnsafeRawBufferPointer) throws(AEZipError) -> Result {
    var best = try encodeLeast(records)
    var candidates: List<Int> = List()
    var worse = List<Bool>(repeating: false, count: layout.fields.count)
    var all = worse
    // Bits of those fields, with what the header says of them, and as they are.
    var bits = 8 * Double(best.payload.count)
    var (exactBits, gain) = (0.0, 0.0)
    for index in 0..<all.count {
      let (coded, field) = (best.tallies[index].codeBits, layout.fields[index])
      guard hasNoRoom(index), coded > 0 else {
        bits -= coded
        continue
      }
      candidates.append(index)
      all[index] = true
      guard level > 1 else { continue }
      let exact = try ExactCoder.estimate(
        records, recordSize: layout.recordSize, offset: field.offset, size: field.type.size)
      exactBits += exact
      guard exact < 0.97 * coded else { continue }
      worse[index] = true
      gain += coded - exact
    }
    guard candidates.count > 0 else { return best }
    let isFew = records.count <= ExactRows.mostBytes
    func take(_ fields: List<Bool>) throws(AEZipError) {
      var other = self
      other.kept = fields
      let trial = try other.encodeLeast(records)
      if trial.payload.count < best.payload.count { best = trial }
    }
    if gain > (isFew ? 0.04 : 0.16) * Double(best.payload.count) { try take(worse) }
    if isFew {
      let rows = try ByteBuffer()
      _ = try ExactRows.pack(records, candidates, layout, Zlib(), to: rows)
      if 8 * Double(rows.count) < bits || level > 1 && exactBits < 1.02 * bits { try take(all) }
    }
    return best
  }

  /// Codes the records after a plan of their own, or, where that is smaller, after the model's.
  private func encodeLeast(_ records: UnsafeRawBufferPointer) throws(AEZipError) -> Result {
    let own = try PlanRace.smallest(self, records)
    guard let planModel, let plan = try planModel.plan(for: records, layout, bounds: bounds) else {
      return own
    }
    let shared = try encodeAll(records, shared: plan)
    return shared.payload.count < own.payload.count ? shared : own
  }

  /// Whether the bound of a field lets no value change.
  private func hasNoRoom(_ index: Int) -> Bool {
    bounds[index] == 0 || bounds[index] < 1 && !layout.fields[index].type.isFloat
  }

  /// - Parameters:
  ///   - shared: a model's plan, which suits the records: in place of one of their own.
  ///   - given: how columns are predicted, for these records.
  func encodeAll(
    _ records: UnsafeRawBufferPointer, shared: ChunkDecoder.Plan? = nil,
    after given: CodedPlan? = nil
  ) throws(AEZipError) -> Result {
    let recordCount = records.count / layout.recordSize
    let strands = shared?.strands ?? Strands(recordCount: recordCount)
    let fieldCount = layout.fields.count
    var tallies = List<FieldTally>(repeating: FieldTally(), count: fieldCount)
    let zlib = Zlib()

    // Values in the order of blocks.
    var origins = integerOrigins(records, recordCount, &tallies)
    if let shared {
      for column in shared.columns { origins[column.field!] = column.integerOrigin }
    }
    let memory = try planeMemory(strands)
    let planes = try gatherPlanes(records, strands, origins, memory)

    // What each field is: constant, exact, or coded in units that keep its bound.
    var treatments = List<Treatment>(repeating: .exact, count: fieldCount)
    var columns: [Column] = []
    var columnPlanes: List<Plane> = List()
    var proofBounds: [Double] = []
    var usesDouble = false
    for index in 0..<fieldCount {
      let field = layout.fields[index]
      guard let origin = origins[index] else { continue }
      let extent = try Extent(
        planes[index], type: field.type, strands: strands, kernels: kernels)
      if !field.type.isWideInteger {
        tallies[index].minimum = extent.minimum
        tallies[index].maximum = extent.maximum
      }
      if let shared {
        treatments[index] = shared.treatments[index]
      } else if !(extent.minimum < extent.maximum), isConstant(records, recordCount, field) {
        treatments[index] = .constant
      } else if kept.count == 0 || !kept[index],
        let (units, proofBound) = Column.units(
          field: index, type: field.type, bound: bounds[index], extent: extent,
          plane: planes[index], strands: strands, allowLattice: true,
          isSmall: isSmall && field.bound.isRelative, isShared: servedRecords != nil)
      {
        treatments[index] = .coded
        let column = units
        column.integerOrigin = origin
        column.clampRange = field.type.clampRange(origin: origin)
        if !column.fitsFloat(extent) { usesDouble = true }
        columns.append(column)
        columnPlanes.append(planes[index])
        proofBounds.append(proofBound)
        tallies[index].permitted = column.permitted
        tallies[index].isDerived = column.isDerived
      }
      if treatments[index] != .coded {
        tallies[index].permitted = 0
        tallies[index].isDerived = true
        tallies[index].missingCount = missingCount(planes[index], strands)
      }
    }

    if let shared {
      usesDouble = shared.usesDouble
      for column in shared.columns {
        let field = column.field!
        let (type, bound) = (layout.fields[field].type, bounds[field])
        let isOnGrid = column.lattice && column.scale == 1 && planes[field].isWhole(strands)
        columns.append(column)
        columnPlanes.append(planes[field])
        proofBounds.append(Column.proofBound(bound, type, isWhole: !type.isFloat || isOnGrid))
        tallies[field].permitted = bound
      }
    }

    // What the model says of each record comes before the fields.
    var latents = Latents()
    if let model, !columns.isEmpty {
      latents = try LatentPlanner(
        model: model, columns: columns, planes: columnPlanes, strands: strands, kernels: kernels,
        effort: effort, roughness: roughness, keepsLatents: keepsLatents
      ).plan(records)
    }
    let latentCount = latents.columns.count
    var terms = latentCount > 0 ? model!.terms(columns: columns) : ModelTerms()

    // How each is predicted, then the codes.
    var order = List<Int>()
    func arrange(_ next: List<Int>) {
      guard !next.isEmpty else { return }
      let (before, boundsBefore, planesBefore) = (columns, proofBounds, columnPlanes)
      let orderBefore = order
      order = next
      for place in 0..<next.count {
        let from = next[place]
        columns[place] = before[from]
        proofBounds[place] = boundsBefore[from]
        columnPlanes[place] = planesBefore[from]
        if !orderBefore.isEmpty { order[place] = orderBefore[from] }
      }
    }
    if let wanted = given?.order ?? self.order { arrange(wanted) }
    if let given {
      for index in 0..<columns.count {
        columns[index].takePlan(of: given.predictions[index].column)
      }
    } else if shared == nil && latentCount == 0 && self.order == nil {
      if arrangement == .falling { arrange(ColumnOrder.falling(columns, columnPlanes, strands)) }
      if columns.count <= effort.mostTiedColumns {
        let ties = try TiePlanner(columns: columns, isDouble: usesDouble, kernels: kernels)
        arrange(try ties.plan(columnPlanes, strands))
      }
    }
    var planner = Planner(kernels: kernels, effort: effort, strands: strands)
    var draft: Planner.Draft?
    if shared == nil && given == nil {
      draft = try planner.draft(latents, columns, terms: terms, planes: columnPlanes)
      if let known = draft {
        let next = try pivots(columns, latentCount, known, recordCount)
        if !next.isEmpty {
          arrange(next)
          try draft?.arrange(next)
          if latentCount > 0 { terms = model!.terms(columns: columns) }
        }
      }
    }
    columns = latents.columns + columns
    proofBounds = [Double](repeating: 0, count: latentCount) + proofBounds
    var allPlanes = latents.planes
    for plane in columnPlanes { allPlanes.append(plane) }
    if let draft {
      if planLevel == nil { planner.limitEffort(columns, draft) }
      try planner.plan(columns, draft)
    }
    let codes = try CodePlanes(
      ownCount: latentCount, inPlaceOf: columnPlanes, of: memory, strands: strands)
    let leafPlanes = try LeafPlanes(columns, strands: strands)
    var outcome = try ChunkOutcome(columnCount: columns.count)
    outcome.proofBounds = proofBounds
    if usesDouble && shared == nil {
      for column in columns { column.single = false }
    }
    try Corrector(
      columns: columns, latentCount: latentCount, terms: terms, strands: strands,
      isDouble: usesDouble, kernels: kernels
    ).encode(planes: allPlanes, codes: codes, leafPlanes: leafPlanes, outcome: &outcome)
    for index in latentCount..<columns.count {
      let field = columns[index].field!
      let (largest, squares) = outcome.errors(
        index, isFloat: layout.fields[field].type.usesFloatPlane)
      tallies[field].largestError = largest
      tallies[field].squaredErrors = squares
      tallies[field].missingCount = outcome.missing[index]
    }

    // Codes to streams, and all of it to the payload.
    let body = try ByteBuffer(capacity: records.count / 4 + 1024)
    var header = ByteWriter()
    header.count(recordCount)
    header.byte(UInt8(strands.laneCount))
    let flagPlace = header.bytes.count
    header.byte(
      shared != nil
        ? ChunkFlags.modelPlan | ChunkFlags.terse
        : (usesDouble ? 1 : 0) | (latentCount > 0 ? 2 : 0) | ChunkFlags.shortColumns
          | ChunkFlags.ascending | ChunkFlags.terse)
    if latentCount > 0 { header.count(latentCount) }
    for index in 0..<fieldCount where shared == nil {
      header.byte(treatments[index].rawValue)
      guard treatments[index] == .constant else { continue }
      let field = layout.fields[index]
      for byte in 0..<field.type.size { header.byte(records[field.offset + byte]) }
    }
    if !order.isEmpty {
      header.set(ChunkFlags.order, at: flagPlace)
      ColumnOrder.write(order, to: &header)
    }
    var bits = [Double](repeating: 0, count: columns.count)
    if shared == nil {
      try planContexts(columns, codes, leafPlanes, strands, zlib, &header, &bits)
    }
    try packCodes(columns, codes, leafPlanes, strands, zlib, to: body, header: &header, &bits)
    for index in latentCount..<columns.count {
      tallies[columns[index].field!].codeBits = bits[index]
    }
    try packExceptions(outcome, columns, records, recordCount, zlib, to: body, header: &header)
    var exact: List<Int> = List()
    for index in 0..<fieldCount where treatments[index] == .exact { exact.append(index) }
    if try ExactRows.write(
      records, exact, layout, ExactCoder(zlib: zlib, level: level), to: body,
      header: &header)
    {
      header.set(ChunkFlags.exactRows, at: flagPlace)
    }

    let payload = try ByteBuffer(capacity: body.count + header.bytes.count + 64)
    try packHeader(header, zlib, to: payload)
    try payload.append(body.bytes)
    var result = Result(payload: payload, tallies: tallies)
    if let given {
      given.note(bits)
      result.plan = given
    } else if latentCount == 0 && level > 1 {
      result.plan = CodedPlan(order: order, columns: columns, bits: bits)
    }
    return result
  }

  /// Headers of fewer bytes gain nothing from lanes.
  private static let leastForLanes = 256
  /// From here on lanes are sure to gain.
  private static let mostWithoutLanes = 4096

  private func packHeader(
    _ header: ByteWriter, _ zlib: Zlib, to payload: ByteBuffer
  ) throws(AEZipError) {
    var size = header.bytes.count
    var packed = try ByteBuffer(capacity: size + 64)
    // Plans for others lie in models, without lanes.
    let hasLanes = size >= Self.leastForLanes && servedRecords == nil
    if !hasLanes || size < Self.mostWithoutLanes {
      let plain = try ByteBuffer(header.bytes)
      _ = try zlib.pack(plain.bytes, .full(9), to: packed)
    }
    if hasLanes {
      var cuts = List<Int>()
      let lanes = try ByteBuffer(header.byLanes(cuts: &cuts))
      let trial = try ByteBuffer(capacity: size + 64)
      _ = try zlib.pack(
        lanes.bytes, Zlib.wholeStrategy(size), cuts: cuts, to: trial)
      if packed.count == 0 || trial.count < packed.count { (size, packed) = (lanes.count, trial) }
    }
    var lengths = ByteWriter()
    lengths.count(size)
    lengths.count(packed.count)
    try payload.append(lengths.bytes)
    try payload.append(packed.bytes)
  }

  /// The order of pivots, where it is wanted; else none. Ties come in an order of their own.
  private func pivots(
    _ columns: [Column], _ latentCount: Int, _ draft: Planner.Draft, _ recordCount: Int
  ) throws(AEZipError) -> List<Int> {
    guard order == nil,
      arrangement == .pivoted || arrangement == .asReckoned && effort.reckonsOrder,
      let moments = draft.moments
    else { return List() }
    for column in columns where !column.tie.isEmpty { return List() }
    return try PivotedOrder.plan(
      columns, after: latentCount, moments, gain: arrangement == .pivoted ? 0 : 0.04,
      seen: draft.sample.targetCount, records: recordCount, kernels: kernels)
  }

  // MARK: - Values in the order of blocks

  /// For each field what its plane is relative to; nil for 64-bit integers that span more than a
  /// Double holds exactly: they have no plane. Notes the range of 64-bit integers.
  private func integerOrigins(
    _ records: UnsafeRawBufferPointer, _ count: Int, _ tallies: inout List<FieldTally>
  ) -> List<Int64?> {
    var origins = List<Int64?>(repeating: 0, count: layout.fields.count)
    for index in 0..<layout.fields.count {
      let field = layout.fields[index]
      guard field.type.isWideInteger, count > 0 else { continue }
      let (low, high) = field.type.integerRange(
        records.baseAddress! + field.offset, stride: layout.recordSize, count: count)
      tallies[index].minimum = field.type.double(low)
      tallies[index].maximum = field.type.double(high)
      let span = high &- low
      origins[index] = span >= 1 << 52 ? nil : Int64(bitPattern: low &+ span / 2)
      // Small numbers need no origin.
      let largest = max(tallies[index].maximum, -tallies[index].minimum)
      if largest < 0x1p51 { origins[index] = 0 }
    }
    return origins
  }

  private func planeMemory(_ strands: Strands) throws(AEZipError) -> Memory<Double> {
    var words = 0
    for field in layout.fields {
      words += planeWords(field, strands)
    }
    return try Memory(words)
  }

  /// The values, after room for the zeros before codes, which will take their place. One cache line
  /// more: an odd number of lines from plane to plane, so that the same places of all planes do not
  /// fall into the same few lines of the cache.
  private func planeWords(_ field: Field, _ strands: Strands) -> Int {
    CodePlanes.leadIn / 2 + 8
      + (field.type.usesFloatPlane ? strands.planeCount / 2 : strands.planeCount)
  }

  private func gatherPlanes(
    _ records: UnsafeRawBufferPointer, _ strands: Strands, _ origins: List<Int64?>,
    _ memory: Memory<Double>
  ) throws(AEZipError) -> List<Plane> {
    var planes: List<Plane> = List()
    var fields = try RecordFields(
      most: layout.fields.count, recordSize: layout.recordSize, strands: strands)
    var position = memory.base + CodePlanes.leadIn / 2
    for index in 0..<layout.fields.count {
      let field = layout.fields[index]
      if let origin = origins[index] {
        fields.add(position, offset: field.offset, type: field.type, origin: origin)
      }
      if field.type.usesFloatPlane {
        planes.append(
          Plane(
            float: UnsafeMutableRawPointer(position).assumingMemoryBound(to: Float.self),
            double: nil))
      } else {
        planes.append(Plane(float: nil, double: position))
      }
      position += planeWords(field, strands)
    }
    guard let base = records.baseAddress else { return planes }
    fields.gather(from: base, strands, kernels)
    return planes
  }

  private func isConstant(
    _ records: UnsafeRawBufferPointer, _ count: Int, _ field: Field
  ) -> Bool {
    let size = field.type.size
    let base = records.baseAddress! + field.offset
    let first = ExactCoder.load(base, size)
    for record in 1..<max(count, 1)
    where ExactCoder.load(base + record * layout.recordSize, size) != first {
      return false
    }
    return true
  }

  private func missingCount(_ plane: Plane, _ strands: Strands) -> Int {
    var count = 0
    for block in 0..<strands.blockCount {
      for position in block * 64..<block * 64 + strands.activeLanes(block) {
        let isMissing = plane.float.map { $0[position].isNaN } ?? plane.double![position].isNaN
        if isMissing { count += 1 }
      }
    }
    return count
  }

  // MARK: - Codes and exceptions to bytes

  /// Decides classes and orders of codes, and describes the columns.
  ///
  /// - Parameter columnBits: what describes each column is added.
  private func planContexts(
    _ columns: [Column], _ codes: CodePlanes, _ leafPlanes: LeafPlanes, _ strands: Strands,
    _ zlib: Zlib, _ header: inout ByteWriter, _ columnBits: inout [Double]
  ) throws(AEZipError) {
    let bits = try ContextPlanner(
      codes: codes, leafPlanes: leafPlanes, strands: strands, effort: effort, kernels: kernels,
      served: servedRecords ?? strands.recordCount
    ).plan(columns)
    for index in 0..<columns.count where effort.looksForRepeats && servedRecords == nil {
      // Repeats are found in the order of records only, and without classes. Samples may mislead: a
      // few records, then more, then all of them.
      let (plane, few) = (codes.plane(index), effort.repeatWindow(columns.count))
      if try showsRepeats(plane, strands, few, beside: bits[index]),
        try showsRepeats(plane, strands, 8 * few, beside: bits[index]),
        Double(try bitsByRecord(plane, strands, zlib))
          < bits[index] * Double(strands.recordCount)
      {
        columns[index].recordOrder = true
        columns[index].context = Context()
        for leaf in 0..<columns[index].tree.groups.count { columns[index].tree.groups[leaf] = 0 }
      }
    }
    header.lane = .heads
    for column in columns {
      let head = column.head
      header.byte(head.flags)
      header.byte(head.form)
    }
    for index in 0..<columns.count {
      let start = header.bytes.count
      columns[index].write(to: &header, columnCount: columns.count)
      columnBits[index] += 6 * Double(header.bytes.count - start)
    }
  }

  /// Whether repeats among the first codes look worth more than classes, with which a code takes `bits`.
  private func showsRepeats(
    _ plane: UnsafePointer<Int32>, _ strands: Strands, _ count: Int, beside bits: Double
  ) throws(AEZipError) -> Bool {
    guard let symbols = try CodeOrder.sample(plane, strands, most: count) else { return false }
    let (share, left) = try Repeats.look(symbols.base, symbols.count, window: count)
    return share > 0.12 && left < 0.92 * bits
  }

  /// What the codes of a column take in the order of records.
  private func bitsByRecord(
    _ plane: UnsafeMutablePointer<Int32>, _ strands: Strands, _ zlib: Zlib
  ) throws(AEZipError) -> Int {
    let count = strands.recordCount
    let ordered = try Memory<Int32>(count)
    try CodeOrder.byRecord(plane, strands, kernels, into: ordered.base)
    let packer = try Packer(codeCount: count, zlib: zlib, level: level, kernels: kernels)
    try packer.add(ordered.base, count: count, repeats: true)
    let body = try ByteBuffer()
    var header = ByteWriter()
    try packer.finish(to: body, header: &header)
    return 8 * (body.count + header.bytes.count)
  }

  /// - Parameter bits: what the codes of each column take is added.
  private func packCodes(
    _ columns: [Column], _ codes: CodePlanes, _ leafPlanes: LeafPlanes, _ strands: Strands,
    _ zlib: Zlib, to body: ByteBuffer, header: inout ByteWriter, _ bits: inout [Double]
  ) throws(AEZipError) {
    let count = strands.recordCount
    let packer = try Packer(
      codeCount: columns.count * count, zlib: zlib, level: level, kernels: kernels)
    let ordered = try Memory<Int32>(max(count, 1))
    for index in 0..<columns.count {
      let plane = codes.plane(index)
      let column = columns[index]
      if column.context.classCount > 1 {
        let counts = try CodeOrder.byClass(
          column, plane, leafPlanes.plane(index), codes, strands, kernels, into: ordered.base)
        var start = 0
        header.lane = .classes
        for kind in 0..<counts.count {
          // The last one's number follows from the others.
          if kind + 1 < counts.count { header.count(counts[kind]) }
          try packer.add(ordered.base + start, count: counts[kind], repeats: false)
          start += counts[kind]
        }
      } else if column.recordOrder {
        try CodeOrder.byRecord(plane, strands, kernels, into: ordered.base)
        try packer.add(ordered.base, count: count, repeats: true)
      } else {
        let isWhole = strands.laneCount == Strands.width
        if !isWhole { CodeOrder.byBlock(plane, strands, into: ordered.base) }
        try packer.add(isWhole ? plane : ordered.base, count: count, repeats: false)
      }
    }
    try packer.finish(to: body, header: &header)
    header.lane = .general
    var piece = 0
    for index in 0..<columns.count {
      for _ in 0..<columns[index].context.classCount {
        bits[index] += packer.bits(piece)
        piece += 1
      }
    }
  }

  private func packExceptions(
    _ outcome: ChunkOutcome, _ columns: [Column], _ records: UnsafeRawBufferPointer, _ count: Int,
    _ zlib: Zlib, to body: ByteBuffer, header: inout ByteWriter
  ) throws(AEZipError) {
    var places: [UInt8] = []
    let values = try ByteBuffer()
    for index in 0..<columns.count where columns[index].field != nil {
      header.count(outcome.exceptions[index].count)
      guard !outcome.exceptions[index].isEmpty else { continue }
      let field = layout.fields[columns[index].field!]
      try Exceptions.write(
        outcome.exceptions[index], records, recordSize: layout.recordSize, offset: field.offset,
        size: field.type.size, count: count, places: &places, values: values)
    }
    header.count(places.count)
    guard !places.isEmpty else { return }
    let placeBytes = try ByteBuffer(places)
    header.count(try zlib.packSmallest(placeBytes.bytes, [.huffman, .full(6)], to: body))
    header.count(try zlib.packSmallest(values.bytes, [.huffman, .full(6)], to: body))
  }
}

/// The orders in which a plane's codes may lie in a stream.
enum CodeOrder {
  /// Block after block: what the decoder needs first comes first.
  static func byBlock(
    _ plane: UnsafePointer<Int32>, _ strands: Strands, into ordered: UnsafeMutablePointer<Int32>
  ) {
    var target = ordered
    for block in 0..<strands.blockCount {
      let active = strands.activeLanes(block)
      target.update(from: plane + block * 64, count: active)
      target += active
    }
  }

  /// A plane's codes as the only field of records; their bits are moved like those of Float.
  private static func asRecords(
    _ plane: UnsafeMutablePointer<Int32>, _ strands: Strands
  ) throws(AEZipError) -> RecordFields {
    var codes = try RecordFields(most: 1, recordSize: 4, strands: strands)
    codes.add(plane, offset: 0, type: .f32, origin: 0)
    return codes
  }

  /// Record after record: repeats of records lie as they lay in the input.
  static func byRecord(
    _ plane: UnsafeMutablePointer<Int32>, _ strands: Strands, _ kernels: Kernels,
    into ordered: UnsafeMutablePointer<Int32>
  ) throws(AEZipError) {
    var codes = try asRecords(plane, strands)
    for block in 0..<strands.blockCount {
      codes.scatter(
        block, lanes: strands.activeLanes(block), row: block * Strands.width, to: ordered,
        wanted: 0..<strands.recordCount, kernels)
    }
  }

  /// Class after class, each block after block; returns the number of codes in each.
  static func byClass(
    _ column: Column, _ plane: UnsafePointer<Int32>, _ leaves: UnsafePointer<UInt8>?,
    _ codes: CodePlanes, _ strands: Strands, _ kernels: Kernels,
    into ordered: UnsafeMutablePointer<Int32>
  ) throws(AEZipError) -> [Int] {
    let context = column.context
    let classifier = try ContextClassifier(column)
    let classes = try Memory<UInt8>(strands.planeCount)
    // As the kernel `histogram` wants it.
    let tally = try Memory<Int>(1024, zeroed: true)
    for block in 0..<strands.blockCount {
      let row = classes.base + block * 64
      classifier.classify(block, codes, leaves.map { $0 + block * 64 }, kernels, into: row)
    }
    kernels.call.histogram(tally.base, classes.base, strands.planeCount)
    // Lanes without a record do not count.
    for block in 0..<strands.blockCount {
      for lane in strands.activeLanes(block)..<64 {
        tally.base[Int(classes.base[block * 64 + lane])] &-= 1
      }
    }
    let next = try Memory<Int>(context.classCount)
    var counts: [Int] = []
    var start = 0
    for kind in 0..<context.classCount {
      next[kind] = start
      start += tally[kind]
      counts.append(tally[kind])
    }
    for block in 0..<strands.blockCount {
      let row = block * 64
      kernels.call.collect(
        ordered, plane + row, classes.base + row, strands.activeLanes(block), next.base,
        context.classCount)
    }
    return counts
  }

  static func fromBlocks(
    _ ordered: UnsafePointer<Int32>, _ strands: Strands, into plane: UnsafeMutablePointer<Int32>
  ) {
    var source = ordered
    for block in 0..<strands.blockCount {
      let active = strands.activeLanes(block)
      (plane + block * 64).update(from: source, count: active)
      for lane in active..<64 { plane[block * 64 + lane] = 0 }
      source += active
    }
  }

  static func fromRecords(
    _ ordered: UnsafePointer<Int32>, _ strands: Strands, _ kernels: Kernels,
    into plane: UnsafeMutablePointer<Int32>
  ) throws(AEZipError) {
    var codes = try asRecords(plane, strands)
    codes.gather(from: ordered, strands, kernels)
  }

  /// Low bytes of some thousand codes in the order of records, to look for repeats.
  static func sample(
    _ plane: UnsafePointer<Int32>, _ strands: Strands, most: Int
  ) throws(AEZipError) -> Memory<UInt8>? {
    let wanted = min(strands.recordCount, most)
    guard wanted >= 64 else { return nil }
    let bytes = try Memory<UInt8>(wanted)
    var position = 0
    var lane = 0
    while position < wanted && lane < strands.laneCount {
      let length = strands.firstRecord(lane: lane + 1) - strands.firstRecord(lane: lane)
      for block in 0..<min(length, wanted - position) {
        bytes[position] = Symbols.symbol(zigzag(plane[block &* 64 &+ lane])).symbol
        position += 1
      }
      lane += 1
    }
    guard position == wanted else { return nil }
    return bytes
  }
}
