import CPlatform

// What planners count: entropies, repeats, codes that are large together. Loops over elements, for
// which all instruction sets share the baseline's kernels, and vectors.

#if !AEZ_AVX2 && !AEZ_AVX512
  /// log2 of a positive normal number to about 1e-6, from its bits alone; see `aezk_log2`.
  @_cdecl("aezk_log2")
  public func logarithm(_ x: Double) -> Double {
    let bits = x.bitPattern
    let exponent = Double(Int(truncatingIfNeeded: bits &>> 52) &- 1023)
    let t = Double(bitPattern: (bits & 0x000F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000) - 1
    // log2(1 + t) / t, fitted at the Chebyshev nodes of 0 ... 1.
    let t2 = t * t
    let low = 1.4426932569880253 - 0.7211627337806721 * t
    let middle = 0.47770592749426893 - 0.33924776178537347 * t
    let high = 0.21558851362190792 - 0.0960662341353248 * t
    return exponent + t * (low + t2 * (middle + t2 * (high + t2 * 0.02049034138584757)))
  }

  /// See `aezk_sort`: Shell's method for few, else digit after digit, the last first.
  @_cdecl("aezk_sort")
  public func sort(
    _ keys: UnsafeMutablePointer<Int>?, _ spare: UnsafeMutablePointer<Int>?, _ count: Int
  ) {
    var (keys, spare) = (keys!, spare!)
    if count < 64 { return sortFew(keys, count) }
    let table = spare + count
    var (least, largest) = (keys[0], keys[0])
    var index = 1
    while index < count {
      least = keys[index] < least ? keys[index] : least
      largest = keys[index] > largest ? keys[index] : largest
      index &+= 1
    }
    let range = UInt(bitPattern: largest &- least)
    var isMoved = false
    var shift: UInt = 0
    while shift < 64 && range &>> shift > 0 {
      index = 0
      while index < 256 {
        table[index] = 0
        index &+= 1
      }
      index = 0
      while index < count {
        table[digit(keys[index] &- least, shift)] &+= 1
        index &+= 1
      }
      var (place, digits) = (0, 0)
      while digits < 256 {
        let next = table[digits]
        table[digits] = place
        place &+= next
        digits &+= 1
      }
      index = 0
      while index < count {
        let digit = digit(keys[index] &- least, shift)
        spare[table[digit]] = keys[index]
        table[digit] &+= 1
        index &+= 1
      }
      swap(&keys, &spare)
      isMoved.toggle()
      shift &+= 8
    }
    if isMoved { spare.update(from: keys, count: count) }
  }

  @inline(__always)
  func digit(_ key: Int, _ shift: UInt) -> Int {
    Int(truncatingIfNeeded: UInt(bitPattern: key) &>> shift & 255)
  }

  func sortFew(_ keys: UnsafeMutablePointer<Int>, _ count: Int) {
    var gap = 13
    while gap > 0 {
      var place = gap
      while place < count {
        let key = keys[place]
        var hole = place
        while hole >= gap && keys[hole &- gap] > key {
          keys[hole] = keys[hole &- gap]
          hole &-= gap
        }
        keys[hole] = key
        place &+= 1
      }
      gap /= 3
    }
  }

  /// See `aezk_least`.
  @_cdecl("aezk_least")
  public func least(
    _ values: UnsafePointer<Float>?, _ count: Int, _ start: Int,
    _ best: UnsafeMutablePointer<Float>?, _ places: UnsafeMutablePointer<Int>?, _ wanted: Int
  ) {
    let (values, best, places) = (values!, best!, places!)
    var place = 0
    while place < wanted {
      best[place] = .infinity
      places[place] = 0
      place &+= 1
    }
    // Around the end, from where the least ones are likely.
    var first = start & ~15
    var blocks = (count &+ 15) / 16
    while blocks > 0 {
      let end = first &+ 16 < count ? first &+ 16 : count
      let most = SIMD16<Float>(repeating: best[wanted &- 1])
      // None of most sixteens are among the least.
      if end &- first < 16
        || any(UnsafeRawPointer(values + first).loadUnaligned(as: SIMD16<Float>.self) .< most)
      {
        var index = first
        while index < end {
          let value = values[index]
          if value < best[wanted &- 1] {
            place = wanted &- 1
            while place > 0 && value < best[place &- 1] {
              best[place] = best[place &- 1]
              places[place] = places[place &- 1]
              place &-= 1
            }
            best[place] = value
            places[place] = index
          }
          index &+= 1
        }
      }
      first = end < count ? end : 0
      blocks &-= 1
    }
  }

  /// See `aezk_runs`.
  @_cdecl("aezk_runs")
  public func runs(_ bytes: UnsafePointer<UInt8>?, _ count: Int, _ step: Int) -> Int {
    let bytes = bytes!
    var (runs, index) = (0, 3)
    while index < count {
      let byte = bytes[index]
      let difference =
        (byte ^ bytes[index &- 1]) | (byte ^ bytes[index &- 2]) | (byte ^ bytes[index &- 3])
      runs &+= difference == 0 ? 1 : 0
      index &+= step
    }
    return runs
  }

  /// See `aezk_run_tokens`.
  @_cdecl("aezk_run_tokens")
  public func runTokens(
    _ bytes: UnsafePointer<UInt8>?, _ count: Int, _ counts: UnsafeMutablePointer<Int>?
  ) -> Int {
    let (bytes, counts) = (bytes!, counts!)
    var (beside, index) = (0, 0)
    while index < count {
      let byte = bytes[index]
      guard index > 0, index &+ 3 <= count, byte == bytes[index &- 1], byte == bytes[index &+ 1],
        byte == bytes[index &+ 2]
      else {
        counts[Int(byte)] &+= 1
        index &+= 1
        continue
      }
      let most = index &+ 258 < count ? index &+ 258 : count
      var end = index &+ 3
      while end < most && bytes[end] == byte { end &+= 1 }
      let length = end &- index
      // 3 to 10 have a code each, and 258; else four share an octave.
      var (code, extraBits) = (254 &+ length, 0)
      if length == 258 {
        code = 285
      } else if length > 10 {
        let octave = 63 &- (length &- 3).leadingZeroBitCount
        extraBits = octave &- 2
        code = 257 &+ 4 &* (octave &- 1) &+ (((length &- 3) &>> extraBits) & 3)
      }
      counts[code] &+= 1
      beside &+= extraBits &+ 1
      index = end
    }
    return beside
  }

  /// See `aezk_repeats`.
  @_cdecl("aezk_repeats")
  public func repeats(
    _ bytes: UnsafePointer<UInt8>?, _ count: Int, _ counts: UnsafeMutablePointer<Int>?,
    _ table: UnsafeMutablePointer<Int32>?, _ sums: UnsafeMutablePointer<aezk_repeat_sums>?
  ) {
    histogram(counts, bytes, count)
    let bits = entropy(counts, 256, nil)
    let bitsPerByte = bits / Double(max(1, count))
    let (bytes, table) = (UnsafeRawPointer(bytes!), table!)
    var (saved, literals, pairBits) = (0.0, 0, 0.0)
    var index = 0
    while index &+ 4 <= count {
      let key = bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self)
      let slot = Int(truncatingIfNeeded: (key &* 2_654_435_761) &>> 20)
      let candidate = Int(table[slot])
      table[slot] = Int32(truncatingIfNeeded: index)
      if candidate >= 0, bytes.loadUnaligned(fromByteOffset: candidate, as: UInt32.self) == key {
        let most = min(254, count &- index &- 4)
        let length = 4 &+ alike(bytes + (candidate &+ 4), bytes + (index &+ 4), most)
        let cost = 11 + logarithm(Double(index &- candidate))
        let gain = Double(length) * bitsPerByte - cost
        if gain > 0 {
          saved += gain
          pairBits += cost
          index &+= length
          continue
        }
      }
      literals &+= 1
      index &+= 1
    }
    literals &+= count &- index
    sums!.pointee.bits += bits
    sums!.pointee.saved += saved
    sums!.pointee.left += pairBits + Double(literals) * max(1, bitsPerByte)
  }

  /// See `aezk_exclude`.
  @_cdecl("aezk_exclude")
  public func exclude(
    _ classes: UnsafeMutablePointer<UInt8>?, _ groups: UnsafePointer<UInt8>?, _ group: UInt8,
    _ other: UInt8, _ count: Int
  ) {
    let (classes, groups) = (classes!, groups!)
    var index = 0
    while index < count {
      let own: UInt8 = groups[index] == group ? 255 : 0
      classes[index] = (classes[index] & own) | (other & ~own)
      index &+= 1
    }
  }

  /// See `aezk_pairs`.
  @_cdecl("aezk_pairs")
  public func pairs(
    _ histogram: UnsafeMutablePointer<Int>?, _ symbols: UnsafePointer<UInt8>?,
    _ classes: UnsafePointer<UInt8>?, _ count: Int
  ) -> UInt8 {
    let (histogram, symbols, classes) = (histogram!, symbols!, classes!)
    var seen: UInt8 = 0
    var index = 0
    while index < count {
      seen |= symbols[index]
      histogram[256 &* Int(classes[index]) &+ Int(symbols[index])] &+= 1
      index &+= 1
    }
    return seen
  }

  /// How many of the first bytes are alike.
  @inline(__always)
  func alike(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ most: Int) -> Int {
    var length = 0
    while length &+ 8 <= most {
      let difference =
        a.loadUnaligned(fromByteOffset: length, as: UInt64.self)
        ^ b.loadUnaligned(fromByteOffset: length, as: UInt64.self)
      if difference != 0 {
        return length &+ difference.littleEndian.trailingZeroBitCount &>> 3
      }
      length &+= 8
    }
    while length < most,
      a.load(fromByteOffset: length, as: UInt8.self)
        == b.load(fromByteOffset: length, as: UInt8.self)
    {
      length &+= 1
    }
    return length
  }
