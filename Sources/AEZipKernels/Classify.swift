import CPlatform

/// Context classes of 64 codes from the size of codes that are already known; see
/// `aezk_kernels.classify`.
func classify(
  _ classes: UnsafeMutablePointer<UInt8>?, _ codes: UnsafePointer<UnsafePointer<Int32>?>?,
  _ weights: UnsafePointer<Int32>?, _ count: Int, _ thresholds: UnsafePointer<Int32>?,
  _ groups: UnsafePointer<UInt8>?, _ groupThresholds: UnsafePointer<Int>?, _ groupCount: Int
) {
  let (classes, codes, weights, thresholds) = (classes!, codes!, weights!, thresholds!)
  withUnsafeTemporaryAllocation(byteCount: 512, alignment: 64) { scratch in
    let activity = scratch.baseAddress!.assumingMemoryBound(to: Int32.self)
    let reached = activity + laneCount
    forEachLane { activity[$0] = 0 }
    var i = 0
    while i < count {
      let code = codes[i]!
      let weight = weights[i]
      forEachLane {
        let magnitude = code[$0] < 0 ? 0 &- code[$0] : code[$0]
        activity[$0] &+= weight &* (magnitude > 32767 ? 32767 : magnitude)
      }
      i &+= 1
    }
    i = 0
    var group = 0
    var first: Int32 = 0
    while group < groupCount {
      forEachLane { reached[$0] = first }
      let end = i &+ groupThresholds![group]
      while i < end {
        let threshold = thresholds[i]
        forEachLane { reached[$0] &+= activity[$0] >= threshold ? 1 : 0 }
        i &+= 1
      }
      if let groups {
        let wanted = UInt8(truncatingIfNeeded: group)
        forEachLane {
          let own = UInt8(truncatingIfNeeded: reached[$0])
          classes[$0] = groups[$0] == wanted ? own : classes[$0]
        }
      } else {
        forEachLane { classes[$0] = UInt8(truncatingIfNeeded: reached[$0]) }
      }
      first = Int32(truncatingIfNeeded: i &+ group &+ 1)
      group &+= 1
    }
  }
}
