import CPlatform

// The proof of the bound: every value is compared with what the decoder will restore.

func checkF32(
  _ x: UnsafePointer<Float>?, _ restored: UnsafePointer<Float>?, _ bound: Float,
  _ stats: UnsafeMutablePointer<aezk_stats_f32>?
) -> Int32 {
  let (x, restored) = (x!, restored!)
  var beyond: Int32 = 0
  forEachLane {
    let difference = x[$0] - restored[$0]
    let error = difference < 0 ? -difference : difference
    // NaN compares false, so it fails like an error beyond the bound.
    beyond |= error <= bound ? 0 : 1
    // -0 and denormals are kept bit for bit, by other means.
    let bits = x[$0].bitPattern
    beyond |= bits != 0 && bits & 0x7FFF_FFFF < 0x0080_0000 ? 1 : 0
  }
  guard beyond == 0 else { return 0 }
  let largest = UnsafeMutableRawPointer(stats!).assumingMemoryBound(to: Float.self)
  let squares = largest + laneCount
  forEachLane {
    let difference = x[$0] - restored[$0]
    let error = difference < 0 ? -difference : difference
    largest[$0] = error > largest[$0] ? error : largest[$0]
    squares[$0] = squares[$0] + error * error
  }
  return 1
}

func checkF64(
  _ x: UnsafePointer<Double>?, _ restored: UnsafePointer<Double>?, _ bound: Double,
  _ stats: UnsafeMutablePointer<aezk_stats_f64>?
) -> Int32 {
  let (x, restored) = (x!, restored!)
  var beyond: Int64 = 0
  forEachLane {
    let difference = x[$0] - restored[$0]
    let error = difference < 0 ? -difference : difference
    // NaN compares false, so it fails like an error beyond the bound.
    beyond |= error <= bound ? 0 : 1
    // -0 and denormals are kept bit for bit, by other means.
    let bits = x[$0].bitPattern
    beyond |= bits != 0 && bits & 0x7FFF_FFFF_FFFF_FFFF < 0x0010_0000_0000_0000 ? 1 : 0
  }
  guard beyond == 0 else { return 0 }
  let largest = UnsafeMutableRawPointer(stats!).assumingMemoryBound(to: Double.self)
  let squares = largest + laneCount
  forEachLane {
    let difference = x[$0] - restored[$0]
    let error = difference < 0 ? -difference : difference
    largest[$0] = error > largest[$0] ? error : largest[$0]
    squares[$0] = squares[$0] + error * error
  }
  return 1
}

func extentF32(
  _ x: UnsafePointer<Float>?, _ minimum: UnsafeMutablePointer<Float>?,
  _ maximum: UnsafeMutablePointer<Float>?
) {
  let (x, minimum, maximum) = (x!, minimum!, maximum!)
  let largest = Float.greatestFiniteMagnitude
  forEachLane {
    let value = x[$0]
    minimum[$0] = value >= -largest && value < minimum[$0] ? value : minimum[$0]
    maximum[$0] = value <= largest && value > maximum[$0] ? value : maximum[$0]
  }
}

func extentF64(
  _ x: UnsafePointer<Double>?, _ minimum: UnsafeMutablePointer<Double>?,
  _ maximum: UnsafeMutablePointer<Double>?
) {
  let (x, minimum, maximum) = (x!, minimum!, maximum!)
  let largest = Double.greatestFiniteMagnitude
  forEachLane {
    let value = x[$0]
    minimum[$0] = value >= -largest && value < minimum[$0] ? value : minimum[$0]
    maximum[$0] = value <= largest && value > maximum[$0] ? value : maximum[$0]
  }
}
