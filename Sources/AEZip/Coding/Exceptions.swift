import CPlatform

/// Values that codes cannot carry, kept bit for bit: NaN with its payload, infinities, -0,
/// denormals, and whatever would break its bound. Format.md, section 6.7.
///
/// Which records: gaps as LEB128 for few, a bit mask for many. Then the values' bytes, in planes.
enum Exceptions {
  /// Appends the places and values of one field's exceptions.
  static func write(
    _ exceptions: [UInt32], _ records: UnsafeRawBufferPointer, recordSize: Int, offset: Int,
    size: Int, count: Int, places: inout [UInt8], values: ByteBuffer
  ) throws(AEZipError) {
    // The mask also brings them into the order of records.
    var mask = [UInt8](repeating: 0, count: (count + 7) / 8)
    for record in exceptions { mask[Int(record) / 8] |= 1 << UInt8(record % 8) }
    var sorted: [Int] = []
    sorted.reserveCapacity(exceptions.count)
    for record in 0..<count where mask[record / 8] >> UInt8(record % 8) & 1 != 0 {
      sorted.append(record)
    }
    if usesMask(sorted.count, of: count) {
      places += mask
    } else {
      var gaps = ByteWriter()
      var next = 0
      for record in sorted {
        gaps.count(record - next)
        next = record + 1
      }
      places += gaps.bytes
    }
    for plane in 0..<size {
      let target = try values.reserve(sorted.count)
      for index in 0..<sorted.count {
        target[index] = records[sorted[index] * recordSize + offset + plane]
      }
      values.commit(sorted.count)
    }
  }

  /// A mask from one exception in sixteen records on.
  private static func usesMask(_ exceptionCount: Int, of count: Int) -> Bool {
    exceptionCount > count / 16
  }

  /// The inverse of ``write``: puts the values into the records `wanted`, the first of which lies at
  /// `output`; nil reads past them.
  static func read(
    _ exceptionCount: Int, count: Int, size: Int, places: inout ByteReader,
    values: inout ByteReader, wanted: Range<Int>, into output: UnsafeMutableRawPointer?,
    recordSize: Int, offset: Int
  ) throws(AEZipError) {
    let bytes = try values.take(exceptionCount * size)
    var seen = 0
    func put(_ record: Int) {
      if let output, wanted.contains(record) {
        let target = output + ((record - wanted.lowerBound) * recordSize + offset)
        for plane in 0..<size {
          target.storeBytes(
            of: bytes[plane * exceptionCount + seen], toByteOffset: plane, as: UInt8.self)
        }
      }
      seen += 1
    }
    if usesMask(exceptionCount, of: count) {
      let mask = try places.take((count + 7) / 8)
      for record in 0..<count where mask[record / 8] >> UInt8(record % 8) & 1 != 0 {
        guard seen < exceptionCount else {
          throw .corrupted(what: "an exception mask", declared: exceptionCount, computed: seen + 1)
        }
        put(record)
      }
      guard seen == exceptionCount else {
        throw .corrupted(what: "an exception mask", declared: exceptionCount, computed: seen)
      }
    } else {
      var next = 0
      for _ in 0..<exceptionCount {
        let gap = try places.count(limit: count)
        guard next + gap < count else {
          throw .corrupted(what: "the place of an exception", declared: next + gap, computed: count)
        }
        put(next + gap)
        next += gap + 1
      }
    }
  }
}
