import CPlatform
import Testing

@testable import AEZip

/// Every kernel on every instruction set that the machine has, against the formula of `kernels.h`
/// computed one number at a time: the same bits.
@Suite struct KernelTests {
  private static let levels = ([0, 3, 4] as [Int32]).filter { $0 <= instructionSetLevel }
  static let seeds = 0..<12 as Range<UInt64>

  /// 64 numbers: half of the seeds give ordinary ones, the others special ones among them.
  private func lanes(_ random: inout Seeded, _ seed: UInt64, scale: Double = 100) throws
    -> Memory<Double>
  {
    let memory = try Memory<Double>(64)
    for lane in 0..<64 {
      memory[lane] = seed % 2 == 0 ? random.normal() * scale : random.special()
    }
    return memory
  }

  private func floats(_ random: inout Seeded, _ seed: UInt64, scale: Double = 100) throws
    -> Memory<Float>
  {
    let wide = try lanes(&random, seed, scale: scale)
    let memory = try Memory<Float>(64)
    for lane in 0..<64 { memory[lane] = Float(wide[lane]) }
    return memory
  }

  private func same(_ a: Memory<Float>, _ expected: (Int) -> Float) -> Bool {
    (0..<64).allSatisfy { Self.bits(a[$0]) == Self.bits(expected($0)) }
  }

  private func same(_ a: Memory<Double>, _ expected: (Int) -> Double) -> Bool {
    (0..<64).allSatisfy { Self.bits(a[$0]) == Self.bits(expected($0)) }
  }

  /// All NaN are one: which payload an operation keeps is the processor's choice.
  private static func bits(_ x: Float) -> UInt32 { x.isNaN ? 0x7FC0_0000 : x.bitPattern }
  private static func bits(_ x: Double) -> UInt64 { x.isNaN ? 0x7FF8_0000_0000_0000 : x.bitPattern }

  private func forEachLevel(_ body: (aezk_kernels) throws -> Void) rethrows {
    for level in Self.levels { try body(Kernels(level: level).call) }
  }

  // MARK: - Prediction

  private func limited(_ x: Float) -> Float { x < 4_000_000 && x > -4_000_000 ? x : 0 }
  private func limited(_ x: Double) -> Double { x < 2e9 && x > -2e9 ? x : 0 }

  private func snapped<T: BinaryFloatingPoint>(_ x: T, _ snap: Int32) -> T {
    switch snap {
    case 0: x
    case 1: x.rounded(.toNearestOrEven)
    default: (x - 0.5).rounded(.toNearestOrEven) + 0.5
    }
  }

