import CPlatform

// A model's plan: how its training records were coded at the bounds of the training, for batches of
// records of their kind, too few to make a good plan of, or to pay for one. Format.md, section 4.8.

enum ModelPlan {
  /// Of fewer records no plan is made that others could use.
  static let leastRecords = 1024
  /// Values, of so many records as there are for them, that a plan is made from.
  private static let mostValues = 1 << 21
  private static let mostRecords = 1 << 16
  /// Records of a batch for which classes of codes must pay.
  private static let servedRecords = 2000

  /// Plans the last of the records.
  ///
  /// - Parameter bounds: of all fields in their units; 0 keeps every bit.
  /// - Returns: nil for few records.
  static func encode(
    _ records: UnsafeRawBufferPointer, layout: Layout, bounds: [Double], kernels: Kernels
  ) throws(AEZipError) -> ByteBuffer? {
    let count = records.count / layout.recordSize
    guard count >= leastRecords, bounds.count == layout.fields.count else { return nil }
    let most = max(leastRecords, min(mostRecords, mostValues / layout.fields.count))
    let taken = min(count, most, CompressionOptions().recordsPerChunk(layout))
    let last = UnsafeRawBufferPointer(rebasing: records[((count - taken) * layout.recordSize)...])
    var encoder = ChunkEncoder(
      layout: layout, bounds: bounds, level: 9, kernels: kernels, servedRecords: servedRecords)
    var payload = try encoder.encodeAll(last).payload
    encoder.arrangement = .falling
    let sorted = try encoder.encodeAll(last).payload
    // A little on these records tells nothing of others.
    if 100 * sorted.count < 99 * payload.count { payload = sorted }
    var writer = ByteWriter()
    for field in layout.fields { writer.byte(field.type.rawValue) }
    for bound in bounds { writer.f64(bound) }
    let decoder = ChunkDecoder(layout: layout, kernels: kernels)
    let (header, size, _) = try decoder.openHeader(payload.bytes, Zlib())
    return try withExtendedLifetime((payload, header)) { () throws(AEZipError) in
      let bytes = UnsafeRawBufferPointer(start: header.base, count: size)
      var reader = ByteReader(bytes, what: "the header of a chunk")
      let plan = try decoder.readPlan(&reader, taken)
      writer.byte(plan.flags & ~ChunkFlags.exactRows)
      let result = try ByteBuffer(writer.bytes)
      try result.append(UnsafeRawBufferPointer(rebasing: bytes[plan.start..<reader.position]))
      return result
    }
  }

  /// The inverse, for a chunk of a container.
  ///
  /// - Parameters:
  ///   - places: for each field of the model that of the container; `view` are these fields.
  ///   - bounds: if given, those that the plan must have been made for.
  /// - Returns: nil for a plan of other fields, types or bounds.
  static func read(
    _ bytes: UnsafeRawBufferPointer, _ places: [Int], view: Layout, _ layout: Layout,
    _ strands: Strands, bounds: [Double]? = nil, kernels: Kernels
  ) throws(AEZipError) -> ChunkDecoder.Plan? {
    guard places.count == layout.fields.count else { return nil }
    var reader = ByteReader(bytes, what: "the model's plan")
    for place in places where try reader.byte() != layout.fields[place].type.rawValue {
      return nil
    }
    for place in places {
      let bound = try reader.f64()
      if let bounds, bounds[place] != bound { return nil }
    }
    var plan = try parse(&reader, view, strands, kernels: kernels)
    // From the model's fields to those of the records.
    let (treatments, constants) = (plan.treatments, plan.constants)
    for index in 0..<places.count {
      plan.treatments[places[index]] = treatments[index]
      plan.constants[places[index]] = constants[index]
    }
    for column in plan.columns { column.field = places[column.field!] }
    return plan
  }

