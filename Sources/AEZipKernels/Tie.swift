import CPlatform

// What a tie makes of the restored values of 64 records, in Float and in Double.

/// See `aezk_kernels.tie_f32`.
func tieF32(
  _ out: UnsafeMutablePointer<Float>?, _ sources: UnsafePointer<UnsafePointer<Float>?>?,
  _ shifts: UnsafePointer<Float>?, _ weights: UnsafePointer<Float>?, _ count: Int, _ isRoot: Int32
) {
  tie(out!, sources!, shifts!, weights!, count, isRoot)
}

/// See `aezk_kernels.tie_f64`.
func tieF64(
  _ out: UnsafeMutablePointer<Double>?, _ sources: UnsafePointer<UnsafePointer<Double>?>?,
  _ shifts: UnsafePointer<Double>?, _ weights: UnsafePointer<Double>?, _ count: Int,
  _ isRoot: Int32
) {
  tie(out!, sources!, shifts!, weights!, count, isRoot)
}

@inline(__always)
func tie<Number: FloatingPoint>(
  _ out: UnsafeMutablePointer<Number>, _ sources: UnsafePointer<UnsafePointer<Number>?>,
  _ shifts: UnsafePointer<Number>, _ weights: UnsafePointer<Number>, _ count: Int,
  _ isRoot: Int32
) {
  let (constant, shift) = (weights[0], weights[1])
  forEachLane { out[$0] = constant }
  var i = 0
  while i < count {
    let weight = weights[2 &+ i]
    let (a, shiftA, shiftB) = (sources[2 &* i]!, shifts[2 &* i], shifts[2 &* i &+ 1])
    if let b = sources[2 &* i &+ 1] {
      forEachLane { out[$0] = out[$0] + weight * ((shiftA + a[$0]) * (shiftB + b[$0])) }
    } else {
      forEachLane { out[$0] = out[$0] + weight * (shiftA + a[$0]) }
    }
    i &+= 1
  }
  if isRoot != 0 {
    // Not a number is not above 0.
    forEachLane { out[$0] = (out[$0] > 0 ? out[$0] : 0).squareRoot() }
  }
  forEachLane { out[$0] = out[$0] - shift }
}