  @Test(arguments: seeds) func predictInFloat(seed: UInt64) throws {
    var random = Seeded(seed)
    let scale = [1, 1e3, 1e6, 4e6][Int(seed) % 4]
    for count in [0, 1, 2, 5, 16] {
      let regressors = try (0..<count).map { _ in try floats(&random, seed, scale: scale) }
      let coefficients = try floats(&random, 0, scale: 1)
      let base = try floats(&random, seed, scale: scale)
      let pointers = try Memory<UnsafePointer<Float>?>(max(count, 1))
      for index in 0..<count { pointers.base[index] = UnsafePointer(regressors[index].base) }
      let intercept = Float(random.normal())
      for snap in 0...2 as ClosedRange<Int32> {
        for hasBase in [false, true] {
          try forEachLevel { kernels in
            let out = try Memory<Float>(64)
            kernels.predict_f32(
              out.base, hasBase ? base.base : nil, intercept, coefficients.base, pointers.base,
              count, snap)
            #expect(
              same(out) { lane in
                var sum = hasBase ? base[lane] + intercept : intercept
                for index in 0..<count { sum = sum + coefficients[index] * regressors[index][lane] }
                let p = snapped(limited(sum), snap)
                return p == 0 && snap == 1 ? 0 : p
              })
          }
        }
      }
    }
  }

  @Test(arguments: seeds) func predictInDouble(seed: UInt64) throws {
    var random = Seeded(seed)
    let scale = [1, 1e3, 1e6, 2e9][Int(seed) % 4]
    for count in [0, 1, 2, 5, 16] {
      let regressors = try (0..<count).map { _ in try lanes(&random, seed, scale: scale) }
      let coefficients = try lanes(&random, 0, scale: 1)
      let base = try lanes(&random, seed, scale: scale)
      let pointers = try Memory<UnsafePointer<Double>?>(max(count, 1))
      for index in 0..<count { pointers.base[index] = UnsafePointer(regressors[index].base) }
      let intercept = random.normal()
      for snap in 0...2 as ClosedRange<Int32> {
        for hasBase in [false, true] {
          try forEachLevel { kernels in
            let out = try Memory<Double>(64)
            kernels.predict_f64(
              out.base, hasBase ? base.base : nil, intercept, coefficients.base, pointers.base,
              count, snap)
            #expect(
              same(out) { lane in
                var sum = hasBase ? base[lane] + intercept : intercept
                for index in 0..<count { sum = sum + coefficients[index] * regressors[index][lane] }
                let p = snapped(limited(sum), snap)
                return p == 0 && snap == 1 ? 0 : p
              })
          }
        }
      }
    }
  }

  // MARK: - Ties

  @Test(arguments: seeds) func tie(seed: UInt64) throws {
    var random = Seeded(seed)
    for count in [1, 2, 5, 8] {
      let sources = try (0..<2 * count).map { _ in try lanes(&random, seed) }
      let narrow = try (0..<2 * count).map { _ in try floats(&random, seed) }
      let (shifts, weights) = (try lanes(&random, 0), try lanes(&random, 0))
      let (shortShifts, shortWeights) = (try floats(&random, 0), try floats(&random, 0))
      let wide = try Memory<UnsafePointer<Double>?>(2 * count)
      let single = try Memory<UnsafePointer<Float>?>(2 * count)
      for index in 0..<2 * count {
        // Every third term has one factor.
        let isThere = index % 2 == 0 || index / 2 % 3 != 2
        wide[index] = isThere ? UnsafePointer(sources[index].base) : nil
        single[index] = isThere ? UnsafePointer(narrow[index].base) : nil
      }
      for isRoot in [false, true] {
        try forEachLevel { kernels in
          let out = try Memory<Double>(64)
          kernels.tie_f64(
            out.base, wide.base, shifts.base, weights.base, count, isRoot ? 1 : 0)
          #expect(
            same(out) { lane in
              var v = weights[0]
              for i in 0..<count {
                let a = shifts[2 * i] + sources[2 * i][lane]
                let b = shifts[2 * i + 1] + sources[2 * i + 1][lane]
                v = v + weights[2 + i] * (i % 3 != 2 ? a * b : a)
              }
              if isRoot { v = v > 0 ? v.squareRoot() : 0 }
              return v - weights[1]
            })
          let short = try Memory<Float>(64)
          kernels.tie_f32(
            short.base, single.base, shortShifts.base, shortWeights.base, count, isRoot ? 1 : 0)
          #expect(
            same(short) { lane in
              var v = shortWeights[0]
              for i in 0..<count {
                let a = shortShifts[2 * i] + narrow[2 * i][lane]
                let b = shortShifts[2 * i + 1] + narrow[2 * i + 1][lane]
                v = v + shortWeights[2 + i] * (i % 3 != 2 ? a * b : a)
              }
              if isRoot { v = v > 0 ? v.squareRoot() : 0 }
              return v - shortWeights[1]
            })
        }
      }
    }
  }

  // MARK: - Units

  @Test(arguments: seeds) func load(seed: UInt64) throws {
    var random = Seeded(seed)
    let x = try floats(&random, seed)
    let wide = try lanes(&random, seed)
    let (origin, inverse, scale) = (random.normal() * 10, 37.5, seed % 3 == 0 ? 1.0 : 100)
    try forEachLevel { kernels in
      let y = try Memory<Float>(64)
      let z = try Memory<Double>(64)
      kernels.load_f32_f32(y.base, x.base, Float(origin), Float(inverse), 0)
      #expect(same(y) { (x[$0] - Float(origin)) * Float(inverse) })
      kernels.load_f32_f64(z.base, x.base, scale, origin, inverse, 0)
      #expect(same(z) { (Double(x[$0]) * scale - origin) * inverse })
      kernels.load_f64_f64(z.base, wide.base, scale, origin, inverse, 0)
      #expect(same(z) { (wide[$0] * scale - origin) * inverse })
      // On a lattice: rounded, as far as that is exact.
      kernels.load_f32_f32(y.base, x.base, Float(origin), 2, 1)
      kernels.load_f64_f64(z.base, wide.base, scale, origin, 2, 1)
      for lane in 0..<64 {
        let narrow = (x[lane] - Float(origin)) * 2
        if narrow.magnitude < 0x1p22 { #expect(y[lane] == narrow.rounded(.toNearestOrEven)) }
        let long = (wide[lane] * scale - origin) * 2
        if long.magnitude < 0x1p51 { #expect(z[lane] == long.rounded(.toNearestOrEven)) }
      }
    }
  }

  @Test(arguments: seeds) func restore(seed: UInt64) throws {
    var random = Seeded(seed)
    let y = try floats(&random, seed)
    let wide = try lanes(&random, seed)
    let (origin, unit) = (random.normal() * 10, 0.37)
    let ranges: [(Double, Double)] = [(-.infinity, .infinity), (0, 255), (-5, 5)]
    for (low, high) in ranges {
      for scale in [1.0, 100] {
        try forEachLevel { kernels in
          func clamped(_ x: Double) -> Double { x < low ? low : x > high ? high : x }
          let narrow = try Memory<Float>(64)
          let long = try Memory<Double>(64)
          kernels.restore_f32_f32(
            narrow.base, y.base, Float(origin), Float(unit), Float(low), Float(high))
          #expect(
            same(narrow) {
              let x = Float(origin) + Float(unit) * y[$0]
              return x < Float(low) ? Float(low) : x > Float(high) ? Float(high) : x
            })
          kernels.restore_f64_f32(narrow.base, wide.base, scale, origin, unit, low, high)
          #expect(same(narrow) { Float(clamped((origin + unit * wide[$0]) / scale)) })
          kernels.restore_f64_f64(long.base, wide.base, scale, origin, unit, low, high)
          #expect(same(long) { clamped((origin + unit * wide[$0]) / scale) })
        }
      }
    }
  }

  @Test(arguments: seeds) func widenNarrowSubtract(seed: UInt64) throws {
    var random = Seeded(seed)
    let (a, b) = (try floats(&random, seed), try floats(&random, seed))
    let (c, d) = (try lanes(&random, seed), try lanes(&random, seed))
    try forEachLevel { kernels in
      let narrow = try Memory<Float>(64)
      let wide = try Memory<Double>(64)
      kernels.widen(wide.base, a.base)
      #expect(same(wide) { Double(a[$0]) })
      kernels.narrow(narrow.base, c.base)
      #expect(same(narrow) { Float(c[$0]) })
      kernels.subtract_f32(narrow.base, a.base, b.base)
      #expect(same(narrow) { a[$0] - b[$0] })
      kernels.subtract_f64(wide.base, c.base, d.base)
      #expect(same(wide) { c[$0] - d[$0] })
    }
  }

  // MARK: - Codes

  @Test(arguments: seeds) func quantizeInFloat(seed: UInt64) throws {
    var random = Seeded(seed)
    let (y, p) = (try floats(&random, seed, scale: 1000), try floats(&random, 0, scale: 1000))
    for multiple in [1, 3, 5, 1000] as [Float] {
      try forEachLevel { kernels in
        let codes = try Memory<Int32>(64)
        let restored = try Memory<Float>(64)
        kernels.quantize_f32(codes.base, restored.base, y.base, p.base, multiple, 1 / multiple)
        func code(_ lane: Int) -> Float {
          limited((y[lane] - p[lane]) * (1 / multiple)).rounded(.toNearestOrEven)
        }
        #expect((0..<64).allSatisfy { codes[$0] == Int32(code($0)) })
        #expect(same(restored) { p[$0] + multiple * (code($0) + 0) })
        let back = try Memory<Float>(64)
        kernels.dequantize_f32(back.base, codes.base, p.base, multiple)
        #expect(same(back) { restored[$0] })
      }
    }
  }

  @Test(arguments: seeds) func quantizeInDouble(seed: UInt64) throws {
    var random = Seeded(seed)
    let (y, p) = (try lanes(&random, seed, scale: 1e6), try lanes(&random, 0, scale: 1e6))
    for multiple in [1, 3, 5, 1000] as [Double] {
      try forEachLevel { kernels in
        let codes = try Memory<Int32>(64)
        let restored = try Memory<Double>(64)
        kernels.quantize_f64(codes.base, restored.base, y.base, p.base, multiple, 1 / multiple)
        func code(_ lane: Int) -> Double {
          limited((y[lane] - p[lane]) * (1 / multiple)).rounded(.toNearestOrEven)
        }
        #expect((0..<64).allSatisfy { codes[$0] == Int32(code($0)) })
        #expect(same(restored) { p[$0] + multiple * (code($0) + 0) })
        let back = try Memory<Double>(64)
        kernels.dequantize_f64(back.base, codes.base, p.base, multiple)
        #expect(same(back) { restored[$0] })
      }
    }
  }

  @Test func dequantizeTheLargestCodes() throws {
    let codes = try Memory<Int32>(64)
    let extremes: [Int32] = [
      .max, .min, .min + 1, 0, 1, -1, 16_777_217, -16_777_219, 2_000_000_000,
    ]
    for lane in 0..<64 { codes[lane] = extremes[lane % extremes.count] }
    let (p, q) = (try Memory<Float>(64, zeroed: true), try Memory<Double>(64, zeroed: true))
    try forEachLevel { kernels in
      let narrow = try Memory<Float>(64)
      let wide = try Memory<Double>(64)
      kernels.dequantize_f32(narrow.base, codes.base, p.base, 3)
      #expect(same(narrow) { 0 + 3 * Float(codes[$0]) })
      kernels.dequantize_f64(wide.base, codes.base, q.base, 0x1p30)
      #expect(same(wide) { 0 + 0x1p30 * Double(codes[$0]) })
    }
  }

  @Test(arguments: seeds) func classify(seed: UInt64) throws {
    var random = Seeded(seed)
    for (count, thresholds) in [
      (0, []), (1, [1]), (3, [5, 5, 100, 7000]), (6, (0..<15).map { $0 * $0 * 4000 }),
    ] as [(Int, [Int32])] {
      let codes = try (0..<count).map { _ in
        let plane = try Memory<Int32>(64)
        for lane in 0..<64 {
          let spread = [1, 100, 1e5, 2e9][lane % 4]
          plane[lane] = Int32(max(-2.1e9, min(2.1e9, random.normal() * spread)))
        }
        plane[3] = .min
        plane[4] = .max
        return plane
      }
      let weights = (0..<count).map { _ in Int32.random(in: 0...4096, using: &random) }
      let pointers = try Memory<UnsafePointer<Int32>?>(max(count, 1))
      for index in 0..<count { pointers.base[index] = UnsafePointer(codes[index].base) }
      try forEachLevel { kernels in
        let classes = try Memory<UInt8>(64)
        // Three groups of four leaves: all thresholds but the last, none, the last.
        let leaves = (0..<64).map { UInt8($0 % 4) }
        let groups: [UInt8] = [2, 0, 1, 0]
        let last = min(1, thresholds.count)
        let shares = [thresholds.count - last, 0, last]
        for isGrouped in [false, true] {
          kernels.classify(
            classes.base, pointers.base, weights, count, thresholds, isGrouped ? leaves : nil,
            groups, isGrouped ? shares : [thresholds.count], isGrouped ? 3 : 1)
          for lane in 0..<64 {
            var activity = 0
            for index in 0..<count {
              activity += Int(weights[index]) * min(abs(Int(codes[index][lane])), 32767)
            }
            let group = isGrouped ? Int(groups[lane % 4]) : 0
            var own = thresholds
            if isGrouped {
              own = group == 1 ? [] : Array(group == 0 ? own.dropLast(last) : own.suffix(last))
            }
            let first = [0, shares[0] + 1, shares[0] + 2][group]
            #expect(Int(classes[lane]) == first + own.filter { activity >= Int($0) }.count)
          }
        }
      }
    }
  }

  @Test(arguments: seeds) func leavesOfATreeAndTheirShifts(seed: UInt64) throws {
    var random = Seeded(seed)
    let values = (0..<4 * 64).map { _ in Double(Float(random.normal() * 3)) }
    let thresholds = (0..<7).map { _ in Double(Float(random.normal() * 3)) }
    let parents = (0..<7).map { UInt8.random(in: 0...UInt8($0), using: &random) }
    let offsets = (0..<8).map { Double($0) * 2.5 - 7 }
    var expected = [UInt8](repeating: 0, count: 64)
    for lane in 0..<64 {
      for split in 0..<7 where expected[lane] == parents[split] {
        if values[64 * (split % 4) + lane] >= thresholds[split] {
          expected[lane] = UInt8(split + 1)
        }
      }
    }
    let wide = try Memory<Double>(4 * 64)
    let narrow = try Memory<Float>(4 * 64)
    for index in values.indices {
      wide[index] = values[index]
      narrow[index] = Float(values[index])
    }
    let widePointers = (0..<7).map { UnsafePointer?(UnsafePointer(wide.base + 64 * ($0 % 4))) }
    let narrowPointers = (0..<7).map { UnsafePointer?(UnsafePointer(narrow.base + 64 * ($0 % 4))) }
    try forEachLevel { kernels in
      let leaves = try Memory<UInt8>(64)
      let (out, single) = (try Memory<Double>(64), try Memory<Float>(64))
      kernels.split_f64(leaves.base, widePointers, thresholds, parents, 7)
      #expect((0..<64).allSatisfy { leaves[$0] == expected[$0] })
      kernels.shift_f64(out.base, wide.base, leaves.base, offsets)
      #expect((0..<64).allSatisfy { out[$0] == values[$0] + offsets[Int(expected[$0])] })
      kernels.shift_f64(out.base, nil, leaves.base, offsets)
      #expect((0..<64).allSatisfy { out[$0] == offsets[Int(expected[$0])] })
      kernels.split_f32(leaves.base, narrowPointers, thresholds.map { Float($0) }, parents, 7)
      #expect((0..<64).allSatisfy { leaves[$0] == expected[$0] })
      kernels.shift_f32(single.base, narrow.base, leaves.base, offsets.map { Float($0) })
      #expect(
        (0..<64).allSatisfy { single[$0] == narrow[$0] + Float(offsets[Int(expected[$0])]) })
    }
  }

  @Test(arguments: [0, 1, 15, 64, 100, 1000]) func rankAndTally(count: Int) throws {
    var random = Seeded(UInt64(count))
    let values = (0..<count).map { _ in
      Int32(truncatingIfNeeded: random.next() >> UInt64.random(in: 32...64, using: &random))
    }
    let codes = values.map { $0 % 3 == 0 ? -$0 : $0 }
    let thresholds: [Int32] = [-5, 0, 3, 1000, 1 << 20, .max]
    forEachLevel { kernels in
      var classes = [UInt8](repeating: 99, count: count)
      kernels.rank(&classes, values, count, thresholds, thresholds.count)
      #expect(classes == values.map { value in UInt8(thresholds.filter { value >= $0 }.count) })
      var histogram = [Int](repeating: 2, count: 256)
      let rawBits = kernels.tally(codes, nil, count, &histogram, nil, nil)
      var expected = [Int](repeating: 2, count: 256)
      var bits = 0
      for code in codes {
        let (symbol, raw) = Symbols.symbol(zigzag(code))
        expected[Int(symbol)] += 1
        bits += raw
      }
      #expect(histogram == expected && rawBits == Int64(bits))
    }
  }

  // MARK: - Checks

  @Test(arguments: seeds) func checkInFloat(seed: UInt64) throws {
    var random = Seeded(seed)
    let x = try floats(&random, seed % 4 == 3 ? 1 : 0)
    let restored = try Memory<Float>(64)
    for lane in 0..<64 { restored[lane] = x[lane] + Float(random.normal()) }
    if seed == 4 { x[17] = -0.0 }
    if seed == 6 { x[63] = .leastNonzeroMagnitude * 9 }
    if seed == 8 {
      x[0] = 0
      restored[0] = 0
    }
    for bound in [0.5, 3, 7] as [Float] {
      try forEachLevel { kernels in
        let stats = try Memory<aezk_stats_f32>(1, zeroed: true)
        let flat = UnsafeMutableRawPointer(stats.base).assumingMemoryBound(to: Float.self)
        for lane in 0..<64 { flat[lane] = 0.25 }
        let kept = (0..<64).allSatisfy {
          (x[$0] - restored[$0]).magnitude <= bound && (x[$0].bitPattern == 0 || x[$0].isNormal)
        }
        #expect(kernels.check_f32(x.base, restored.base, bound, stats.base) == (kept ? 1 : 0))
        for lane in 0..<64 {
          let error = (x[lane] - restored[lane]).magnitude
          #expect(flat[lane] == (kept ? max(0.25, error) : 0.25))
          #expect(flat[64 + lane] == (kept ? error * error : 0))
        }
      }
    }
  }

  @Test(arguments: seeds) func checkInDouble(seed: UInt64) throws {
    var random = Seeded(seed)
    let x = try lanes(&random, seed % 4 == 3 ? 1 : 0)
    let restored = try Memory<Double>(64)
    for lane in 0..<64 { restored[lane] = x[lane] + random.normal() }
    if seed == 4 { x[17] = -0.0 }
    if seed == 6 { x[63] = .leastNonzeroMagnitude }
    for bound in [0.5, 3, 7] as [Double] {
      try forEachLevel { kernels in
        let stats = try Memory<aezk_stats_f64>(1, zeroed: true)
        let flat = UnsafeMutableRawPointer(stats.base).assumingMemoryBound(to: Double.self)
        let kept = (0..<64).allSatisfy {
          (x[$0] - restored[$0]).magnitude <= bound && (x[$0].bitPattern == 0 || x[$0].isNormal)
        }
        #expect(kernels.check_f64(x.base, restored.base, bound, stats.base) == (kept ? 1 : 0))
        for lane in 0..<64 {
          let error = (x[lane] - restored[lane]).magnitude
          #expect(flat[lane] == (kept ? error : 0))
          #expect(flat[64 + lane] == (kept ? error * error : 0))
        }
      }
    }
  }

  @Test(arguments: seeds) func extent(seed: UInt64) throws {
    var random = Seeded(seed)
    let (x, wide) = (try floats(&random, seed), try lanes(&random, seed))
    try forEachLevel { kernels in
      let narrow = try Memory<Float>(128)
      let long = try Memory<Double>(128)
      for lane in 0..<64 {
        (narrow[lane], narrow[64 + lane], long[lane], long[64 + lane]) = (1, -1, 1, -1)
      }
      kernels.extent_f32(x.base, narrow.base, narrow.base + 64)
      kernels.extent_f64(wide.base, long.base, long.base + 64)
      for lane in 0..<64 {
        #expect(narrow[lane] == (x[lane].isFinite ? min(1, x[lane]) : 1))
        #expect(narrow[64 + lane] == (x[lane].isFinite ? max(-1, x[lane]) : -1))
        #expect(long[lane] == (wide[lane].isFinite ? min(1, wide[lane]) : 1))
        #expect(long[64 + lane] == (wide[lane].isFinite ? max(-1, wide[lane]) : -1))
      }
    }
  }

  @Test(arguments: [16, 48]) func gram(size: Int) throws {
    var random = Seeded(UInt64(size))
    let rows = 37
    let x = try Memory<Double>(rows * size)
    let y = try Memory<Double>(rows * size)
    for index in 0..<rows * size {
      x[index] = random.normal()
      y[index] = random.normal()
    }
    var expected = [Double](repeating: 0.5, count: size * size)
    for a in 0..<size {
      for b in 0..<size {
        var sum = 0.0
        for row in 0..<rows { sum = sum + x[row * size + a] * y[row * size + b] }
        expected[a * size + b] += sum
      }
    }
    try forEachLevel { kernels in
      let gram = try Memory<Double>(size * size)
      for index in 0..<size * size { gram[index] = 0.5 }
      kernels.gram(gram.base, size, x.base, size, y.base, size, rows, 0, size, 0, size)
      #expect((0..<size * size).allSatisfy { gram[$0] == expected[$0] })
    }
  }

  @Test func digitsOfBytes() {
    let digits = (0..<256).map { UInt64($0) &* 0x0101_0101_0101_0101 &+ 0x0706_0504_0302_0100 }
    let bytes: [UInt8] = [0, 7, 255, 128, 3]
    for size in 1...8 {
      forEachLevel { kernels in
        var symbols = [UInt8](repeating: 0, count: bytes.count * size + 8)
        kernels.spread(&symbols, bytes, bytes.count, digits, size)
        for index in 0..<bytes.count {
          for digit in 0..<size {
            let expected = UInt8(truncatingIfNeeded: digits[Int(bytes[index])] >> (8 * digit))
            #expect(symbols[index * size + digit] == expected)
          }
        }
      }
    }
  }

  @Test(arguments: [1, 3, 8, 9, 32]) func codesOfClassesAreDealtAsTheyWereCollected(
    classCount: Int
  ) {
    var random = Seeded(UInt64(classCount))
    for laneCount in [64, 64, 40, 1] {
      let classes = (0..<laneCount).map { _ in
        UInt8(min(Int(random.normal().magnitude * 4), classCount - 1))
      }
      let codes = (0..<laneCount).map { Int32($0 * 1000 - 7) }
      let counts = (0..<classCount).map { kind in classes.filter { $0 == kind }.count }
      let ends = (0..<classCount).map { counts[...$0].reduce(0, +) }
      let starts = (0..<classCount).map { ends[$0] - counts[$0] }
      forEachLevel { kernels in
        var streams = [Int32](repeating: 0, count: laneCount + 64)
        var cursors = starts
        kernels.collect(&streams, codes, classes, laneCount, &cursors, classCount)
        for kind in 0..<classCount {
          let own = (0..<laneCount).filter { classes[$0] == kind }.map { codes[$0] }
          #expect(Array(streams[starts[kind]..<ends[kind]]) == own)
        }
        #expect(cursors == ends)
        cursors = starts
        var back = [Int32](repeating: 0, count: laneCount)
        let short = kernels.deal(&back, classes, laneCount, streams, &cursors, ends, classCount, 0)
        #expect(short == -1)
        #expect(back == codes)
        #expect(cursors == ends)
        // A class that holds a code less than is asked for.
        cursors = starts
        let lacking = Int(classes[laneCount / 2])
        var fewer = ends
        fewer[lacking] -= 1
        #expect(
          kernels.deal(&back, classes, laneCount, streams, &cursors, fewer, classCount, 0)
            == lacking)
      }
    }
  }

  /// The whole pipeline: the same bytes, whatever kernels made them.
  @Test func chunksAreTheSameOnEveryInstructionSet() throws {
    let table = try Table.walks(500, fieldCount: 4)
    let payloads = try Self.levels.map { level in
      let encoder = ChunkEncoder(
        layout: table.layout, bounds: [0.05, 0.05, 1e-5, 0], level: 6,
        kernels: Kernels(level: level))
      let payload = try table.bytes.withUnsafeBytes { try encoder.encode($0).payload }
      return withExtendedLifetime(payload) { Array(payload.bytes) }
    }
    #expect(payloads.allSatisfy { $0 == payloads[0] })
  }
}
