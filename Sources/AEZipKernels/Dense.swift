import CPlatform

/// Products of matrices; see `aezk_kernels.multiply`. Every element is summed in the order of k,
/// multiply then add, so the bits do not depend on the width of vectors.
func multiply(
  _ c: UnsafeMutablePointer<Float>?, _ ldc: Int, _ a: UnsafePointer<Float>?, _ aRow: Int,
  _ aStep: Int, _ b: UnsafePointer<Float>?, _ ldb: Int, _ bias: UnsafePointer<Float>?, _ rows: Int,
  _ columns: Int, _ depth: Int
) {
  let width = LF.scalarCount
  // A part of b that many rows need lies close together, so that it stays in the cache.
  let packs = rows >= 16 && ldb > 64
  withUnsafeTemporaryAllocation(byteCount: 256 &* width &* 4, alignment: 64) { packed in
    var column = 0
    while column < columns {
      // At the end the second vector, like rows past the last one, is computed twice.
      let second = min(column &+ width, columns &- width) &- column
      var k = 0
      repeat {
        let count = min(128, depth &- k)
        var panel = UnsafeRawPointer(b! + (k &* ldb &+ column))
        var (step, next) = (ldb &* 4, second &* 4)
        if packs {
          pack(packed.baseAddress!, panel, step, next, 2, count)
          panel = UnsafeRawPointer(packed.baseAddress!)
          (step, next) = (8 &* width, 4 &* width)
        }
        var row = 0
        while row < rows {
          let to = c! + (row &* ldc &+ column)
          let from = a! + (row &* aRow &+ k &* aStep)
          let start = k == 0 && bias != nil ? bias! + row : nil
          #if AEZ_AVX512
            // Twice as many registers hold twice as many rows.
            if rows &- row >= 8 {
              tile(
                true, to, ldc, second &* 4, from, aRow, aStep, panel, step, next, start, 8, count)
              row &+= 8
              continue
            }
          #endif
          tile(
            false, to, ldc, second &* 4, from, aRow, aStep, panel, step, next, start,
            rows &- row, count)
          row &+= 4
        }
        k &+= count
      } while k < depth
      column &+= 2 &* width
    }
  }
}

/// `vectors` vectors of each of `count` rows, one after the other.
@inline(never)
func pack(
  _ out: UnsafeMutableRawPointer, _ b: UnsafeRawPointer, _ step: Int, _ next: Int, _ vectors: Int,
  _ count: Int
) {
  let size = MemoryLayout<LF>.stride
  var (from, to) = (b, out)
  var k = 0
  while k < count {
    var vector = 0
    while vector < vectors {
      to.storeBytes(
        of: from.loadUnaligned(fromByteOffset: vector &* next, as: LF.self),
        toByteOffset: vector &* size, as: LF.self)
      vector &+= 1
    }
    from += step
    to += vectors &* size
    k &+= 1
  }
}

/// 8 or up to 4 rows of 2 vectors of the product, held in registers.
@inline(__always)
func tile(
  _ isTall: Bool, _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ second: Int,
  _ a: UnsafePointer<Float>, _ aRow: Int, _ aStep: Int, _ b: UnsafeRawPointer, _ step: Int,
  _ next: Int, _ bias: UnsafePointer<Float>?, _ rows: Int, _ depth: Int
) {
  let r1 = isTall ? 1 : min(1, rows &- 1), r2 = isTall ? 2 : min(2, rows &- 1)
  let r3 = isTall ? 3 : min(3, rows &- 1)
  let (d1, d2, d3) = (r1 &* aRow, r2 &* aRow, r3 &* aRow)
  var s0 = Pair(c, second, bias, 0), s1 = Pair(c + r1 &* ldc, second, bias, r1)
  var s2 = Pair(c + r2 &* ldc, second, bias, r2), s3 = Pair(c + r3 &* ldc, second, bias, r3)
  let tall = isTall ? 4 : 0
  let c4 = c + tall &* ldc
  var s4 = Pair(c4, second, bias, tall), s5 = Pair(c4 + r1 &* ldc, second, bias, tall &+ r1)
  var s6 = Pair(c4 + r2 &* ldc, second, bias, tall &+ r2)
  var s7 = Pair(c4 + r3 &* ldc, second, bias, tall &+ r3)
  var a0 = a
  var a4 = a + tall &* aRow
  var bp = b
  var k = 0
  while k < depth {
    let v = Pair(bp, next)
    s0.add(a0, v)
    s1.add(a0 + d1, v)
    s2.add(a0 + d2, v)
    s3.add(a0 + d3, v)
    if isTall {
      s4.add(a4, v)
      s5.add(a4 + d1, v)
      s6.add(a4 + d2, v)
      s7.add(a4 + d3, v)
      a4 += aStep
    }
    a0 += aStep
    bp += step
    k &+= 1
  }
  s0.store(c, second)
  s1.store(c + r1 &* ldc, second)
  s2.store(c + r2 &* ldc, second)
  s3.store(c + r3 &* ldc, second)
  if isTall {
    s4.store(c4, second)
    s5.store(c4 + r1 &* ldc, second)
    s6.store(c4 + r2 &* ldc, second)
    s7.store(c4 + r3 &* ldc, second)
  }
}

