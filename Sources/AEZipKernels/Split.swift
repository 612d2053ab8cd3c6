import CPlatform

// Leaves of 64 records in a column's tree, and what they add, in Float and in Double.

/// See `aezk_kernels.split_f32`; the leaves of four vectors stay in registers.
func splitF32(
  _ leaves: UnsafeMutablePointer<UInt8>?,
  _ corrections: UnsafePointer<UnsafePointer<Float>?>?, _ thresholds: UnsafePointer<Float>?,
  _ parents: UnsafePointer<UInt8>?, _ count: Int
) {
  let width = LF.scalarCount
  var lane = 0
  while lane < laneCount {
    var l0 = LI.zero
    var l1 = LI.zero
    var l2 = LI.zero
    var l3 = LI.zero
    var i = 0
    while i < count {
      let threshold = LF(repeating: thresholds.unsafelyUnwrapped[i])
      let parent = LI(repeating: Int32(parents.unsafelyUnwrapped[i]))
      let next = LI(repeating: Int32(truncatingIfNeeded: i &+ 1))
      let c = UnsafeRawPointer(
        corrections.unsafelyUnwrapped[i].unsafelyUnwrapped + lane
      ).assumingMemoryBound(to: LF.self)
      l0 = l0.replacing(with: next, where: (c[0] .>= threshold) .& (l0 .== parent))
      l1 = l1.replacing(with: next, where: (c[1] .>= threshold) .& (l1 .== parent))
      l2 = l2.replacing(with: next, where: (c[2] .>= threshold) .& (l2 .== parent))
      l3 = l3.replacing(with: next, where: (c[3] .>= threshold) .& (l3 .== parent))
      i &+= 1
    }
    let o = UnsafeMutableRawPointer(leaves.unsafelyUnwrapped + lane).assumingMemoryBound(
      to: LB.self)
    o[0] = LB(truncatingIfNeeded: l0)
    o[1] = LB(truncatingIfNeeded: l1)
    o[2] = LB(truncatingIfNeeded: l2)
    o[3] = LB(truncatingIfNeeded: l3)
    lane &+= 4 &* width
  }
}

/// See `aezk_kernels.split_f64`.
func splitF64(
  _ leaves: UnsafeMutablePointer<UInt8>?,
  _ corrections: UnsafePointer<UnsafePointer<Double>?>?, _ thresholds: UnsafePointer<Double>?,
  _ parents: UnsafePointer<UInt8>?, _ count: Int
) {
  let leaves = leaves!
  forEachLane { leaves[$0] = 0 }
  var i = 0
  while i < count {
    let (correction, threshold, parent) = (corrections![i]!, thresholds![i], parents![i])
    let next = UInt8(truncatingIfNeeded: i &+ 1)
    forEachLane {
      let reached = correction[$0] >= threshold ? next : leaves[$0]
      leaves[$0] = leaves[$0] == parent ? reached : leaves[$0]
    }
    i &+= 1
  }
}

/// See `aezk_kernels.shift_f32`.
func shiftF32(
  _ out: UnsafeMutablePointer<Float>?, _ base: UnsafePointer<Float>?,
  _ leaves: UnsafePointer<UInt8>?, _ offsets: UnsafePointer<Float>?
) {
  shift(out!, base, leaves!, offsets!)
}

/// See `aezk_kernels.shift_f64`.
func shiftF64(
  _ out: UnsafeMutablePointer<Double>?, _ base: UnsafePointer<Double>?,
  _ leaves: UnsafePointer<UInt8>?, _ offsets: UnsafePointer<Double>?
) {
  shift(out!, base, leaves!, offsets!)
}

@inline(__always)
func shift<Number: FloatingPoint>(
  _ out: UnsafeMutablePointer<Number>, _ base: UnsafePointer<Number>?,
  _ leaves: UnsafePointer<UInt8>, _ offsets: UnsafePointer<Number>
) {
  forEachLane { out[$0] = offsets[Int(leaves[$0])] }
  if let base { forEachLane { out[$0] = base[$0] + out[$0] } }
}