#endif

/// See `aezk_kernels.entropy`: eight partial sums, whatever the width of registers.
func entropy(
  _ counts: UnsafePointer<Int>?, _ symbolCount: Int, _ kinds: UnsafeMutablePointer<Int>?
) -> Double {
  let counts = counts!
  let zero = SIMD4<Double>(repeating: 0)
  var (sum0, sum1, total0, total1, used0, used1) = (zero, zero, zero, zero, zero, zero)
  var symbol = 0
  while symbol < symbolCount {
    var (a, b) = (SIMD4<UInt64>(), SIMD4<UInt64>())
    if symbol &+ 8 <= symbolCount {
      let eight = UnsafeRawPointer(counts + symbol)
      a = eight.loadUnaligned(as: SIMD4<UInt64>.self)
      b = eight.loadUnaligned(fromByteOffset: 32, as: SIMD4<UInt64>.self)
    } else {
      var lane = 0
      while symbol &+ lane < symbolCount {
        let count = UInt64(truncatingIfNeeded: counts[symbol &+ lane])
        if lane < 4 { a[lane] = count } else { b[lane &- 4] = count }
        lane &+= 1
      }
    }
    symbol &+= 8
    // Most histograms are mostly empty.
    if a | b == SIMD4<UInt64>() { continue }
    let (x, y) = (doubles(a), doubles(b))
    sum0 = sum0 + x * logarithms(x)
    sum1 = sum1 + y * logarithms(y)
    total0 = total0 + x
    total1 = total1 + y
    used0 = used0 + one(x)
    used1 = used1 + one(y)
  }
  if let kinds { kinds.pointee = Int(added(used0 + used1)) }
  let total = SIMD4<Double>(repeating: added(total0 + total1))
  return (total * logarithms(total))[0] - added(sum0 + sum1)
}

