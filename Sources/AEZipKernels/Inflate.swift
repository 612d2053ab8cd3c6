import CPlatform

// Prefix codes of deflate streams (RFC 1951) that hold literals alone, several of which are found at
// once; for which all instruction sets share the baseline's kernels.

/// See `aezk_kernels.prefix`.
func prefix(
  _ prefix: UnsafeMutablePointer<aezk_prefix>?, _ lengths: UnsafePointer<UInt8>?, _ count: Int,
  _ bits: Int
) -> Int32 {
  let lengths = lengths!
  let table = UnsafeMutableRawPointer(prefix!).assumingMemoryBound(to: UInt32.self)
  let counts = UnsafeMutableRawPointer(table + 2048).assumingMemoryBound(to: UInt16.self)
  let symbols = counts + 16
  var length = 0
  while length < 16 {
    counts[length] = 0
    length &+= 1
  }
  var symbol = 0
  while symbol < count {
    counts[Int(lengths[symbol])] &+= 1
    symbol &+= 1
  }
  // Codes of a length are numbers that follow each other, those of shorter ones come before.
  var room = 1
  var place = 0
  length = 1
  withUnsafeTemporaryAllocation(of: Int.self, capacity: 16) { next in
    let next = next.baseAddress!
    while length < 16 {
      next[length] = place
      place &+= Int(counts[length])
      room = 2 &* room &- Int(counts[length])
      if room < 0 { break }
      length &+= 1
    }
    symbol = room == 0 ? 0 : count
    while symbol < count {
      length = Int(lengths[symbol])
      if length > 0 {
        symbols[next[length]] = UInt16(truncatingIfNeeded: symbol)
        next[length] &+= 1
      }
      symbol &+= 1
    }
  }
  if room != 0 { return 0 }
  // The first bit of `code` is the lowest.
  let size = 1 &<< bits
  var (entry, code, found) = (0, 0, 0)
  while entry < size {
    table[entry] = 0
    entry &+= 1
  }
  while found < place {
    symbol = Int(symbols[found])
    length = Int(lengths[symbol])
    if length > bits { break }
    entry = symbol < 256 ? code : size
    while entry < size {
      table[entry] = UInt32(truncatingIfNeeded: symbol &<< 8 | 64 | length)
      entry &+= 1 &<< length
    }
    var bit = 1 &<< (length &- 1)
    while code & bit != 0 {
      code ^= bit
      bit &>>= 1
    }
    code |= bit
    found &+= 1
  }
  // Further literals whose codes end within an entry's bits. Entries below one's own are single yet.
  if count > 256 {
    entry = size &- 1
    while entry > 0 {
      var own = table[entry]
      var added: UInt32 = 16
      while own & 192 != 0 && added <= 24 {
        let next = table[entry &>> Int(own & 63)]
        let total = (own & 63) &+ (next & 63)
        if next & 192 == 0 || total > UInt32(truncatingIfNeeded: bits) { break }
        own = (own &+ 64 &+ (next & 63)) | (next &>> 8) &<< added
        added &+= 8
      }
      table[entry] = own
      entry &-= 1
    }
  }
  return 1
}

/// See `aezk_kernels.literals`.
func literals(
  _ bytes: UnsafeMutablePointer<UInt8>?, _ room: Int, _ stream: UnsafePointer<UInt8>?, _ end: Int,
  _ position: UnsafeMutablePointer<Int>?, _ prefix: UnsafePointer<aezk_prefix>?, _ bits: Int
) -> Int {
  let (bytes, stream, position) = (UnsafeMutableRawPointer(bytes!), stream!, position!)
  let table = UnsafeRawPointer(prefix!).assumingMemoryBound(to: UInt32.self)
  let counts = UnsafeRawPointer(table + 2048).assumingMemoryBound(to: UInt16.self)
  let symbols = counts + 16
  let mask = (1 &<< bits) &- 1 as UInt64
  // The bits of `pending` above the first `held` ones are those that follow in the stream, or 0.
  var next = position.pointee &>> 3
  var (pending, held, written) = (0 as UInt64, 0, 0)
  var skipped = position.pointee & 7
  while true {
    // Five entries take at most 55 bits and give at most 15 bytes; the last one writes a fourth.
    while next &+ 8 <= end && written &+ 16 <= room && skipped == 0 {
      let word = UnsafeRawPointer(stream + next).loadUnaligned(as: UInt64.self)
      pending |= UInt64(littleEndian: word) &<< UInt64(held)
      next &+= (63 &- held) &>> 3
      held |= 56
      var step = 0
      var entry: UInt32 = 0
      repeat {
        entry = table[Int(truncatingIfNeeded: pending & mask)]
        bytes.storeBytes(of: (entry &>> 8).littleEndian, toByteOffset: written, as: UInt32.self)
        written &+= Int(entry &>> 6 & 3)
        pending &>>= UInt64(entry & 63)
        held &-= Int(entry & 63)
        step &+= 1
      } while step < 5 && entry != 0
      if entry == 0 { break }
    }
    // One entry, or one symbol, whatever is left of stream and room.
    while held <= 48 && next < end {
      pending |= UInt64(stream[next]) &<< UInt64(held)
      next &+= 1
      held &+= 8
    }
    pending &>>= UInt64(skipped)
    held &-= skipped
    skipped = 0
    var entry = table[Int(truncatingIfNeeded: pending & mask)]
    if entry == 0 {
      // No literal, or a long code: its bits are compared with those of each length's codes.
      var (code, first, place, length) = (0, 0, 0, 1)
      while length < 16 {
        code |= Int(truncatingIfNeeded: pending &>> UInt64(length &- 1) & 1)
        let count = Int(counts[length])
        if code &- first < count { break }
        place &+= count
        first = (first &+ count) &<< 1
        code &<<= 1
        length &+= 1
      }
      if length > held || length > 15 { return -1 }
      let symbol = UInt32(symbols[place &+ code &- first])
      if symbol == 256 {
        position.pointee = 8 &* next &- held &+ length
        return written
      }
      entry = symbol &<< 8 | 64 | UInt32(truncatingIfNeeded: length)
    }
    pending &>>= UInt64(entry & 63)
    held &-= Int(entry & 63)
    var count = entry &>> 6 & 3
    if held < 0 || written &+ Int(count) > room { return -1 }
    entry &>>= 8
    while count > 0 {
      bytes.storeBytes(of: UInt8(truncatingIfNeeded: entry), toByteOffset: written, as: UInt8.self)
      written &+= 1
      entry &>>= 8
      count &-= 1
    }
  }
}
