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
  let (raw, position) = (raw!, position!)
  let shift = UInt64(UInt32(bitPattern: shift))
  var first = 0
  while first < count {
    let next = first &+ 64 < count ? first &+ 64 : count
    let (codes, symbols) = (codes! + first, symbols! + first)
    // Nearly all symbols are the numbers themselves.
    var seen: UInt8 = 0
    var index = 0
    while index < next &- first {
      let symbol = symbols[index]
      seen |= symbol
      codes[index] = unfolded(UInt32(symbol))
      index &+= 1
    }
    if seen >= 128 || shift > 0 {
      if next &- first < 64 || position.pointee &+ 64 &* mostBits > end {
        complete(codes, symbols, next &- first, shift, raw, position, end)
      } else if shift == 0 {
        lengthen(codes, symbols, raw, position)
      } else if seen < 128 {
        refine(codes, symbols, shift, raw, position)
      } else {
        complete(codes, symbols, 64, shift, raw, position, end)
      }
    }
    first = next
  }
}

/// The most bits that a symbol leaves out: 24 and 29.
let mostBits = 53

/// 0, 1, 2, 3 ... as 0, -1, 1, -2 ...
@inline(__always)
func unfolded(_ u: UInt32) -> Int32 { Int32(bitPattern: (u &>> 1) ^ (0 &- (u & 1))) }

/// The bits from `position` on, at least 57 of them.
@inline(__always)
func bits(_ raw: UnsafePointer<UInt8>, _ position: Int) -> UInt64 {
  let word = UnsafeRawPointer(raw + position &>> 3).loadUnaligned(as: UInt64.self)
  return UInt64(littleEndian: word) &>> UInt64(position & 7)
}

/// The number that a symbol from 128 on begins, and how many bits follow it.
@inline(__always)
func long(_ symbol: UInt64, _ bits: UInt64) -> (h: UInt64, left: UInt64) {
  let left = min(((symbol &- 128) &>> 2) &+ 7, 31) &- 2
  return ((4 &+ (symbol & 3)) &<< left | bits & ((1 &<< left) &- 1), left)
}

/// 64 symbols without a shift, some of which are long.
@inline(__always)
func lengthen(
  _ codes: UnsafeMutablePointer<Int32>, _ symbols: UnsafePointer<UInt8>,
  _ raw: UnsafePointer<UInt8>, _ position: UnsafeMutablePointer<Int>
) {
  var place = position.pointee
  var first = 0
  while first < 64 {
    let word = UnsafeRawPointer(symbols + first).loadUnaligned(as: UInt64.self)
    var found = UInt64(littleEndian: word) & 0x8080_8080_8080_8080
    while found != 0 {
      let index = first &+ found.trailingZeroBitCount &>> 3
      let (h, left) = long(UInt64(symbols[index]), bits(raw, place))
      codes[index] = unfolded(UInt32(truncatingIfNeeded: h))
      place &+= Int(left)
      found &= found &- 1
    }
    first &+= 8
  }
  position.pointee = place
}

/// 64 symbols with a shift, none of which is long.
@inline(__always)
func refine(
  _ codes: UnsafeMutablePointer<Int32>, _ symbols: UnsafePointer<UInt8>, _ shift: UInt64,
  _ raw: UnsafePointer<UInt8>, _ position: UnsafeMutablePointer<Int>
) {
  var place = position.pointee
  let mask = (1 &<< shift) &- 1 as UInt64
  forEachLane {
    let u = UInt64(symbols[$0]) &<< shift | bits(raw, place) & mask
    codes[$0] = unfolded(UInt32(truncatingIfNeeded: u))
    place &+= Int(shift)
  }
  position.pointee = place
}

/// Symbols of any kind, wherever the bits end.
@inline(never)
func complete(
  _ codes: UnsafeMutablePointer<Int32>, _ symbols: UnsafePointer<UInt8>, _ count: Int,
  _ shift: UInt64, _ raw: UnsafePointer<UInt8>, _ position: UnsafeMutablePointer<Int>, _ end: Int
) {
  var place = position.pointee
  var index = 0
  while index < count {
    let symbol = UInt64(symbols[index])
    let word = bits(raw, place < end ? place : end)
    var h = symbol
    place &+= Int(shift)
    if symbol >= 128 {
      let number = long(symbol, word &>> shift)
      h = number.h
      place &+= Int(number.left)
    }
    codes[index] = unfolded(
      UInt32(truncatingIfNeeded: h &<< shift | word & ((1 &<< shift) &- 1)))
    index &+= 1
  }
  position.pointee = place
}

/// See `aezk_kernels.deal`.
func deal(
  _ codes: UnsafeMutablePointer<Int32>?, _ classes: UnsafePointer<UInt8>?, _ count: Int,
  _ streams: UnsafePointer<Int32>?, _ cursors: UnsafeMutablePointer<Int>?,
  _ ends: UnsafePointer<Int>?, _ classCount: Int, _ ahead: Int
) -> Int {
  let (codes, classes, streams) = (codes!, classes!, streams!)
  let (cursors, ends) = (cursors!, ends!)
  var lane = 0
  #if AEZ_AVX512
    if count == laneCount && classCount <= 12 {
      aezk_deal_64(codes, classes, streams, cursors, classCount)
      lane = laneCount
    }
  #endif
  if classCount <= 8 && lane < count {
    // How many codes of each class there were, a byte each: a register, not memory, as each lane
    // waits for the one before.
    var taken: UInt64 = 0
    while lane < count {
      let kind = Int(classes[lane])
      let shift = UInt64(truncatingIfNeeded: 8 &* kind)
      codes[lane] = streams[cursors[kind] &+ Int(truncatingIfNeeded: taken &>> shift & 255)]
      taken &+= 1 &<< shift
      lane &+= 1
    }
    var kind = 0
    while kind < classCount {
      let own = Int(truncatingIfNeeded: taken & 255)
      cursors[kind] &+= own
      taken &>>= 8
      kind &+= 1
    }
  } else {
    while lane < count {
      let kind = Int(classes[lane])
      let position = cursors[kind]
      codes[lane] = streams[position]
      cursors[kind] = position &+ 1
      lane &+= 1
    }
  }
  var kind = 0
  while kind < classCount {
    let position = cursors[kind]
    if position > ends[kind] { return kind }
    // The processor does not foresee so many streams.
    if ahead == 0 {
      aezk_prefetch(streams + (position &+ 16))
      aezk_prefetch(streams + (position &+ 32))
    }
    kind &+= 1
  }
  while kind < classCount &+ ahead {
    aezk_prefetch_row(streams + cursors[kind])
    kind &+= 1
  }
  return -1
}

/// See `aezk_kernels.collect`.
func collect(
  _ streams: UnsafeMutablePointer<Int32>?, _ codes: UnsafePointer<Int32>?,
  _ classes: UnsafePointer<UInt8>?, _ count: Int, _ cursors: UnsafeMutablePointer<Int>?,
  _ classCount: Int
) {
  let (streams, codes, classes, cursors) = (streams!, codes!, classes!, cursors!)
  #if AEZ_AVX512
    if count == laneCount && classCount <= 8 {
      aezk_collect_64(streams, codes, classes, cursors, classCount)
      return
    }
  #endif
  var lane = 0
  while lane < count {
    let kind = Int(classes[lane])
    streams[cursors[kind]] = codes[lane]
    cursors[kind] &+= 1
    lane &+= 1
  }
}