#if !AEZ_AVX2 && !AEZ_AVX512
  /// See `aezk_entropy`.
  @_cdecl("aezk_entropy")
  public func baselineEntropy(_ counts: UnsafePointer<Int>?, _ symbolCount: Int) -> Double {
    entropy(counts, symbolCount, nil)
  }
#endif

/// Whole numbers below 2^52 as Double.
@inline(__always)
func doubles(_ x: SIMD4<UInt64>) -> SIMD4<Double> {
  unsafeBitCast(x | 0x4330_0000_0000_0000, to: SIMD4<Double>.self) - 4_503_599_627_370_496
}

/// 1 where x > 0.
@inline(__always)
func one(_ x: SIMD4<Double>) -> SIMD4<Double> {
  let one = SIMD4<Double>(repeating: 1)
  return x.replacing(with: one, where: x .> one)
}

@inline(__always)
func added(_ x: SIMD4<Double>) -> Double { (x[0] + x[1]) + (x[2] + x[3]) }

/// As `aezk_log2`; of 0 some finite number.
@inline(__always)
func logarithms(_ x: SIMD4<Double>) -> SIMD4<Double> {
  let bits = unsafeBitCast(x, to: SIMD4<UInt64>.self)
  let exponent = doubles(bits &>> 52) - 1023
  let one: UInt64 = 0x3FF0_0000_0000_0000
  let t = unsafeBitCast((bits & 0x000F_FFFF_FFFF_FFFF) | one, to: SIMD4<Double>.self) - 1
  let t2 = t * t
  let low = 1.4426932569880253 - 0.7211627337806721 * t
  let middle = 0.47770592749426893 - 0.33924776178537347 * t
  let high = 0.21558851362190792 - 0.0960662341353248 * t
  return exponent + t * (low + t2 * (middle + t2 * (high + t2 * 0.02049034138584757)))
}

/// See `aezk_kernels.magnitudes`.
func magnitudes(
  _ out: UnsafeMutablePointer<Float>?, _ codes: UnsafePointer<Int32>?, _ count: Int, _ cut: Float
) {
  let (out, codes) = (out!, codes!)
  var index = 0
  while index < count {
    let code = codes[index]
    let size = Float(code < 0 ? 0 &- code : code)
    out[index] = size < cut ? size : cut
    index &+= 1
  }
}

/// See `aezk_kernels.weigh`.
func weigh(
  _ sums: UnsafeMutablePointer<Int32>?, _ codes: UnsafePointer<Int32>?, _ count: Int,
  _ weight: Int32
) {
  let (sums, codes) = (sums!, codes!)
  var index = 0
  while index < count {
    let code = codes[index]
    let size = code < 0 ? 0 &- code : code
    sums[index] &+= weight &* (size > 32767 ? 32767 : size)
    index &+= 1
  }
}

