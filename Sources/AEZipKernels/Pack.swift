import CPlatform

// From codes to symbols, and from symbols to bits; loops over elements, for which all instruction
// sets share the baseline's kernels.

/// The symbol of h, and how many raw bits it leaves: a Float has the octave of a number and the bits
/// after its leading one where a symbol needs them, and no branch to guess.
@inline(__always)
func symbol(_ h: UInt32) -> (symbol: UInt32, rawBits: UInt32) {
  // Half of it is positive as Int32; without the ninth bit nothing rounds up.
  let bits = Float(Int32(bitPattern: (h &>> 1) & ~(h &>> 9))).bitPattern
  return (h < 128 ? h : (bits &>> 21) &- 404, h < 128 ? 0 : (bits &>> 23) &- 128)
}

/// See `aezk_kernels.symbols`.
func symbols(
  _ symbols: UnsafeMutablePointer<UInt8>?, _ codes: UnsafePointer<Int32>?, _ count: Int,
  _ shift: Int32
) -> Int64 {
  let (symbols, codes) = (symbols!, codes!)
  let shift = UInt32(bitPattern: shift)
  var rawBits: Int64 = 0
  var first = 0
  while first < count {
    // Nearly all symbols are the numbers themselves.
    let end = first &+ 64 < count ? first &+ 64 : count
    var all: UInt32 = 0
    var index = first
    while index < end {
      let code = codes[index]
      let h = UInt32(bitPattern: (code &<< 1) ^ (code &>> 31)) &>> shift
      all |= h
      symbols[index] = UInt8(truncatingIfNeeded: h)
      index &+= 1
    }
    if all >= 128 {
      var sum: UInt32 = 0
      index = first
      while index < end {
        let code = codes[index]
        let h = UInt32(bitPattern: (code &<< 1) ^ (code &>> 31)) &>> shift
        let (symbol, left) = symbol(h)
        symbols[index] = UInt8(truncatingIfNeeded: symbol)
        sum &+= left
        index &+= 1
      }
      rawBits &+= Int64(sum)
    }
    first = end
  }
  return rawBits
}

/// See `aezk_kernels.raw`.
func raw(
  _ output: UnsafeMutablePointer<UInt8>?, _ codes: UnsafePointer<Int32>?, _ count: Int,
  _ shift: Int32, _ bits: UnsafeMutablePointer<aezk_bits>?
) -> Int {
  let codes = codes!
  let shift = UInt64(UInt32(bitPattern: shift))
  var target = UnsafeMutableRawPointer(output!)
  var (pending, pendingCount) = (bits!.pointee.pending, UInt64(bits!.pointee.count))
  var index = 0
  while index < count {
    if shift == 0 && index & 63 == 0 {
      // Nearly all symbols leave nothing out.
      let end = index &+ 64 < count ? index &+ 64 : count
      var all: UInt32 = 0
      var next = index
      while next < end {
        all |= UInt32(bitPattern: (codes[next] &<< 1) ^ (codes[next] &>> 31))
        next &+= 1
      }
      if all < 128 {
        index = end
        continue
      }
    }
    let code = codes[index]
    let u = UInt64(UInt32(bitPattern: (code &<< 1) ^ (code &>> 31)))
    let h = u &>> shift
    // The shifted bits, and above them those that the symbol of h leaves out.
    let left = shift &+ UInt64(symbol(UInt32(truncatingIfNeeded: h)).rawBits)
    pending |= (u & ((1 &<< left) &- 1)) &<< pendingCount
    pendingCount &+= left
    flush(&target, &pending, &pendingCount)
    index &+= 1
  }
  bits!.pointee.pending = pending
  bits!.pointee.count = Int(pendingCount)
  return target - UnsafeMutableRawPointer(output!)
}

/// Stores the whole bytes of what is pending; writes 8 bytes.
@inline(__always)
func flush(
  _ target: inout UnsafeMutableRawPointer, _ pending: inout UInt64, _ count: inout UInt64
) {
  target.storeBytes(of: pending.littleEndian, as: UInt64.self)
  target += Int(truncatingIfNeeded: count &>> 3)
  pending &>>= count & 56
  count &= 7
}

