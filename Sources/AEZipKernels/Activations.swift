import CPlatform

// Activation functions from + - * / and bit operations alone: the same bits everywhere, and within
// 2e-7 of the function. Activations are numbered as `aezk_kernels.activate` says.

/// e^x for x in -80 ... 80, within 1e-7 of it relative: 2^n * e^r, e^r its series up to r^7.
@inline(__always)
func exponential(_ x: Float) -> Float {
  let low: Float = x < -80 ? -80 : x
  let within = low > 80 ? 80 : low
  let shifted = within * 1.442695041 + roundF32
  let n = shifted - roundF32
  // ln 2 in two parts: the first has few bits, so that n times it is exact.
  let r = (within - n * 0.693359375) - n * -2.12194440e-4
  var e: Float = 1.9841270e-4
  e = e * r + 1.3888889e-3
  e = e * r + 8.3333333e-3
  e = e * r + 4.1666668e-2
  e = e * r + 0.16666667
  e = e * r + 0.5
  e = e * r + 1
  e = e * r + 1
  // The low bits of `shifted` are n.
  return e * Float(bitPattern: (shifted.bitPattern &+ 127) << 23)
}

/// 1 / (1 + e^-x).
@inline(__always)
func sigmoid(_ x: Float) -> Float { 1 / (1 + exponential(-x)) }

/// The natural logarithm of a normal x > 0, within 2e-7: of a number in sqrt(1/2) ... sqrt(2) by
/// 2 artanh((m - 1) / (m + 1)), and its power of two.
@inline(__always)
func logarithm(_ x: Float) -> Float {
  let bits = x.bitPattern &- 0x3F35_04F3
  let power = Float(Int32(bitPattern: bits) >> 23)
  let m = Float(bitPattern: (bits & 0x7F_FFFF) &+ 0x3F35_04F3)
  let s = (m - 1) / (m + 1)
  let q = s * s
  var sum: Float = 0.22222222
  sum = sum * q + 0.28571430
  sum = sum * q + 0.4
  sum = sum * q + 0.66666670
  sum = sum * q + 2
  return sum * s + power * 0.69314718
}

/// y = f(y); see `aezk_kernels.activate`.
func activate(_ y: UnsafeMutablePointer<Float>?, _ count: Int, _ activation: Int32) {
  let y = y!
  switch activation {
  case 1: forEach(count) { y[$0] = y[$0] > 0 ? y[$0] : 0 }
  case 2: forEach(count) { y[$0] = 2 * sigmoid(2 * y[$0]) - 1 }
  case 3: forEach(count) { y[$0] = sigmoid(y[$0]) }
  case 4: forEach(count) { y[$0] = exponential(y[$0]) }
  default: break
  }
}

/// d = d * f'(x) from y = f(x); see `aezk_kernels.slope`.
func slope(
  _ d: UnsafeMutablePointer<Float>?, _ y: UnsafePointer<Float>?, _ count: Int, _ activation: Int32
) {
  let (d, y) = (d!, y!)
  switch activation {
  case 1: forEach(count) { d[$0] = y[$0] > 0 ? d[$0] : 0 }
  case 2: forEach(count) { d[$0] = d[$0] * (1 - y[$0] * y[$0]) }
  case 3: forEach(count) { d[$0] = d[$0] * (y[$0] * (1 - y[$0])) }
  default: break
  }
}

/// Standardized values, NaN for what counts as missing; see `aezk_kernels.standardize`.
func standardize(
  _ z: UnsafeMutablePointer<Float>?, _ x: UnsafePointer<Double>?, _ mean: Double, _ inverse: Double
) {
  let (z, x) = (z!, x!)
  forEachLane {
    let value = (x[$0] - mean) * inverse
    z[$0] = value < 1e6 && value > -1e6 ? Float(value) : .nan
  }
}

/// x, and 0 for NaN; see `aezk_kernels.fill`.
func fill(_ out: UnsafeMutablePointer<Float>?, _ x: UnsafePointer<Float>?, _ count: Int) {
  let (out, x) = (out!, x!)
  forEach(count) { out[$0] = x[$0] == x[$0] ? x[$0] : 0 }
}

/// Squared errors a lane; see `aezk_kernels.deviate`.
func deviate(
  _ squares: UnsafeMutablePointer<Double>?, _ counts: UnsafeMutablePointer<Double>?,
  _ z: UnsafePointer<Float>?, _ y: UnsafePointer<Float>?
) {
  let (squares, counts, z, y) = (squares!, counts!, z!, y!)
  forEachLane {
    let error = Double(y[$0] - z[$0])
    let isThere = z[$0] == z[$0]
    squares[$0] += isThere ? error * error : 0
    counts[$0] += isThere ? 1 : 0
  }
}

/// Cross-entropies a lane; see `aezk_kernels.cross_entropy`.
func crossEntropy(
  _ sums: UnsafeMutablePointer<Double>?, _ counts: UnsafeMutablePointer<Double>?,
  _ z: UnsafePointer<Float>?, _ y: UnsafePointer<Float>?
) {
  let (sums, counts, z, y) = (sums!, counts!, z!, y!)
  forEachLane {
    let one = logarithm(y[$0] > 1e-7 ? y[$0] : 1e-7)
    let other = 1 - y[$0]
    let none = logarithm(other > 1e-7 ? other : 1e-7)
    let isThere = z[$0] == z[$0]
    sums[$0] -= isThere ? Double(z[$0] * one + (1 - z[$0]) * none) : 0
    counts[$0] += isThere ? 1 : 0
  }
}

/// Runs `body` for 0 ..< count; the compiler turns the loop into vectors.
@inline(__always)
func forEach(_ count: Int, _ body: (Int) -> Void) {
  var index = 0
  while index < count {
    body(index)
    index &+= 1
  }
}
