import CPlatform

/// The gradient of the loss by the output; see `aezk_kernels.miss`.
func miss(
  _ d: UnsafeMutablePointer<Float>?, _ y: UnsafePointer<Float>?, _ z: UnsafePointer<Float>?,
  _ weights: UnsafePointer<Float>?, _ binary: UnsafePointer<Float>?, _ count: Int
) {
  let (d, y, z, weights) = (d!, y!, z!, weights!)
  if let binary {
    forEach(count) {
      let value = binary[$0] > 0 ? sigmoid(y[$0]) : y[$0]
      d[$0] = z[$0] == z[$0] ? weights[$0] * (value - z[$0]) : 0
    }
  } else {
    forEach(count) { d[$0] = z[$0] == z[$0] ? weights[$0] * (y[$0] - z[$0]) : 0 }
  }
}

/// One step of an optimizer; see `aezk_kernels.step`.
func step(
  _ w: UnsafeMutablePointer<Float>?, _ g: UnsafePointer<Float>?, _ m: UnsafeMutablePointer<Float>?,
  _ v: UnsafeMutablePointer<Float>?, _ count: Int, _ rate: Float, _ decay: Float,
  _ momentum: Float, _ correction: Float
) {
  let (w, g, m) = (w!, g!, m!)
  if let v {
    forEach(count) {
      m[$0] = momentum * m[$0] + (1 - momentum) * g[$0]
      v[$0] = 0.999 * v[$0] + 0.001 * (g[$0] * g[$0])
      let size = v[$0].squareRoot() * correction + 1e-8
      w[$0] = w[$0] - rate * (m[$0] / size) - decay * w[$0]
    }
  } else {
    forEach(count) {
      m[$0] = momentum * m[$0] + g[$0]
      w[$0] = w[$0] - rate * m[$0] - decay * w[$0]
    }
  }
}
