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
        let scatter = Scatter(
          output: output.baseAddress!, recordSize: recordSize, offset: offset, type: T.elementType,
          origin: origin, wanted: wanted)
        let (narrow, wide) = (
          try Memory<Float>(strands.planeCount), try Memory<Double>(strands.planeCount)
        )
        let isNarrow = T.elementType.usesFloatPlane
        let plane = Plane(float: isNarrow ? narrow.base : nil, double: isNarrow ? nil : wide.base)
        var block = 0
        while block < strands.blockCount {
          let blocks = block..<min(block + 3, strands.blockCount)
          gather(
            records.baseAddress! + offset, recordSize: recordSize, type: T.elementType,
            origin: origin, strands: strands, blocks: blocks, into: plane)
          block = blocks.upperBound
        }
        for block in 0..<strands.blockCount {
          if isNarrow {
            scatter.block(block, strands, narrow.base + block * 64, Kernels())
          } else {
            scatter.block(block, strands, wide.base + block * 64, Kernels())
          }
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
    values.withUnsafeBytes {
      gather(
        $0.baseAddress!, recordSize: 4, type: .f32, origin: 0, strands: strands,
        blocks: 0..<strands.blockCount, into: Plane(float: plane.base, double: nil))
    }
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
}
