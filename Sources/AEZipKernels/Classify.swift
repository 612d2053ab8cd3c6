import CPlatform

// Context classes of 64 codes from the leaves of their records and the size of codes that are already
// known. Sums and classes of four vectors stay in registers.
/// Minus one where a >= b.
@inline(__always)
func reaches(_ a: LI, _ b: LI) -> LI { unsafeBitCast(a .>= b, to: LI.self) }

/// min(|codes|, 32767) * weight
@inline(__always)
func activity(_ codes: LI, _ weight: LI) -> LI {
  let limit = LI(repeating: 32767)
  let low = codes.replacing(with: limit, where: codes .> limit)
  let m = low.replacing(with: 0 &- limit, where: low .< 0 &- limit)
  let sign = m &>> 31
  return ((m ^ sign) &- sign) &* weight
}

/// See `aezk_kernels.classify`.
func classify(
  _ classes: UnsafeMutablePointer<UInt8>?, _ codes: UnsafePointer<UnsafePointer<Int32>?>?,
  _ weights: UnsafePointer<Int32>?, _ count: Int, _ thresholds: UnsafePointer<Int32>?,
  _ leaves: UnsafePointer<UInt8>?, _ groups: UnsafePointer<UInt8>?,
  _ groupThresholds: UnsafePointer<Int>?, _ groupCount: Int
) {
  let classes = classes.unsafelyUnwrapped
  if groupCount > 1 {
    let (leaves, groups) = (leaves.unsafelyUnwrapped, groups.unsafelyUnwrapped)
    forEachLane { classes[$0] = groups[Int(leaves[$0])] }
  } else {
    forEachLane { classes[$0] = 0 }
  }
  let width = LI.scalarCount
  var lane = 0
  while lane < laneCount {
    var a0 = LI.zero
    var a1 = LI.zero
    var a2 = LI.zero
    var a3 = LI.zero
    var i = 0
    while i < count {
      let weight = LI(repeating: weights.unsafelyUnwrapped[i])
      let c = UnsafeRawPointer(
        codes.unsafelyUnwrapped[i].unsafelyUnwrapped + lane
      ).assumingMemoryBound(to: LI.self)
      a0 = a0 &+ activity(c[0], weight)
      a1 = a1 &+ activity(c[1], weight)
      a2 = a2 &+ activity(c[2], weight)
      a3 = a3 &+ activity(c[3], weight)
      i &+= 1
    }
    let own = UnsafeMutableRawPointer(classes + lane).assumingMemoryBound(to: LB.self)
    let g0 = LI(truncatingIfNeeded: own[0])
    let g1 = LI(truncatingIfNeeded: own[1])
    let g2 = LI(truncatingIfNeeded: own[2])
    let g3 = LI(truncatingIfNeeded: own[3])
    var r0 = LI.zero
    var r1 = LI.zero
    var r2 = LI.zero
    var r3 = LI.zero
    i = 0
    var group = 0
    while group < groupCount {
      let first = LI(repeating: Int32(truncatingIfNeeded: i &+ group))
      var s0 = first
      var s1 = first
      var s2 = first
      var s3 = first
      let end = i &+ groupThresholds.unsafelyUnwrapped[group]
      while i < end {
        let threshold = LI(repeating: thresholds.unsafelyUnwrapped[i])
        s0 = s0 &- reaches(a0, threshold)
        s1 = s1 &- reaches(a1, threshold)
        s2 = s2 &- reaches(a2, threshold)
        s3 = s3 &- reaches(a3, threshold)
        i &+= 1
      }
      let wanted = LI(repeating: Int32(truncatingIfNeeded: group))
      r0 = r0.replacing(with: s0, where: g0 .== wanted)
      r1 = r1.replacing(with: s1, where: g1 .== wanted)
      r2 = r2.replacing(with: s2, where: g2 .== wanted)
      r3 = r3.replacing(with: s3, where: g3 .== wanted)
      group &+= 1
    }
    own[0] = LB(truncatingIfNeeded: r0)
    own[1] = LB(truncatingIfNeeded: r1)
    own[2] = LB(truncatingIfNeeded: r2)
    own[3] = LB(truncatingIfNeeded: r3)
    lane &+= 4 &* width
  }
}
