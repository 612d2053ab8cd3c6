import CPlatform

/// `value`, or 0 if no code could correct it (too large, or NaN).
@inline(__always)
func bounded(_ value: Float) -> Float { value < limitF32 && value > -limitF32 ? value : 0 }
@inline(__always)
func bounded(_ value: Double) -> Double { value < limitF64 && value > -limitF64 ? value : 0 }

/// The nearest integer, ties to even.
@inline(__always)
func rounded(_ value: Float) -> Float { (value + roundF32) - roundF32 }
@inline(__always)
func rounded(_ value: Double) -> Double { (value + roundF64) - roundF64 }

/// Predictions of 64 values; see `aezk_kernels.predict_f32`.
func predictF32(
  _ out: UnsafeMutablePointer<Float>?, _ base: UnsafePointer<Float>?, _ intercept: Float,
  _ coefficients: UnsafePointer<Float>?, _ regressors: UnsafePointer<UnsafePointer<Float>?>?,
  _ count: Int, _ snap: Int32
) {
  let out = out!
  let width = LF.scalarCount
  var lane = 0
  while lane < laneCount {
    var s0 = LF(repeating: intercept)
    var s1 = s0
    var s2 = s0
    var s3 = s0
    if let base {
      let b = UnsafeRawPointer(base + lane).assumingMemoryBound(to: LF.self)
      s0 = b[0] + s0
      s1 = b[1] + s1
      s2 = b[2] + s2
      s3 = b[3] + s3
    }
    var i = 0
    while i < count {
      let c = LF(repeating: coefficients.unsafelyUnwrapped[i])
      let r = UnsafeRawPointer(
        regressors.unsafelyUnwrapped[i].unsafelyUnwrapped + lane
      ).assumingMemoryBound(to: LF.self)
      s0 = s0 + c * r[0]
      s1 = s1 + c * r[1]
      s2 = s2 + c * r[2]
      s3 = s3 + c * r[3]
      i &+= 1
    }
    let o = UnsafeMutableRawPointer(out + lane).assumingMemoryBound(to: LF.self)
    o[0] = s0
    o[1] = s1
    o[2] = s2
    o[3] = s3
    lane &+= 4 &* width
  }
  switch snap {
  case 0:
    forEachLane { out[$0] = bounded(out[$0]) }
  case 1:
    forEachLane { out[$0] = rounded(bounded(out[$0])) }
  default:
    forEachLane { out[$0] = rounded(bounded(out[$0]) - 0.5) + 0.5 }
  }
}

/// As ``predictF32`` in Double.
func predictF64(
  _ out: UnsafeMutablePointer<Double>?, _ base: UnsafePointer<Double>?, _ intercept: Double,
  _ coefficients: UnsafePointer<Double>?, _ regressors: UnsafePointer<UnsafePointer<Double>?>?,
  _ count: Int, _ snap: Int32
) {
  let out = out!
  let width = LD.scalarCount
  var lane = 0
  while lane < laneCount {
    var s0 = LD(repeating: intercept)
    var s1 = s0
    var s2 = s0
    var s3 = s0
    if let base {
      let b = UnsafeRawPointer(base + lane).assumingMemoryBound(to: LD.self)
      s0 = b[0] + s0
      s1 = b[1] + s1
      s2 = b[2] + s2
      s3 = b[3] + s3
    }
    var i = 0
    while i < count {
      let c = LD(repeating: coefficients.unsafelyUnwrapped[i])
      let r = UnsafeRawPointer(
        regressors.unsafelyUnwrapped[i].unsafelyUnwrapped + lane
      ).assumingMemoryBound(to: LD.self)
      s0 = s0 + c * r[0]
      s1 = s1 + c * r[1]
      s2 = s2 + c * r[2]
      s3 = s3 + c * r[3]
      i &+= 1
    }
    let o = UnsafeMutableRawPointer(out + lane).assumingMemoryBound(to: LD.self)
    o[0] = s0
    o[1] = s1
    o[2] = s2
    o[3] = s3
    lane &+= 4 &* width
  }
  switch snap {
  case 0:
    forEachLane { out[$0] = bounded(out[$0]) }
  case 1:
    forEachLane { out[$0] = rounded(bounded(out[$0])) }
  default:
    forEachLane { out[$0] = rounded(bounded(out[$0]) - 0.5) + 0.5 }
  }
}