/// See `aezk_kernels.histogram`.
func histogram(
  _ counts: UnsafeMutablePointer<Int>?, _ bytes: UnsafePointer<UInt8>?, _ count: Int
) {
  let (counts, bytes) = (counts!, bytes!)
  // Four tables, so that equal neighbours do not wait for each other.
  var index = 0
  while index &+ 8 <= count {
    let eight = UnsafeRawPointer(bytes + index).loadUnaligned(as: UInt64.self)
    counts[Int(truncatingIfNeeded: eight & 255)] &+= 1
    counts[256 &+ Int(truncatingIfNeeded: eight &>> 8 & 255)] &+= 1
    counts[512 &+ Int(truncatingIfNeeded: eight &>> 16 & 255)] &+= 1
    counts[768 &+ Int(truncatingIfNeeded: eight &>> 24 & 255)] &+= 1
    counts[Int(truncatingIfNeeded: eight &>> 32 & 255)] &+= 1
    counts[256 &+ Int(truncatingIfNeeded: eight &>> 40 & 255)] &+= 1
    counts[512 &+ Int(truncatingIfNeeded: eight &>> 48 & 255)] &+= 1
    counts[768 &+ Int(truncatingIfNeeded: eight &>> 56)] &+= 1
    index &+= 8
  }
  while index < count {
    counts[Int(bytes[index])] &+= 1
    index &+= 1
  }
  var symbol = 0
  while symbol < 256 {
    counts[symbol] &+= counts[256 &+ symbol] &+ counts[512 &+ symbol] &+ counts[768 &+ symbol]
    symbol &+= 1
  }
}

/// See `aezk_kernels.join`.
func join(
  _ bytes: UnsafeMutablePointer<UInt8>?, _ symbols: UnsafePointer<UInt8>?, _ count: Int,
  _ alphabet: Int, _ size: Int
) {
  let (bytes, symbols) = (bytes!, symbols!)
  let largest = UInt8(truncatingIfNeeded: alphabet &- 1)
  var source = symbols
  var index = 0
  while index < count {
    var byte = 0
    var digit = size &- 1
    while digit >= 0 {
      byte = byte &* alphabet &+ Int(source[digit] < largest ? source[digit] : largest)
      digit &-= 1
    }
    bytes[index] = UInt8(truncatingIfNeeded: byte)
    source += size
    index &+= 1
  }
}

/// See `aezk_kernels.outliers`.
func outliers(
  _ found: UnsafeMutablePointer<UInt8>?, _ symbols: UnsafePointer<UInt8>?, _ count: Int,
  _ least: Int32
) -> Int {
  let (found, symbols) = (found!, symbols!)
  var number = 0
  var index = 0
  while index < count {
    found[number] = symbols[index]
    number &+= Int32(symbols[index]) >= least ? 1 : 0
    index &+= 1
  }
  return number
}

/// See `aezk_kernels.zero_runs`.
func zeroRuns(
  _ output: UnsafeMutablePointer<UInt8>?, _ symbols: UnsafePointer<UInt8>?, _ count: Int,
  _ escapes: UnsafeMutablePointer<UInt8>?, _ escapeCount: UnsafeMutablePointer<Int>?
) -> Int {
  let (output, symbols, escapes) = (output!, symbols!, escapes!)
  var (written, escaped, run, index) = (0, 0, 0, 0)
  while index < count {
    let symbol = symbols[index]
    if symbol == 0 {
      run &+= 1
      index &+= 1
      while index &+ 8 <= count,
        UnsafeRawPointer(symbols + index).loadUnaligned(as: UInt64.self) == 0
      {
        run &+= 8
        index &+= 8
      }
      continue
    }
    while run >= 84 {
      output[written] = 252
      written &+= 1
      run &-= 84
    }
    output[written] = UInt8(truncatingIfNeeded: 3 &* run &+ Int(symbol < 3 ? symbol : 3) &- 1)
    written &+= 1
    if symbol > 2 {
      escapes[escaped] = symbol
      escaped &+= 1
    }
    run = 0
    index &+= 1
  }
  escapeCount!.pointee = escaped
  return written
}

/// See `aezk_kernels.huffman`.
func huffman(
  _ output: UnsafeMutablePointer<UInt8>?, _ bytes: UnsafePointer<UInt8>?, _ count: Int,
  _ table: UnsafePointer<UInt32>?, _ bits: UnsafeMutablePointer<aezk_bits>?
) -> Int {
  let (bytes, table) = (bytes!, table!)
  var target = UnsafeMutableRawPointer(output!)
  var (pending, pendingCount) = (bits!.pointee.pending, UInt64(bits!.pointee.count))
  var index = 0
  // Three codes of at most 15 bits, with 7 pending.
  while index &+ 3 <= count {
    var step = 0
    while step < 3 {
      let code = UInt64(table[Int(bytes[index &+ step])])
      pending |= (code &>> 8) &<< pendingCount
      pendingCount &+= code & 255
      step &+= 1
    }
    flush(&target, &pending, &pendingCount)
    index &+= 3
  }
  while index < count {
    let code = UInt64(table[Int(bytes[index])])
    pending |= (code &>> 8) &<< pendingCount
    pendingCount &+= code & 255
    flush(&target, &pending, &pendingCount)
    index &+= 1
  }
  bits!.pointee.pending = pending
  bits!.pointee.count = Int(pendingCount)
  return target - UnsafeMutableRawPointer(output!)
}
