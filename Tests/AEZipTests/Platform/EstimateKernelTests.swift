import CPlatform
import Testing

@testable import AEZip

/// The kernels of planners, on every instruction set that the machine has, against their formulas.
@Suite struct EstimateKernelTests {
  private func forEachLevel(_ body: (aezk_kernels) throws -> Void) rethrows {
    for level in ([0, 3, 4] as [Int32]) where level <= instructionSetLevel {
      try body(Kernels(level: level).call)
    }
  }

  /// log2 as planners know it.
  private func log(_ x: Double) -> Double { x > 0 ? Entropy.log2(x) : 0 }

  @Test func momentsAddUpInBins() {
    let values: [Int32] = [1, 2, 3, -4, 32767]
    let bins: [UInt8] = [0, 1, 0, 1, 2]
    forEachLevel { kernels in
      var moments = [UInt64](repeating: 0, count: 12)
      kernels.moments(&moments, values, bins, [0, 2, 3, 0, 4], 5, 3)
      let bias: UInt64 = 32768
      #expect(moments[0] == 3 << 32 | (3 * bias + 5) && moments[1] == 11)
      #expect(moments[2] == 1 << 32 | (bias - 4) && moments[3] == 16)
      #expect(moments[4] == 1 << 32 | (bias + 32767) && moments[5] == 32767 * 32767)
      var histogram = [Int](repeating: 0, count: 512)
      var besides = [Int](repeating: 0, count: 6 * 256)
      #expect(
        kernels.tally([0, -1, 1], [0, 1, 1], 3, &histogram, [-1, 0, 300], &besides) == 0)
      #expect(histogram[0] == 1 && histogram[257] == 1 && histogram[258] == 1)
      #expect(histogram.reduce(0, +) == 3 && besides.reduce(0, +) == 3)
      #expect(besides[4 * 256] == 1 && besides[1] == 1 && besides[5 * 256 + 2] == 1)
      #expect(kernels.tally([300, -1], nil, 2, nil, [2, 0], &besides) == 7)
      #expect(besides[5 * 256 + 128 + 4 * 2] == 1 && besides[1] == 2)
    }
  }

  @Test(arguments: [1, 7, 8, 20, 228, 256]) func entropyOfCounts(count: Int) {
    var random = Seeded(UInt64(count))
    var counts = (0..<count).map { _ in Int(random.next() >> 50) % 700 }
    counts[0] = 5
    for place in counts.indices where place % 3 == 2 { counts[place] = 0 }
    let total = Double(counts.reduce(0, +))
    let expected =
      total * log(total) - counts.reduce(0) { $0 + Double($1) * log(Double($1)) }
    var bits: [UInt64] = []
    forEachLevel { kernels in
      var kinds = -1
      let entropy = kernels.entropy(counts, count, &kinds)
      #expect((entropy - expected).magnitude <= 1e-9 * (1 + expected))
      #expect(kinds == counts.filter { $0 > 0 }.count)
      bits.append(entropy.bitPattern)
    }
    #expect(Set(bits).count == 1)
  }

  @Test(arguments: 0..<8 as Range<UInt64>) func theBestSplitIsThatOfAllPlaces(seed: UInt64) {
    var random = Seeded(seed)
    let binCount = [1, 2, 5, 16, 31, 32, 9, 12][Int(seed)]
    let rows = (0..<400).map { _ in
      let bin = Int(random.next() % UInt64(binCount))
      return (bin: bin, error: Int32(random.normal() * 50) + (bin * 3 > binCount * 2 ? 90 : 0))
    }
    func bits(_ errors: [Int32]) -> Double {
      let n = Double(errors.count)
      guard n > 0 else { return 0 }
      let sum = errors.reduce(0.0) { $0 + Double($1) }
      let squares = errors.reduce(0.0) { $0 + Double($1) * Double($1) }
      return n / 2 * log(1 + 0.01 * max(0, squares - sum * sum / n) / n)
    }
    func errors(_ isIn: (Int) -> Bool) -> [Int32] { rows.filter { isIn($0.bin) }.map(\.error) }
    let whole = bits(errors { _ in true })
    let apart = (0..<binCount).reduce(0.0) { sum, bin in sum + bits(errors { $0 == bin }) }
    let gains = (0..<binCount - 1).map { place in
      let (low, high) = (errors { $0 <= place }, errors { $0 > place })
      return min(low.count, high.count) < 20 ? 0 : whole - bits(low) - bits(high)
    }
    var found: [Int] = []
    forEachLevel { kernels in
      var moments = [UInt64](repeating: 0, count: 4 * binCount)
      kernels.moments(
        &moments, rows.map(\.error), rows.map { UInt8($0.bin) }, (0..<400).map { Int32($0) }, 400,
        binCount)
      let all = kernels.best_split(moments, binCount, 0.01, 0)
      #expect((all.whole - whole).magnitude < 1e-6 * (1 + whole))
      #expect((all.apart - apart).magnitude < 1e-6 * (1 + apart) && all.gain == 0)
      let split = kernels.best_split(moments, binCount, 0.01, 20)
      let best = max(0, gains.max() ?? 0)
      #expect((split.gain - best).magnitude < 1e-6 * (1 + best))
      if split.gain > 0 { #expect((gains[split.bin] - best).magnitude < 1e-6 * (1 + best)) }
      found.append(split.bin)
    }
    #expect(Set(found).count == 1)
  }

  @Test(arguments: [0, 1, 15, 16, 64, 100]) func magnitudesWeightsAndCorrelations(count: Int) {
    var random = Seeded(UInt64(count) + 9)
    let codes = (0..<count).map { _ in Int32(random.normal() * 40_000) }
    let others = (0..<count).map { _ in Float(random.normal()) }
    var partial: [[UInt32]] = []
    forEachLevel { kernels in
      var sizes = [Float](repeating: -1, count: count)
      kernels.magnitudes(&sizes, codes, count, 20_000)
      #expect(sizes == codes.map { min(Float($0.magnitude), 20_000) })
      var sums = [Int32](repeating: 3, count: count)
      kernels.weigh(&sums, codes, count, 7)
      #expect(sums == codes.map { 3 + 7 * Int32(min($0.magnitude, 32767)) })
      var products = [Float](repeating: 0, count: 80)
      kernels.correlate(others, sizes, count, &products)
      let wanted: [(Double, Double) -> Double] = [
        { a, _ in a }, { _, b in b }, { a, _ in a * a }, { _, b in b * b }, { $0 * $1 },
      ]
      for (kind, value) in wanted.enumerated() {
        let sum = products[16 * kind..<16 * kind + 16].reduce(0.0) { $0 + Double($1) }
        let terms = zip(others, sizes).map { value(Double($0), Double($1)) }
        let scale = terms.reduce(1) { $0 + $1.magnitude }
        #expect((sum - terms.reduce(0, +)).magnitude < 1e-5 * scale)
      }
      partial.append(products.map(\.bitPattern))
    }
    #expect(Set(partial).count == 1)
  }

  @Test(arguments: [0, 1, 3, 12]) func weightedProductsOfResiduals(count: Int) {
    var random = Seeded(UInt64(count) + 77)
    let planes = (0...count).map { _ in (0..<64).map { _ in random.normal() } }
    let coefficients = (0..<count).map { _ in random.normal() }
    var found: [[UInt64]] = []
    forEachLevel { kernels in
      // The last plane is y.
      let memory = UnsafeMutableRawPointer.allocate(byteCount: 512 * (count + 4), alignment: 64)
      defer { memory.deallocate() }
      let values = memory.bindMemory(to: Double.self, capacity: 64 * (count + 4))
      for (place, plane) in planes.enumerated() {
        for lane in 0..<64 { values[64 * place + lane] = plane[lane] }
      }
      let x = (0..<max(1, count)).map { UnsafePointer(values + 64 * $0) as UnsafePointer<Double>? }
      let products = (count + 1) * (count + 2) / 2
      let sums = UnsafeMutableRawPointer.allocate(byteCount: 64 * products, alignment: 64)
      defer { sums.deallocate() }
      let partial = sums.bindMemory(to: Double.self, capacity: 8 * products)
      for place in 0..<8 * products { partial[place] = place % 8 == 0 ? 1 : 0 }
      kernels.reweigh(
        partial, x, coefficients, count, values + 64 * count, 0.5, values + 64 * (count + 1))
      var residuals = planes[count]
      for place in 0..<count {
        for lane in 0..<64 { residuals[lane] -= coefficients[place] * planes[place][lane] }
      }
      let factors = planes[..<count] + [residuals]
      for i in 0...count {
        for j in 0...i {
          var (wanted, sum) = (1.0, 0.0)
          for lane in 0..<64 {
            let weight = 1 / (1 + residuals[lane] * residuals[lane] / 4)
            wanted += factors[i][lane] * factors[j][lane] * weight
          }
          for part in 0..<8 { sum += partial[8 * (i * (i + 1) / 2 + j) + part] }
          #expect((sum - wanted).magnitude < 1e-10 * (64 + wanted.magnitude))
        }
      }
      found.append((0..<8 * products).map { partial[$0].bitPattern })
    }
    #expect(Set(found).count == 1)
  }

  @Test func whatIsChosenIsTakenFromCandidates() {
    let before: [Double] = [1, 2, 4, 8, 16]
    let row: [Double] = [2, -1, 4, 0, 3]
    forEachLevel { kernels in
      var left = row
      kernels.eliminate(&left, before, 0.5, 5)
      #expect(left == [1.5, -2, 2, -4, -5])
      var gains = [Double](repeating: -1, count: 5)
      var covariances: [Double] = [3, 3, 3, 3, 3]
      var variances: [Double] = [4, 4, 4, 4, 0]
      kernels.explain(&gains, &covariances, &variances, row, 0.5, 0.25, 5)
      #expect(covariances == [2, 3.5, 1, 3, 1.5])
      // The third is explained wholly; the last had no variance.
      #expect(variances == [3, 3.75, 0, 4, 0])
      #expect(gains == [4.0 / 3, 3.5 * 3.5 / 3.75, 0, 2.25, 0])
    }
  }

  @Test(arguments: 0..<6 as Range<UInt64>) func repeatsSaveWhatAPlainSearchSays(seed: UInt64) {
    var random = Seeded(seed)
    let count = [3, 64, 500, 4096, 1000, 2000][Int(seed)]
    var bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next() % 9) }
    if seed >= 3 { for place in count / 2..<count { bytes[place] = bytes[place - count / 2] } }
    var counts = [Int](repeating: 0, count: 1024)
    var table = [Int32](repeating: -1, count: 4096)
    var sums = aezk_repeat_sums()
    aezk_repeats(bytes, count, &counts, &table, &sums)
    // The same one byte at a time.
    let entropy = Entropy.bits(
      (0..<256).map { symbol in bytes.filter { Int($0) == symbol }.count })
    let literal = entropy / Double(count)
    var last = [Int](repeating: -1, count: 4096)
    var (saved, left, place) = (0.0, 0.0, 0)
    while place < count {
      var gain = 0.0
      if place + 4 <= count {
        let key = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
        let slot = Int((key &* 2_654_435_761) >> 20)
        let from = last[slot]
        last[slot] = place
        var length = 0
        while from >= 0, length < 258, place + length < count,
          bytes[from + length] == bytes[place + length]
        {
          length += 1
        }
        if length >= 4 {
          let cost = 11 + Entropy.log2(Double(place - from))
          gain = Double(length) * literal - cost
          if gain > 0 {
            (saved, left, place) = (saved + gain, left + cost, place + length)
          }
        }
      }
      if gain <= 0 { (left, place) = (left + max(1, literal), place + 1) }
    }
    #expect((sums.bits - entropy).magnitude <= 1e-9 * (1 + entropy))
    #expect((sums.saved - saved).magnitude <= 1e-6 * (1 + saved))
    #expect((sums.left - left).magnitude <= 1e-6 * (1 + left))
  }

  @Test(arguments: [1, 9, 40]) func sortsWhatNeedsAnyNumberOfDigits(bits: UInt64) {
    var random = Seeded(bits)
    var keys = (0..<300).map { _ in Int(bitPattern: UInt(random.next() >> bits)) }
    let sorted = keys.sorted()
    var spare = [Int](repeating: 0, count: 300 + Int(AEZK_SORT_TABLE))
    aezk_sort(&keys, &spare, 300)
    #expect(keys == sorted)
    var same = [Int](repeating: -7, count: 300)
    aezk_sort(&same, &spare, 300)
    #expect(same == [Int](repeating: -7, count: 300))
  }

  @Test func runsAreCounted() {
    var random = Seeded(5)
    let bytes = (0..<1000).map { _ in UInt8(random.next() % 3 / 2) }
    for step in [1, 7] {
      var runs = 0
      for index in stride(from: 3, to: bytes.count, by: step) {
        if Set(bytes[index - 3...index]).count == 1 { runs += 1 }
      }
      #expect(runs > 5 && aezk_runs(bytes, bytes.count, step) == runs)
    }
  }

  /// Lengths and their bits, RFC 1951, 3.2.5.
  @Test(
    arguments: [
      (2, [:], 0), (3, [:], 0), (4, [257: 1], 1), (11, [264: 1], 1), (12, [265: 1], 2),
      (14, [266: 1], 2), (19, [268: 1], 2), (20, [269: 1], 3), (68, [277: 1], 5),
      (258, [284: 1], 6), (259, [285: 1], 1), (260, [285: 1, 7: 1], 1), (263, [285: 1, 258: 1], 2),
    ] as [(Int, [Int: Int], Int)])
  func runsBecomeTokens(count: Int, lengths: [Int: Int], beside: Int) {
    let bytes = [UInt8](repeating: 7, count: count) + [9]
    var counts = [Int](repeating: 0, count: 286)
    #expect(aezk_run_tokens(bytes, bytes.count, &counts) == beside)
    var expected = [Int](repeating: 0, count: 286)
    expected[9] = 1
    expected[7] = lengths.isEmpty ? count : 1
    for (code, number) in lengths { expected[code] += number }
    #expect(counts == expected)
  }

  @Test(arguments: [0, 1, 2, 50, 63, 64, 600]) func sortsPartsAndPairs(count: Int) {
    var random = Seeded(UInt64(count) + 3)
    var keys = (0..<count).map { _ in Int(truncatingIfNeeded: random.next() >> 40) - 9_000_000 }
    let sorted = keys.sorted()
    var room = [Int](repeating: 0, count: count + Int(AEZK_SORT_TABLE))
    aezk_sort(&keys, &room, count)
    #expect(keys == sorted)

    let bins = (0..<max(count, 1)).map { _ in UInt8(random.next() % 8) }
    var rows = (0..<count).map { Int32($0) }
    var spare = [Int32](repeating: 0, count: max(count, 1))
    let low = aezk_partition(&rows, &spare, count, bins, 3)
    let (front, back) = ((0..<count).filter { bins[$0] <= 3 }, (0..<count).filter { bins[$0] > 3 })
    #expect(low == front.count && rows == (front + back).map { Int32($0) })

    var histogram = [Int](repeating: 0, count: 8 * 256)
    let symbols = (0..<max(count, 1)).map { _ in UInt8(random.next() % 60) }
    let seen = aezk_pairs(&histogram, symbols, bins, count)
    #expect(seen == symbols.prefix(count).reduce(0, |))
    for place in histogram.indices {
      let wanted = (0..<count).filter { 256 * Int(bins[$0]) + Int(symbols[$0]) == place }.count
      #expect(histogram[place] == wanted)
    }

    var classes = symbols
    aezk_exclude(&classes, bins, 3, 77, count)
    for place in classes.indices {
      #expect(classes[place] == (place < count && bins[place] != 3 ? 77 : symbols[place]))
    }
  }
}
