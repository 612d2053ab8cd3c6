import CPlatform

// From symbols to codes in their places; loops over elements, for which all instruction sets share
// the baseline's kernels.

/// See `aezk_kernels.spread`.
func spread(
  _ symbols: UnsafeMutablePointer<UInt8>?, _ bytes: UnsafePointer<UInt8>?, _ count: Int,
  _ digits: UnsafePointer<UInt64>?, _ size: Int
) {
  let (bytes, digits) = (bytes!, digits!)
  var target = UnsafeMutableRawPointer(symbols!)
  var index = 0
  while index < count {
    target.storeBytes(of: digits[Int(bytes[index])], as: UInt64.self)
    target += size
    index &+= 1
  }
}

/// See `aezk_kernels.codes`.
func codes(
  _ codes: UnsafeMutablePointer<Int32>?, _ symbols: UnsafePointer<UInt8>?, _ count: Int,
  _ shift: Int32, _ raw: UnsafePointer<UInt8>?, _ position: UnsafeMutablePointer<Int>?, _ end: Int
) {
  let (codes, symbols) = (codes!, symbols!)
  var first = 0
  while first < count {
    let next = first &+ 64 < count ? first &+ 64 : count
    // Nearly all symbols are the numbers themselves.
    var seen: Int32 = 0
    var index = first
    while index < next {
      let symbol = Int32(symbols[index])
      seen |= symbol
      codes[index] = (symbol &>> 1) ^ (0 &- (symbol & 1))
      index &+= 1
    }
    if seen >= 128 || shift > 0 {
      complete(
        codes + first, symbols + first, next &- first, UInt64(UInt32(bitPattern: shift)), raw!,
        position!, end)
    }
    first = next
  }
}

@inline(__always)
func complete(
  _ codes: UnsafeMutablePointer<Int32>, _ symbols: UnsafePointer<UInt8>, _ count: Int,
  _ shift: UInt64, _ raw: UnsafePointer<UInt8>, _ position: UnsafeMutablePointer<Int>, _ end: Int
) {
  var place = position.pointee
  var index = 0
  while index < count {
    let symbol = UInt64(symbols[index])
    // At most 24 + 29 bits, and 7 before them.
    let start = place < end ? place : end
    var bits = UnsafeRawPointer(raw + start &>> 3).loadUnaligned(as: UInt64.self)
    bits = UInt64(littleEndian: bits) &>> UInt64(start & 7)
    let low = bits & ((1 &<< shift) &- 1)
    place &+= Int(shift)
    var h = symbol
    if symbol >= 128 {
      let octave = min(((symbol &- 128) &>> 2) &+ 7, 31)
      let left = octave &- 2
      h = (4 &+ (symbol & 3)) &<< left | (bits &>> shift) & ((1 &<< left) &- 1)
      place &+= Int(left)
    }
    let u = UInt32(truncatingIfNeeded: h &<< shift | low)
    codes[index] = Int32(bitPattern: (u &>> 1) ^ (0 &- (u & 1)))
    index &+= 1
  }
  position.pointee = place
}

/// See `aezk_kernels.deal`.
func deal(
  _ codes: UnsafeMutablePointer<Int32>?, _ classes: UnsafePointer<UInt8>?, _ count: Int,
  _ streams: UnsafePointer<Int32>?, _ cursors: UnsafeMutablePointer<Int>?,
  _ ends: UnsafePointer<Int>?
) -> Int {
  let (codes, classes, streams) = (codes!, classes!, streams!)
  let (cursors, ends) = (cursors!, ends!)
  var lane = 0
  while lane < count {
    let kind = Int(classes[lane])
    let position = cursors[kind]
    if position >= ends[kind] { return lane }
    codes[lane] = streams[position]
    cursors[kind] = position &+ 1
    lane &+= 1
  }
  return count
}

/// See `aezk_kernels.collect`.
func collect(
  _ streams: UnsafeMutablePointer<Int32>?, _ codes: UnsafePointer<Int32>?,
  _ classes: UnsafePointer<UInt8>?, _ count: Int, _ cursors: UnsafeMutablePointer<Int>?
) {
  let (streams, codes, classes, cursors) = (streams!, codes!, classes!, cursors!)
  var lane = 0
  while lane < count {
    let kind = Int(classes[lane])
    streams[cursors[kind]] = codes[lane]
    cursors[kind] &+= 1
    lane &+= 1
  }
}
