import CPlatform

// Leaves of 64 records in a column's tree, and what they add, in Float and in Double.

/// See `aezk_kernels.split_f32`.
func splitF32(
  _ leaves: UnsafeMutablePointer<UInt8>?,
  _ corrections: UnsafePointer<UnsafePointer<Float>?>?, _ thresholds: UnsafePointer<Float>?,
  _ parents: UnsafePointer<UInt8>?, _ count: Int
) {
  split(leaves!, corrections, thresholds, parents, count)
}

/// See `aezk_kernels.split_f64`.
func splitF64(
  _ leaves: UnsafeMutablePointer<UInt8>?,
  _ corrections: UnsafePointer<UnsafePointer<Double>?>?, _ thresholds: UnsafePointer<Double>?,
  _ parents: UnsafePointer<UInt8>?, _ count: Int
) {
  split(leaves!, corrections, thresholds, parents, count)
}

@inline(__always)
func split<Number: Comparable>(
  _ leaves: UnsafeMutablePointer<UInt8>,
  _ corrections: UnsafePointer<UnsafePointer<Number>?>?, _ thresholds: UnsafePointer<Number>?,
  _ parents: UnsafePointer<UInt8>?, _ count: Int
) {
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
