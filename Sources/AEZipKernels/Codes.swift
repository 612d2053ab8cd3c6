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

/// See `aezk_kernels.unzigzag`.
func unzigzag(
  _ codes: UnsafeMutablePointer<Int32>?, _ symbols: UnsafePointer<UInt8>?, _ count: Int
) -> Int32 {
  let (codes, symbols) = (codes!, symbols!)
  var seen: Int32 = 0
  var index = 0
  while index < count {
    let symbol = Int32(symbols[index])
    seen |= symbol
    codes[index] = (symbol &>> 1) ^ (0 &- (symbol & 1))
    index &+= 1
  }
  return seen
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
