import Testing

@testable import AEZip

@Suite struct PlanesTests {
  /// Gathers a field and scatters it again; `value` gives each record's.
  private func expectInverse<T: Trivial>(
    _ value: (Int) -> T, count: Int, offset: Int, origin: Int64 = 0, wanted: Range<Int>? = nil
  ) throws {
    let size = T.elementType.size
    let recordSize = offset + size + 3
    var records = [UInt8](repeating: 0x55, count: count * recordSize)
    records.withUnsafeMutableBytes { records in
      for record in 0..<count {
        records.storeBytes(
          of: value(record), toByteOffset: record * recordSize + offset, as: T.self)
      }
    }
    let wanted = wanted ?? 0..<count
    let strands = Strands(recordCount: count)
    var output = [UInt8](repeating: 0x55, count: wanted.count * recordSize)
    try records.withUnsafeBytes { records in
      try output.withUnsafeMutableBytes { output in
        let plane = try Memory<Double>(strands.planeCount)
        var fields = try RecordFields(most: 1, recordSize: recordSize, strands: strands)
        #expect(fields.isEmpty)
        fields.add(plane.base, offset: offset, type: T.elementType, origin: origin)
        for block in 0..<strands.blockCount {
          fields.gather(
            block, lanes: strands.activeLanes(block), row: 64 * block, from: records.baseAddress!,
            Kernels())
        }
        for block in 0..<strands.blockCount {
          fields.scatter(
            block, lanes: strands.activeLanes(block), row: 64 * block, to: output.baseAddress!,
            wanted: wanted, Kernels())
        }
      }
    }
    #expect(
      output == Array(records[wanted.lowerBound * recordSize..<wanted.upperBound * recordSize]),
      "\(T.self), \(count) records at \(offset)")
  }

  @Test(arguments: [1, 2, 47, 49, 64, 65, 130, 1537])
  func scatteringUndoesGatheringForEveryType(count: Int) throws {
    var random = Seeded(UInt64(count))
    let bits = (0..<count).map { _ in random.next() }
    for offset in [0, 1, 3, 8, 13] {
      try expectInverse(
        { Float(Int32(truncatingIfNeeded: bits[$0])) / 7 }, count: count, offset: offset)
      try expectInverse({ Double(Int64(bitPattern: bits[$0])) / 7 }, count: count, offset: offset)
      try expectInverse({ Int8(truncatingIfNeeded: bits[$0]) }, count: count, offset: offset)
      try expectInverse({ Int16(truncatingIfNeeded: bits[$0]) }, count: count, offset: offset)
      try expectInverse({ Int32(truncatingIfNeeded: bits[$0]) }, count: count, offset: offset)
      try expectInverse({ UInt8(truncatingIfNeeded: bits[$0]) }, count: count, offset: offset)
      try expectInverse({ UInt16(truncatingIfNeeded: bits[$0]) }, count: count, offset: offset)
      try expectInverse({ UInt32(truncatingIfNeeded: bits[$0]) }, count: count, offset: offset)
      // 52 bits around an origin.
      try expectInverse(
        { Int64.max - Int64(bits[$0] >> 12) }, count: count, offset: offset,
        origin: .max - 1 << 51)
      try expectInverse(
        { UInt64.max - bits[$0] >> 12 }, count: count, offset: offset,
        origin: Int64(bitPattern: UInt64.max - 1 << 51))
    }
  }

  @Test func scattersOnlyTheWantedRecords() throws {
    for wanted in [0..<1, 10..<20, 99..<100, 0..<100, 50..<50] {
      try expectInverse({ Int32($0 * 3) }, count: 100, offset: 2, wanted: wanted)
      try expectInverse({ Float($0) }, count: 100, offset: 5, wanted: wanted)
    }
  }

  @Test func lanesWithoutRecordsRepeatValuesOfTheChunk() throws {
    let count = 77  // three strands of 26, 26 and 25 records
    let strands = Strands(recordCount: count)
    let values = (0..<count).map { Float($0 + 1) }
    let plane = try Memory<Float>(strands.planeCount)
    try values.withUnsafeBytes {
      var fields = try RecordFields(most: 1, recordSize: 4, strands: strands)
      fields.add(plane.base, offset: 0, type: .f32, origin: 0)
      for block in 0..<strands.blockCount {
        fields.gather(
          block, lanes: strands.activeLanes(block), row: 64 * block, from: $0.baseAddress!,
          Kernels())
      }
    }
    // A strand that has ended repeats its last value, so that nothing seems to change.
    #expect(plane[(strands.blockCount - 1) * 64 + 2] == plane[(strands.blockCount - 2) * 64 + 2])
    for index in 0..<strands.planeCount { #expect(values.contains(plane[index])) }
  }

  @Test func clampRangesAreThoseOfTheTypes() {
    #expect(ElementType.i8.clampRange(origin: 0) == -128...127)
    #expect(ElementType.u16.clampRange(origin: 0) == 0...65535)
    #expect(ElementType.u32.clampRange(origin: 0) == 0...4_294_967_295)
    #expect(ElementType.i64.clampRange(origin: 0) == -0x1p53...0x1p53)
    #expect(ElementType.i64.clampRange(origin: .max - 10) == -0x1p53...10)
    #expect(ElementType.i64.clampRange(origin: .min + 10) == -10...0x1p53)
    #expect(ElementType.u64.clampRange(origin: 10) == -10...0x1p53)
    #expect(ElementType.u64.clampRange(origin: -1 - 10) == -0x1p53...10)
    #expect(ElementType.f64.clampRange(origin: 0) == -Double.infinity...Double.infinity)
  }

  /// Fields of many types, some alike, in one record: more than are moved together.
  @Test(arguments: [1, 63, 64, 200]) func recordsOfManyFieldsComeBack(count: Int) throws {
    var random = Seeded(UInt64(count))
    let types: [ElementType] = [.u8, .f32, .i16, .f64, .i32, .u16]
    let fields = (0..<90).map { types[$0 < 50 ? 0 : $0 % types.count] }
    let size = fields.reduce(0) { $0 + $1.size } + 5
    var records = [UInt8](repeating: 0, count: count * size)
    var places: [Int] = []
    var next = 2
    for type in fields {
      places.append(next)
      next += type.size
    }
    let strands = Strands(recordCount: count)
    for record in 0..<count {
      for (field, type) in fields.enumerated() {
        records.withUnsafeMutableBytes {
          let value = Double(UInt8(truncatingIfNeeded: random.next() >> 1) & 127)
          type.store(value, to: $0.baseAddress! + record * size + places[field])
        }
      }
    }
    var output = [UInt8](repeating: 0, count: count * size)
    let values = try Memory<Double>(fields.count * strands.planeCount)
    var moved = try RecordFields(most: fields.count, recordSize: size, strands: strands)
    for (field, type) in fields.enumerated() {
      moved.add(
        values.base + field * strands.planeCount, offset: places[field], type: type, origin: 0)
    }
    for block in 0..<strands.blockCount {
      let lanes = strands.activeLanes(block)
      records.withUnsafeBytes {
        moved.gather(block, lanes: lanes, row: 64 * block, from: $0.baseAddress!, Kernels())
      }
      output.withUnsafeMutableBytes {
        moved.scatter(
          block, lanes: lanes, row: 64 * block, to: $0.baseAddress!, wanted: 0..<count, Kernels())
      }
    }
    #expect(output == records)
  }
}
