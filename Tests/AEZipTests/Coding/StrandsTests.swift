import Testing

@testable import AEZip

@Suite struct StrandsTests {
  @Test func everyRecordHasOnePlace() {
    for count in 1...300 {
      let strands = Strands(recordCount: count)
      var seen = [Int](repeating: 0, count: count)
      for block in 0..<strands.blockCount {
        #expect(strands.activeLanes(block) >= 1 && strands.activeLanes(block) <= strands.laneCount)
        for lane in 0..<strands.activeLanes(block) {
          seen[strands.firstRecord(lane: lane) + block] += 1
        }
      }
      #expect(seen == [Int](repeating: 1, count: count), "\(count) records")
      #expect(strands.firstRecord(lane: strands.laneCount) == count)
    }
  }

  @Test func everyNumberOfLanesCoversTheRecords() {
    for count in [1, 2, 63, 64, 65, 100, 255, 256] {
      for lanes in 1...min(64, count) {
        let strands = Strands(recordCount: count, laneCount: lanes)
        var total = 0
        for block in 0..<strands.blockCount { total += strands.activeLanes(block) }
        #expect(total == count)
        for lane in 0..<lanes {
          let length = strands.firstRecord(lane: lane + 1) - strands.firstRecord(lane: lane)
          #expect(length == strands.blockCount || length == strands.blockCount - 1)
        }
      }
    }
  }

  @Test func shortChunksUseFewStrands() {
    #expect(Strands(recordCount: 1).laneCount == 1)
    #expect(Strands(recordCount: 47).laneCount == 1)
    #expect(Strands(recordCount: 48).laneCount == 2)
    #expect(Strands(recordCount: 1535).laneCount == 63)
    #expect(Strands(recordCount: 1536).laneCount == 64)
    #expect(Strands(recordCount: 1 << 24).laneCount == 64)
  }

  /// A reader refuses longer ones: Format.md, section 6.1.
  @Test func fewerStrandsThanLanesAreShort() {
    for count in 1...3000 {
      let strands = Strands(recordCount: count)
      #expect(strands.laneCount == 64 || strands.blockCount <= Limits.blocksWithPadding)
    }
  }

  @Test func codesComeBackFromBothOrders() throws {
    for count in [1, 2, 47, 48, 64, 100, 1535, 1536, 1600] {
      let strands = Strands(recordCount: count)
      let plane = try Memory<Int32>(strands.planeCount, zeroed: true)
      for block in 0..<strands.blockCount {
        for lane in 0..<strands.activeLanes(block) {
          plane[block * 64 + lane] = Int32(strands.firstRecord(lane: lane) + block + 1)
        }
      }
      let ordered = try Memory<Int32>(count)
      let back = try Memory<Int32>(strands.planeCount)
      try CodeOrder.byRecord(plane.base, strands, Kernels(), into: ordered.base)
      #expect((0..<count).map { ordered[$0] } == (1...Int32(count)).map { $0 })
      try CodeOrder.fromRecords(ordered.base, strands, Kernels(), into: back.base)
      for block in 0..<strands.blockCount {
        for place in block * 64..<block * 64 + strands.activeLanes(block) {
          #expect(back[place] == plane[place])
        }
      }
      CodeOrder.byBlock(plane.base, strands, into: ordered.base)
      #expect(Set((0..<count).map { ordered[$0] }).count == count)
      for index in 0..<strands.planeCount { back[index] = -1 }
      CodeOrder.fromBlocks(ordered.base, strands, into: back.base)
      #expect((0..<strands.planeCount).allSatisfy { back[$0] == plane[$0] })
    }
  }
}