  /// Refuses what no records could have for a plan.
  static func check(
    _ bytes: UnsafeRawBufferPointer, _ layout: Layout, kernels: Kernels
  ) throws(AEZipError) {
    var reader = ByteReader(bytes, what: "the model's plan")
    var fields: [Field] = []
    var size = 0
    for index in 0..<layout.fields.count {
      guard let type = ElementType(rawValue: try reader.byte()) else {
        throw .corrupted(what: "the types of the model's plan", declared: index, computed: 0)
      }
      fields.append(Field(nameBytes: [], type: type, offset: size, bound: .exact))
      size += type.size
    }
    for index in 0..<layout.fields.count where !(try reader.f64() >= 0) {
      throw .corrupted(what: "the bounds of the model's plan", declared: index, computed: 0)
    }
    let view = try Layout(fields: fields, recordSize: size)
    _ = try parse(&reader, view, Strands(ofFewest: 1), kernels: kernels)
  }

  /// What comes after types and bounds, up to the end.
  private static func parse(
    _ reader: inout ByteReader, _ view: Layout, _ strands: Strands, kernels: Kernels
  ) throws(AEZipError) -> ChunkDecoder.Plan {
    let allowed =
      1 | ChunkFlags.shortColumns | ChunkFlags.order | ChunkFlags.ascending
      | ChunkFlags.terse
    let flags = try reader.byte()
    guard flags & ~allowed == 0 else {
      throw .corrupted(what: "the flags of the model's plan", declared: Int(flags), computed: 0)
    }
    var plan = ChunkDecoder.Plan(strands: strands, isShared: true)
    try ChunkDecoder(layout: view, kernels: kernels).readColumns(&plan, flags, &reader)
    try reader.expectEnd()
    return plan
  }
}

extension RecordModel {
  /// The model's plan for a chunk; nil if it has none that fits: ``ModelPlan``.
  func plan(
    _ layout: Layout, _ strands: Strands, bounds: [Double]? = nil
  ) throws(AEZipError) -> ChunkDecoder.Plan? {
    guard let bytes = model.plan?.bytes else { return nil }
    return try ModelPlan.read(
      bytes, places, view: view, layout, strands, bounds: bounds, kernels: model.kernels)
  }

  /// The model's plan if it suits the records of a chunk: made for these bounds, constants the same,
  /// 64-bit integers near those that it knows.
  func plan(
    for records: UnsafeRawBufferPointer, _ layout: Layout, bounds: [Double]
  ) throws(AEZipError) -> ChunkDecoder.Plan? {
    let count = records.count / layout.recordSize
    guard count > 0,
      let plan = try plan(layout, Strands(ofFewest: count), bounds: bounds)
    else { return nil }
    for index in 0..<layout.fields.count {
      guard let constant = plan.constants[index] else { continue }
      let first = records.baseAddress! + layout.fields[index].offset
      for record in 0..<count
      where memcmp(first + record * layout.recordSize, constant.baseAddress!, constant.count) != 0 {
        return nil
      }
    }
    for column in plan.columns {
      let field = layout.fields[column.field!]
      guard field.type.isWideInteger else { continue }
      let (low, high) = field.type.integerRange(
        records.baseAddress! + field.offset, stride: layout.recordSize, count: count)
      let origin = UInt64(bitPattern: column.integerOrigin)
      let (from, to) = (Int64(bitPattern: low &- origin), Int64(bitPattern: high &- origin))
      guard from.magnitude < 1 << 52, to.magnitude < 1 << 52, from <= to else { return nil }
    }
    return plan
  }
}

extension ChunkDecoder {
  /// Treatments and columns of a chunk that takes them from the model.
  func readModelPlan(_ plan: inout Plan) throws(AEZipError) {
    if case .missing(let reference) = model { throw reference.error }
    guard case .network(let network) = model,
      var found = try network.plan(layout, plan.strands)
    else {
      throw .corrupted(
        what: "a chunk that needs the plan of the model, which has none for its fields",
        declared: 1, computed: 0)
    }
    (found.keepsRows, found.isTerse) = (plan.keepsRows, plan.isTerse)
    plan = found
  }
}