/// Two vectors of a row, the second so many bytes behind the first.
struct Pair {
  var a: LF, b: LF

  @inline(__always)
  init(_ from: UnsafeRawPointer, _ second: Int) {
    a = from.loadUnaligned(as: LF.self)
    b = from.loadUnaligned(fromByteOffset: second, as: LF.self)
  }

  @inline(__always)
  init(
    _ from: UnsafeMutablePointer<Float>, _ second: Int, _ bias: UnsafePointer<Float>?, _ row: Int
  ) {
    self.init(UnsafeRawPointer(from), second)
    if let bias {
      a = LF(repeating: bias[row])
      b = a
    }
  }

  @inline(__always)
  mutating func add(_ x: UnsafePointer<Float>, _ v: Pair) {
    a = a + times(v.a, x)
    b = b + times(v.b, x)
  }

  @inline(__always)
  func store(_ to: UnsafeMutablePointer<Float>, _ second: Int) {
    let to = UnsafeMutableRawPointer(to)
    to.storeBytes(of: a, as: LF.self)
    to.storeBytes(of: b, toByteOffset: second, as: LF.self)
  }
}

/// v * x[0].
@inline(__always)
func times(_ v: LF, _ x: UnsafePointer<Float>) -> LF {
  #if AEZ_AVX512
    aezk_times(v, x)
  #else
    v * LF(repeating: x[0])
  #endif
}

/// The rows of a matrix as columns; see `aezk_kernels.transpose`.
func transpose(
  _ out: UnsafeMutablePointer<Float>?, _ ldo: Int, _ x: UnsafePointer<Float>?, _ ldx: Int,
  _ rows: Int, _ columns: Int
) {
  typealias Four = SIMD4<Float>
  let (out, x) = (out!, x!)
  var row = 0
  while row < rows {
    var column = 0
    while column < columns {
      let from = UnsafeRawPointer(x + (row &* ldx &+ column))
      let to = UnsafeMutableRawPointer(out + (column &* ldo &+ row))
      if rows &- row < 4 || columns &- column < 4 {
        for r in 0..<min(4, rows &- row) {
          for c in 0..<min(4, columns &- column) {
            out[(column &+ c) &* ldo &+ row &+ r] = x[(row &+ r) &* ldx &+ column &+ c]
          }
        }
      } else {
        let a = from.loadUnaligned(as: Four.self)
        let b = from.loadUnaligned(fromByteOffset: 4 &* ldx, as: Four.self)
        let c = from.loadUnaligned(fromByteOffset: 8 &* ldx, as: Four.self)
        let d = from.loadUnaligned(fromByteOffset: 12 &* ldx, as: Four.self)
        let ab = Four(a[0], b[0], a[1], b[1]), cd = Four(c[0], d[0], c[1], d[1])
        let ef = Four(a[2], b[2], a[3], b[3]), gh = Four(c[2], d[2], c[3], d[3])
        to.storeBytes(of: Four(lowHalf: ab.lowHalf, highHalf: cd.lowHalf), as: Four.self)
        to.storeBytes(
          of: Four(lowHalf: ab.highHalf, highHalf: cd.highHalf), toByteOffset: 4 &* ldo,
          as: Four.self)
        to.storeBytes(
          of: Four(lowHalf: ef.lowHalf, highHalf: gh.lowHalf), toByteOffset: 8 &* ldo,
          as: Four.self)
        to.storeBytes(
          of: Four(lowHalf: ef.highHalf, highHalf: gh.highHalf), toByteOffset: 12 &* ldo,
          as: Four.self)
      }
      column &+= 4
    }
    row &+= 4
  }
}
