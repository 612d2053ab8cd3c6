import CPlatform

/// Counts the symbols of codes, as `Symbols` in the coder defines them; see `aezk_kernels.tally`.
func tally(
  _ codes: UnsafePointer<Int32>?, _ classes: UnsafePointer<UInt8>?, _ count: Int,
  _ histogram: UnsafeMutablePointer<Int>?, _ before: UnsafePointer<Int32>?,
  _ besides: UnsafeMutablePointer<Int>?
) -> Int64 {
  var rawBits: UInt64 = 0
  withUnsafeTemporaryAllocation(of: UInt32.self, capacity: laneCount) { symbols in
    let symbols = symbols.baseAddress.unsafelyUnwrapped
    var first = 0
    while first < count {
      let size = count &- first < laneCount ? count &- first : laneCount
      rawBits &+= UInt64(symbolize(symbols, codes.unsafelyUnwrapped + first, size))
      if let histogram {
        if let classes {
          increment(histogram, symbols, size) { UInt32(classes[first &+ $0]) }
        } else {
          increment(histogram, symbols, size) { _ in 0 }
        }
      }
      if let besides {
        let before = before.unsafelyUnwrapped + first
        increment(besides, symbols, size) { index in
          let last = before[index].magnitude
          return (index & 1 == 0 ? 3 : 0) &+ (last < 2 ? last : 2)
        }
      }
      first &+= laneCount
    }
  }
  return Int64(truncatingIfNeeded: rawBits)
}

/// The symbols of codes; returns how many raw bits they leave.
@inline(__always)
private func symbolize(
  _ symbols: UnsafeMutablePointer<UInt32>, _ codes: UnsafePointer<Int32>, _ count: Int
) -> UInt32 {
  var rawBits: UInt32 = 0
  var index = 0
  while index < count {
    let code = codes[index]
    let (symbol, left) = symbol(UInt32(bitPattern: (code &<< 1) ^ (code &>> 31)))
    symbols[index] = symbol
    rawBits &+= left
    index &+= 1
  }
  return rawBits
}

/// Counts symbols in the tables of their classes.
@inline(__always)
private func increment(
  _ tables: UnsafeMutablePointer<Int>, _ symbols: UnsafePointer<UInt32>, _ count: Int,
  _ table: (Int) -> UInt32
) {
  var index = 0
  while index < count {
    tables[Int((table(index) &<< 8) &+ symbols[index])] &+= 1
    index &+= 1
  }
}

/// See `aezk_kernels.rank`.
func rank(
  _ classes: UnsafeMutablePointer<UInt8>?, _ values: UnsafePointer<Int32>?, _ count: Int,
  _ thresholds: UnsafePointer<Int32>?, _ thresholdCount: Int
) {
  let (classes, values) = (classes!, values!)
  var index = 0
  while index < count {
    classes[index] = 0
    index &+= 1
  }
  var step = 0
  while step < thresholdCount {
    let threshold = thresholds![step]
    index = 0
    while index < count {
      classes[index] &+= values[index] >= threshold ? 1 : 0
      index &+= 1
    }
    step &+= 1
  }
}

/// See `aezk_kernels.moments`.
func moments(
  _ moments: UnsafeMutablePointer<UInt64>?, _ values: UnsafePointer<Int32>?,
  _ bins: UnsafePointer<UInt8>?, _ rows: UnsafePointer<Int32>?, _ count: Int, _ binCount: Int
) {
  let (moments, values, bins, rows) = (moments!, values!, bins!, rows!)
  // Two tables, so that equal neighbours do not wait for each other.
  let second = moments + 2 &* binCount
  var index = 0
  while index &+ 2 <= count {
    add(moments, values, bins, Int(rows[index]))
    add(second, values, bins, Int(rows[index &+ 1]))
    index &+= 2
  }
  if index < count { add(moments, values, bins, Int(rows[index])) }
  index = 0
  while index < 2 &* binCount {
    moments[index] &+= second[index]
    index &+= 1
  }
}

@inline(__always)
func add(
  _ moments: UnsafeMutablePointer<UInt64>, _ values: UnsafePointer<Int32>,
  _ bins: UnsafePointer<UInt8>, _ row: Int
) {
  let value = Int(values[row])
  let bin = moments + 2 &* Int(bins[row])
  bin[0] &+= UInt64(truncatingIfNeeded: 0x1_0000_8000 &+ value)
  bin[1] &+= UInt64(truncatingIfNeeded: value &* value)
}

