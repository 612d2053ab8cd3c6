import CPlatform

// Values to code units and back:
//
//     y = (x * scale - origin) / unit           x = (origin + unit * y) / scale

func loadF32F32(
  _ y: UnsafeMutablePointer<Float>?, _ x: UnsafePointer<Float>?, _ origin: Float, _ inverse: Float,
  _ lattice: Int32
) {
  let (y, x) = (y!, x!)
  if lattice == 0 {
    forEachLane { y[$0] = (x[$0] - origin) * inverse }
  } else {
    forEachLane { y[$0] = rounded((x[$0] - origin) * inverse) }
  }
}

func loadF32F64(
  _ y: UnsafeMutablePointer<Double>?, _ x: UnsafePointer<Float>?, _ scale: Double,
  _ origin: Double, _ inverse: Double, _ lattice: Int32
) {
  let (y, x) = (y!, x!)
  if lattice == 0 {
    forEachLane { y[$0] = (Double(x[$0]) * scale - origin) * inverse }
  } else {
    forEachLane { y[$0] = rounded((Double(x[$0]) * scale - origin) * inverse) }
  }
}

func loadF64F64(
  _ y: UnsafeMutablePointer<Double>?, _ x: UnsafePointer<Double>?, _ scale: Double,
  _ origin: Double, _ inverse: Double, _ lattice: Int32
) {
  let (y, x) = (y!, x!)
  if lattice == 0 {
    forEachLane { y[$0] = (x[$0] * scale - origin) * inverse }
  } else {
    forEachLane { y[$0] = rounded((x[$0] * scale - origin) * inverse) }
  }
}

func restoreF32F32(
  _ x: UnsafeMutablePointer<Float>?, _ y: UnsafePointer<Float>?, _ origin: Float, _ unit: Float,
  _ low: Float, _ high: Float
) {
  let (x, y) = (x!, y!)
  forEachLane {
    let value = origin + unit * y[$0]
    let raised = value < low ? low : value
    x[$0] = raised > high ? high : raised
  }
}

func restoreF64F32(
  _ x: UnsafeMutablePointer<Float>?, _ y: UnsafePointer<Double>?, _ scale: Double,
  _ origin: Double, _ unit: Double, _ low: Double, _ high: Double
) {
  let (x, y) = (x!, y!)
  if scale == 1 {
    forEachLane { x[$0] = Float(clamped(origin + unit * y[$0], low, high)) }
  } else {
    forEachLane { x[$0] = Float(clamped((origin + unit * y[$0]) / scale, low, high)) }
  }
}

func restoreF64F64(
  _ x: UnsafeMutablePointer<Double>?, _ y: UnsafePointer<Double>?, _ scale: Double,
  _ origin: Double, _ unit: Double, _ low: Double, _ high: Double
) {
  let (x, y) = (x!, y!)
  if scale == 1 {
    forEachLane { x[$0] = clamped(origin + unit * y[$0], low, high) }
  } else {
    forEachLane { x[$0] = clamped((origin + unit * y[$0]) / scale, low, high) }
  }
}

@inline(__always)
func clamped(_ value: Double, _ low: Double, _ high: Double) -> Double {
  let raised = value < low ? low : value
  return raised > high ? high : raised
}

func widen(_ out: UnsafeMutablePointer<Double>?, _ x: UnsafePointer<Float>?) {
  let (out, x) = (out!, x!)
  forEachLane { out[$0] = Double(x[$0]) }
}

func narrow(_ out: UnsafeMutablePointer<Float>?, _ x: UnsafePointer<Double>?) {
  let (out, x) = (out!, x!)
  forEachLane { out[$0] = Float(x[$0]) }
}

func subtractF32(
  _ out: UnsafeMutablePointer<Float>?, _ a: UnsafePointer<Float>?, _ b: UnsafePointer<Float>?
) {
  let (out, a, b) = (out!, a!, b!)
  forEachLane { out[$0] = a[$0] - b[$0] }
}

func subtractF64(
  _ out: UnsafeMutablePointer<Double>?, _ a: UnsafePointer<Double>?, _ b: UnsafePointer<Double>?
) {
  let (out, a, b) = (out!, a!, b!)
  forEachLane { out[$0] = a[$0] - b[$0] }
}
