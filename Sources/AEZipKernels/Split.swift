import CPlatform

/// Leaves of 64 records; see `aezk_kernels.split_f32`.
func splitF32(
  _ leaves: UnsafeMutablePointer<UInt8>?,
  _ corrections: UnsafePointer<UnsafePointer<Float>?>?, _ thresholds: UnsafePointer<Float>?,
  _ parents: UnsafePointer<UInt8>?, _ count: Int
) {
  let (leaves, corrections, thresholds, parents) = (leaves!, corrections!, thresholds!, parents!)
  forEachLane { leaves[$0] = 0 }
  var i = 0
  while i < count {
    let (correction, threshold, parent) = (corrections[i]!, thresholds[i], parents[i])
    let next = UInt8(truncatingIfNeeded: i &+ 1)
    forEachLane {
      let reached = correction[$0] >= threshold ? next : leaves[$0]
      leaves[$0] = leaves[$0] == parent ? reached : leaves[$0]
    }
    i &+= 1
  }
}

/// As ``splitF32`` in Double.
func splitF64(
  _ leaves: UnsafeMutablePointer<UInt8>?,
  _ corrections: UnsafePointer<UnsafePointer<Double>?>?, _ thresholds: UnsafePointer<Double>?,
  _ parents: UnsafePointer<UInt8>?, _ count: Int
) {
  let (leaves, corrections, thresholds, parents) = (leaves!, corrections!, thresholds!, parents!)
  forEachLane { leaves[$0] = 0 }
  var i = 0
  while i < count {
    let (correction, threshold, parent) = (corrections[i]!, thresholds[i], parents[i])
    let next = UInt8(truncatingIfNeeded: i &+ 1)
    forEachLane {
      let reached = correction[$0] >= threshold ? next : leaves[$0]
      leaves[$0] = leaves[$0] == parent ? reached : leaves[$0]
    }
    i &+= 1
  }
}

/// What each record's leaf adds; see `aezk_kernels.shift_f32`.
func shiftF32(
  _ out: UnsafeMutablePointer<Float>?, _ base: UnsafePointer<Float>?,
  _ leaves: UnsafePointer<UInt8>?, _ offsets: UnsafePointer<Float>?
) {
  let (out, leaves, offsets) = (out!, leaves!, offsets!)
  forEachLane { out[$0] = offsets[Int(leaves[$0])] }
  if let base { forEachLane { out[$0] = base[$0] + out[$0] } }
}

/// As ``shiftF32`` in Double.
func shiftF64(
  _ out: UnsafeMutablePointer<Double>?, _ base: UnsafePointer<Double>?,
  _ leaves: UnsafePointer<UInt8>?, _ offsets: UnsafePointer<Double>?
) {
  let (out, leaves, offsets) = (out!, leaves!, offsets!)
  forEachLane { out[$0] = offsets[Int(leaves[$0])] }
  if let base { forEachLane { out[$0] = base[$0] + out[$0] } }
}