#if !AEZ_AVX2 && !AEZ_AVX512
  /// See `aezk_partition`.
  @_cdecl("aezk_partition")
  public func partition(
    _ rows: UnsafeMutablePointer<Int32>?, _ spare: UnsafeMutablePointer<Int32>?, _ count: Int,
    _ bins: UnsafePointer<UInt8>?, _ bin: Int32
  ) -> Int {
    let (rows, spare, bins) = (rows!, spare!, bins!)
    var (low, high, index) = (0, 0, 0)
    while index < count {
      let row = rows[index]
      let isHigh = Int32(bins[Int(row)]) > bin ? 1 : 0
      // Both, of which one counts: no branch that cannot be foreseen.
      spare[high] = row
      rows[low] = row
      high &+= isHigh
      low &+= 1 &- isHigh
      index &+= 1
    }
    (rows + low).update(from: spare, count: high)
    return low
  }
#endif

/// Bits of n errors with these sums, of a normal variable with their variance.
@inline(never)
func normalBits(
  _ n: SIMD4<Double>, _ sum: SIMD4<Double>, _ squares: SIMD4<Double>, _ factor: SIMD4<Double>
) -> SIMD4<Double> {
  let one = SIMD4<Double>(repeating: 1)
  let count = n.replacing(with: one, where: n .< one)
  let left = squares - sum * sum / count
  let variance = left.replacing(with: 0, where: left .< SIMD4<Double>(repeating: 0)) / count
  return n * 0.5 * logarithms(one + factor * variance)
}

/// See `aezk_kernels.best_split`.
func bestSplit(
  _ moments: UnsafePointer<UInt64>?, _ binCount: Int, _ factor: Double, _ least: Double
) -> aezk_split {
  let moments = moments!
  var split = aezk_split()
  let scale = SIMD4<Double>(repeating: factor)
  withUnsafeTemporaryAllocation(byteCount: 6 * 8 * 36, alignment: 64) { scratch in
    // Of each bin, and of the bins up to it: counts, sums, squares.
    let apart = scratch.baseAddress!.assumingMemoryBound(to: Double.self)
    let below = apart + 3 * 36
    var (count, sum, squares) = (0, 0, 0)
    var bin = 0
    while bin < (binCount &+ 3) & ~3 {
      var (n, s, q) = (0, 0, 0)
      if bin < binCount {
        n = Int(truncatingIfNeeded: moments[2 &* bin] &>> 32)
        s = Int(truncatingIfNeeded: moments[2 &* bin] & 0xFFFF_FFFF) &- 32768 &* n
        q = Int(truncatingIfNeeded: moments[2 &* bin &+ 1])
      }
      (count, sum, squares) = (count &+ n, sum &+ s, squares &+ q)
      (apart[bin], apart[36 &+ bin], apart[72 &+ bin]) = (Double(n), Double(s), Double(q))
      (below[bin], below[36 &+ bin], below[72 &+ bin]) = (
        Double(count), Double(sum), Double(squares)
      )
      bin &+= 1
    }
    let (n, s, q) = (
      SIMD4(repeating: Double(count)), SIMD4(repeating: Double(sum)),
      SIMD4(repeating: Double(squares))
    )
    split.whole = normalBits(n, s, q, scale)[0]
    if least == 0 {
      bin = 0
      while bin < binCount {
        let parts = UnsafeRawPointer(apart + bin)
        let bits = normalBits(
          parts.loadUnaligned(as: SIMD4<Double>.self),
          parts.loadUnaligned(fromByteOffset: 288, as: SIMD4<Double>.self),
          parts.loadUnaligned(fromByteOffset: 576, as: SIMD4<Double>.self), scale)
        split.apart += added(bits)
        bin &+= 4
      }
      return
    }
    bin = 0
    while bin < binCount {
      let parts = UnsafeRawPointer(below + bin)
      let low = (
        parts.loadUnaligned(as: SIMD4<Double>.self),
        parts.loadUnaligned(fromByteOffset: 288, as: SIMD4<Double>.self),
        parts.loadUnaligned(fromByteOffset: 576, as: SIMD4<Double>.self)
      )
      let bits =
        normalBits(low.0, low.1, low.2, scale) + normalBits(n - low.0, s - low.1, q - low.2, scale)
      var lane = 0
      while lane < 4 {
        let gain = split.whole - bits[lane]
        // An empty bin's place is that of the bin before.
        if gain > split.gain, apart[bin &+ lane] > 0, low.0[lane] >= least,
          n[lane] - low.0[lane] >= least
        {
          (split.gain, split.bin) = (gain, bin &+ lane)
        }
        lane &+= 1
      }
      bin &+= 4
    }
  }
  return split
}
