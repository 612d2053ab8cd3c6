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
    #if AEZ_AVX512
      // Twice as many registers hold twice as many columns.
      while columns &- column >= 4 &* width {
        var k = 0
        repeat {
          let count = min(64, depth &- k)
          var (panel, step) = (UnsafeRawPointer(b! + (k &* ldb &+ column)), ldb &* 4)
          if packs {
            pack(packed.baseAddress!, panel, step, 4 &* width, 4, count)
            (panel, step) = (UnsafeRawPointer(packed.baseAddress!), 16 &* width)
          }
          let start = k == 0 ? bias : nil
          var row = 0
          while row < rows {
            wideTile(
              c! + column, ldc, a! + k &* aStep, aRow, aStep, panel, step, start, row, rows &- 1,
              count)
            row &+= 4
          }
          k &+= count
        } while k < depth
        column &+= 4 &* width
      }
    #endif
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
        let start = k == 0 ? bias : nil
        var row = 0
        while row < rows {
          tile(
            c! + column, ldc, a! + k &* aStep, aRow, aStep, panel, step, next, second &* 4, start,
            row, rows &- 1, count)
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

#if AEZ_AVX512
  /// 4 x 4 vectors of the product, held in registers.
  @inline(__always)
  func wideTile(
    _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ a: UnsafePointer<Float>, _ aRow: Int,
    _ aStep: Int, _ b: UnsafeRawPointer, _ step: Int, _ bias: UnsafePointer<Float>?, _ row: Int,
    _ lastRow: Int, _ depth: Int
  ) {
    let r1 = min(row &+ 1, lastRow), r2 = min(row &+ 2, lastRow), r3 = min(row &+ 3, lastRow)
    var s0 = Four(c + row &* ldc, bias, row), s1 = Four(c + r1 &* ldc, bias, r1)
    var s2 = Four(c + r2 &* ldc, bias, r2), s3 = Four(c + r3 &* ldc, bias, r3)
    var a0 = a + row &* aRow
    let d1 = (r1 &- row) &* aRow, d2 = (r2 &- row) &* aRow, d3 = (r3 &- row) &* aRow
    var bp = b
    var k = 0
    while k < depth {
      let v = Four(bp)
      s0.add(a0, v)
      s1.add(a0 + d1, v)
      s2.add(a0 + d2, v)
      s3.add(a0 + d3, v)
      a0 += aStep
      bp += step
      k &+= 1
    }
    s0.store(c + row &* ldc)
    s1.store(c + r1 &* ldc)
    s2.store(c + r2 &* ldc)
    s3.store(c + r3 &* ldc)
  }

  /// Four vectors side by side.
  struct Four {
    var a: LF, b: LF, c: LF, d: LF

    @inline(__always)
    init(_ from: UnsafeRawPointer) {
      let size = MemoryLayout<LF>.stride
      a = from.loadUnaligned(as: LF.self)
      b = from.loadUnaligned(fromByteOffset: size, as: LF.self)
      c = from.loadUnaligned(fromByteOffset: 2 &* size, as: LF.self)
      d = from.loadUnaligned(fromByteOffset: 3 &* size, as: LF.self)
    }

    @inline(__always)
    init(_ from: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>?, _ row: Int) {
      self.init(UnsafeRawPointer(from))
      if let bias {
        a = LF(repeating: bias[row])
        b = a
        c = a
        d = a
      }
    }

    @inline(__always)
    mutating func add(_ x: UnsafePointer<Float>, _ v: Four) {
      a = a + times(v.a, x)
      b = b + times(v.b, x)
      c = c + times(v.c, x)
      d = d + times(v.d, x)
    }

    @inline(__always)
    func store(_ to: UnsafeMutablePointer<Float>) {
      let size = MemoryLayout<LF>.stride
      let to = UnsafeMutableRawPointer(to)
      to.storeBytes(of: a, as: LF.self)
      to.storeBytes(of: b, toByteOffset: size, as: LF.self)
      to.storeBytes(of: c, toByteOffset: 2 &* size, as: LF.self)
      to.storeBytes(of: d, toByteOffset: 3 &* size, as: LF.self)
    }
  }
#endif

/// v * x[0].
@inline(__always)
func times(_ v: LF, _ x: UnsafePointer<Float>) -> LF {
  #if AEZ_AVX512
    aezk_times(v, x)
  #else
    v * LF(repeating: x[0])
  #endif
}

/// 4 x 2 vectors of the product, held in registers.
@inline(__always)
func tile(
  _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ a: UnsafePointer<Float>, _ aRow: Int,
  _ aStep: Int, _ b: UnsafeRawPointer, _ step: Int, _ next: Int, _ second: Int,
  _ bias: UnsafePointer<Float>?, _ row: Int, _ lastRow: Int, _ depth: Int
) {
  let r1 = min(row &+ 1, lastRow), r2 = min(row &+ 2, lastRow), r3 = min(row &+ 3, lastRow)
  let c0 = UnsafeMutableRawPointer(c + row &* ldc), c1 = UnsafeMutableRawPointer(c + r1 &* ldc)
  let c2 = UnsafeMutableRawPointer(c + r2 &* ldc), c3 = UnsafeMutableRawPointer(c + r3 &* ldc)
  var s00: LF, s01: LF, s10: LF, s11: LF, s20: LF, s21: LF, s30: LF, s31: LF
  if let bias {
    s00 = LF(repeating: bias[row])
    s10 = LF(repeating: bias[r1])
    s20 = LF(repeating: bias[r2])
    s30 = LF(repeating: bias[r3])
    s01 = s00
    s11 = s10
    s21 = s20
    s31 = s30
  } else {
    s00 = c0.loadUnaligned(as: LF.self)
    s01 = c0.loadUnaligned(fromByteOffset: second, as: LF.self)
    s10 = c1.loadUnaligned(as: LF.self)
    s11 = c1.loadUnaligned(fromByteOffset: second, as: LF.self)
    s20 = c2.loadUnaligned(as: LF.self)
    s21 = c2.loadUnaligned(fromByteOffset: second, as: LF.self)
    s30 = c3.loadUnaligned(as: LF.self)
    s31 = c3.loadUnaligned(fromByteOffset: second, as: LF.self)
  }
  var a0 = a + row &* aRow
  let d1 = (r1 &- row) &* aRow, d2 = (r2 &- row) &* aRow, d3 = (r3 &- row) &* aRow
  var bp = b
  var k = 0
  while k < depth {
    let v0 = bp.loadUnaligned(as: LF.self)
    let v1 = bp.loadUnaligned(fromByteOffset: next, as: LF.self)
    s00 = s00 + times(v0, a0)
    s01 = s01 + times(v1, a0)
    s10 = s10 + times(v0, a0 + d1)
    s11 = s11 + times(v1, a0 + d1)
    s20 = s20 + times(v0, a0 + d2)
    s21 = s21 + times(v1, a0 + d2)
    s30 = s30 + times(v0, a0 + d3)
    s31 = s31 + times(v1, a0 + d3)
    a0 += aStep
    bp += step
    k &+= 1
  }
  c0.storeBytes(of: s00, as: LF.self)
  c0.storeBytes(of: s01, toByteOffset: second, as: LF.self)
  c1.storeBytes(of: s10, as: LF.self)
  c1.storeBytes(of: s11, toByteOffset: second, as: LF.self)
  c2.storeBytes(of: s20, as: LF.self)
  c2.storeBytes(of: s21, toByteOffset: second, as: LF.self)
  c3.storeBytes(of: s30, as: LF.self)
  c3.storeBytes(of: s31, toByteOffset: second, as: LF.self)
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
