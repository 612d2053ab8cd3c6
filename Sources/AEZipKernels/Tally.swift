import CPlatform

/// Counts the symbols of codes, as `Symbols` in the coder defines them; see `aezk_kernels.tally`.
func tally(
  _ codes: UnsafePointer<Int32>?, _ classes: UnsafePointer<UInt8>?, _ count: Int,
  _ histogram: UnsafeMutablePointer<Int>?, _ before: UnsafePointer<Int32>?,
  _ besides: UnsafeMutablePointer<Int>?
) -> Int64 {
  let (codes, histogram) = (codes!, histogram!)
  var rawBits: Int64 = 0
  var index = 0
  while index < count {
    let code = codes[index]
    let h = UInt32(bitPattern: (code &<< 1) ^ (code &>> 31))
    var symbol = Int(h)
    if h >= 128 {
      let octave = 31 &- h.leadingZeroBitCount
      symbol = 128 &+ 4 &* (octave &- 7) &+ Int((h &>> UInt32(truncatingIfNeeded: octave &- 2)) & 3)
      rawBits &+= Int64(octave &- 2)
    }
    if let besides {
      let last = before.unsafelyUnwrapped[index]
      let kind = last == 0 ? 0 : last == 1 || last == -1 ? 1 : 2
      besides[256 &* kind &+ symbol] &+= 1
    }
    if let classes { symbol &+= 256 &* Int(classes[index]) }
    histogram[symbol] &+= 1
    index &+= 1
  }
  return rawBits
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
  _ moments: UnsafeMutablePointer<Float>?, _ values: UnsafePointer<Float>?,
  _ bins: UnsafePointer<UInt8>?, _ rows: UnsafePointer<Int32>?, _ count: Int
) {
  let (moments, values, bins, rows) = (moments!, values!, bins!, rows!)
  var index = 0
  while index < count {
    let row = Int(rows[index])
    let e = values[row]
    let bin = moments + 3 &* Int(bins[row])
    bin[0] += 1
    bin[1] += e
    bin[2] += e * e
    index &+= 1
  }
}