/// See `aezk_kernels.correlate`: 16 partial sums, whatever the width of registers.
func correlate(
  _ a: UnsafePointer<Float>?, _ b: UnsafePointer<Float>?, _ count: Int,
  _ sums: UnsafeMutablePointer<Float>?
) {
  let (a, b, sums) = (a!, b!, sums!)
  var index = 0
  while index &+ 16 <= count {
    let (x, y) = (a + index, b + index)
    var lane = 0
    while lane < 16 {
      sums[lane] += x[lane]
      sums[16 &+ lane] += y[lane]
      sums[32 &+ lane] += x[lane] * x[lane]
      sums[48 &+ lane] += y[lane] * y[lane]
      sums[64 &+ lane] += x[lane] * y[lane]
      lane &+= 1
    }
    index &+= 16
  }
  while index < count {
    let lane = index & 15
    sums[lane] += a[index]
    sums[16 &+ lane] += b[index]
    sums[32 &+ lane] += a[index] * a[index]
    sums[48 &+ lane] += b[index] * b[index]
    sums[64 &+ lane] += a[index] * b[index]
    index &+= 1
  }
}

/// See `aezk_kernels.reweigh`.
func reweigh(
  _ sums: UnsafeMutablePointer<Double>?, _ x: UnsafePointer<UnsafePointer<Double>?>?,
  _ coefficients: UnsafePointer<Double>?, _ count: Int, _ y: UnsafePointer<Double>?,
  _ inverse: Double, _ scratch: UnsafeMutablePointer<Double>?
) {
  let (sums, x, y, scratch) = (sums!, x!, y!, scratch!)
  let width = LD.scalarCount
  @inline(__always)
  func vectors(_ p: UnsafeMutablePointer<Double>) -> UnsafeMutablePointer<LD> {
    UnsafeMutableRawPointer(p).assumingMemoryBound(to: LD.self)
  }
  let (e, weights, weighted) = (
    vectors(scratch), vectors(scratch + laneCount), vectors(scratch + 2 &* laneCount)
  )
  @inline(__always)
  func factor(_ place: Int) -> UnsafePointer<LD> {
    place < count
      ? UnsafeRawPointer(x[place].unsafelyUnwrapped).assumingMemoryBound(to: LD.self)
      : UnsafePointer(e)
  }
  let vectorCount = laneCount / width
  var v = 0
  while v < vectorCount {
    var left = UnsafeRawPointer(y).assumingMemoryBound(to: LD.self)[v]
    var i = 0
    while i < count {
      left = left - LD(repeating: coefficients.unsafelyUnwrapped[i]) * factor(i)[v]
      i &+= 1
    }
    e[v] = left
    let share = left * LD(repeating: inverse)
    weights[v] = LD(repeating: 1) / (LD(repeating: 1) + share * share)
    v &+= 1
  }
  // 8 partial sums, whatever the width of registers.
  let parts = 8 / width
  var target = vectors(sums)
  var i = 0
  while i <= count {
    let a = factor(i)
    v = 0
    while v < vectorCount {
      weighted[v] = weights[v] * a[v]
      v &+= 1
    }
    var j = 0
    while j <= i {
      let b = factor(j)
      var part = 0
      while part < parts {
        var sum = target[part]
        v = part
        while v < vectorCount {
          sum = sum + weighted[v] * b[v]
          v &+= parts
        }
        target[part] = sum
        part &+= 1
      }
      target += parts
      j &+= 1
    }
    i &+= 1
  }
}

/// See `aezk_kernels.eliminate`.
func eliminate(
  _ row: UnsafeMutablePointer<Double>?, _ before: UnsafePointer<Double>?, _ factor: Double,
  _ count: Int
) {
  let (row, before) = (row!, before!)
  var index = 0
  while index < count {
    row[index] = row[index] - factor * before[index]
    index &+= 1
  }
}

/// See `aezk_kernels.explain`.
func explain(
  _ gains: UnsafeMutablePointer<Double>?, _ covariances: UnsafeMutablePointer<Double>?,
  _ variances: UnsafeMutablePointer<Double>?, _ row: UnsafePointer<Double>?, _ load: Double,
  _ inverse: Double, _ count: Int
) {
  let (gains, covariances, variances, row) = (gains!, covariances!, variances!, row!)
  var index = 0
  while index < count {
    let covariance = covariances[index] - load * row[index]
    let before = variances[index]
    let after = before - row[index] * row[index] * inverse
    let left = after > 1e-9 * before ? after : 0
    covariances[index] = covariance
    variances[index] = left
    gains[index] = left > 0 ? covariance * covariance / left : 0
    index &+= 1
  }
}
