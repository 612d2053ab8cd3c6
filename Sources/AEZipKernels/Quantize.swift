import CPlatform

// Forward and back:
//
//     code = round((y - p) / multiple)          restored = p + multiple * code

func quantizeF32(
  _ codes: UnsafeMutablePointer<Int32>?, _ restored: UnsafeMutablePointer<Float>?,
  _ y: UnsafePointer<Float>?, _ p: UnsafePointer<Float>?, _ multiple: Float, _ inverse: Float
) {
  let (codes, restored, y, p) = (codes!, restored!, y!, p!)
  forEachLane {
    let biased = bounded((y[$0] - p[$0]) * inverse) + roundF32
    codes[$0] = Int32(bitPattern: biased.bitPattern &- 0x4B40_0000)
    restored[$0] = p[$0] + multiple * (biased - roundF32)
  }
}

func quantizeF64(
  _ codes: UnsafeMutablePointer<Int32>?, _ restored: UnsafeMutablePointer<Double>?,
  _ y: UnsafePointer<Double>?, _ p: UnsafePointer<Double>?, _ multiple: Double, _ inverse: Double
) {
  let (codes, restored, y, p) = (codes!, restored!, y!, p!)
  forEachLane {
    let biased = bounded((y[$0] - p[$0]) * inverse) + roundF64
    codes[$0] = Int32(truncatingIfNeeded: biased.bitPattern)
    restored[$0] = p[$0] + multiple * (biased - roundF64)
  }
}

func dequantizeF32(
  _ restored: UnsafeMutablePointer<Float>?, _ codes: UnsafePointer<Int32>?,
  _ p: UnsafePointer<Float>?, _ multiple: Float
) {
  let (restored, codes, p) = (restored!, codes!, p!)
  // The codes that will be read when it is their column's turn again.
  aezk_prefetch_row(codes + laneCount)
  forEachLane { restored[$0] = p[$0] + multiple * Float(codes[$0]) }
}

func dequantizeF64(
  _ restored: UnsafeMutablePointer<Double>?, _ codes: UnsafePointer<Int32>?,
  _ p: UnsafePointer<Double>?, _ multiple: Double
) {
  let (restored, codes, p) = (restored!, codes!, p!)
  // The codes that will be read when it is their column's turn again.
  aezk_prefetch_row(codes + laneCount)
  forEachLane { restored[$0] = p[$0] + multiple * Double(codes[$0]) }
}
