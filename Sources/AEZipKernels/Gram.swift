import CPlatform

/// Adds the products of columns of x with columns of y, summed over rows, to a matrix; see
/// `aezk_kernels.gram`. Every element is summed in the order of rows, so the bits do not depend on
/// the width of vectors. `a1 - a0` must be a multiple of 4 and `b1 - b0` of 16.
func gram(
  _ gram: UnsafeMutablePointer<Double>?, _ ld: Int, _ x: UnsafePointer<Double>?, _ ldx: Int,
  _ y: UnsafePointer<Double>?, _ ldy: Int, _ rows: Int, _ a0: Int, _ a1: Int, _ b0: Int, _ b1: Int
) {
  let width = LD.scalarCount
  var a = a0
  while a < a1 {
    var b = b0
    while b < b1 {
      tile(gram! + (a &* ld &+ b), ld, x! + a, ldx, y! + b, ldy, rows)
      b &+= 2 &* width
    }
    a &+= 4
  }
}

/// 4 x 2 vectors of the matrix, held in registers.
@inline(__always)
func tile(
  _ gram: UnsafeMutablePointer<Double>, _ ld: Int, _ x: UnsafePointer<Double>, _ ldx: Int,
  _ y: UnsafePointer<Double>, _ ldy: Int, _ rows: Int
) {
  let zero = LD(repeating: 0)
  var s00 = zero, s01 = zero, s10 = zero, s11 = zero
  var s20 = zero, s21 = zero, s30 = zero, s31 = zero
  var xp = x
  var yp = UnsafeRawPointer(y)
  let next = MemoryLayout<LD>.stride
  var row = 0
  while row < rows {
    let v0 = yp.loadUnaligned(as: LD.self)
    let v1 = yp.loadUnaligned(fromByteOffset: next, as: LD.self)
    s00 = s00 + times(v0, xp)
    s01 = s01 + times(v1, xp)
    s10 = s10 + times(v0, xp + 1)
    s11 = s11 + times(v1, xp + 1)
    s20 = s20 + times(v0, xp + 2)
    s21 = s21 + times(v1, xp + 2)
    s30 = s30 + times(v0, xp + 3)
    s31 = s31 + times(v1, xp + 3)
    xp += ldx
    yp += ldy &* MemoryLayout<Double>.stride
    row &+= 1
  }
  accumulate(gram, s00, s01)
  accumulate(gram + ld, s10, s11)
  accumulate(gram + 2 &* ld, s20, s21)
  accumulate(gram + 3 &* ld, s30, s31)
}

/// v * x[0].
@inline(__always)
func times(_ v: LD, _ x: UnsafePointer<Double>) -> LD {
  #if AEZ_AVX512
    aezk_times_f64(v, x)
  #else
    LD(repeating: x[0]) * v
  #endif
}

@inline(__always)
func accumulate(_ out: UnsafeMutablePointer<Double>, _ first: LD, _ second: LD) {
  let raw = UnsafeMutableRawPointer(out)
  let next = MemoryLayout<LD>.stride
  raw.storeBytes(of: raw.loadUnaligned(as: LD.self) + first, as: LD.self)
  raw.storeBytes(
    of: raw.loadUnaligned(fromByteOffset: next, as: LD.self) + second, toByteOffset: next,
    as: LD.self)
}
