import Testing

@testable import AEZip

@Suite struct ExactTests {
  private func expectInverse(_ values: [UInt64], size: Int) throws {
    let coder = ExactCoder(zlib: Zlib(), level: 6)
    var records: [UInt8] = []
    for value in values {
      records.append(9)
      for place in 0..<size {
        records.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * place)))
      }
    }
    let output = try ByteBuffer()
    let (transform, sizes) = try records.withUnsafeBytes {
      try coder.pack(
        $0, recordSize: size + 1, offset: 1, size: size, count: values.count, to: output)
    }
    #expect(sizes.count == size)
    var planes: [UnsafeRawBufferPointer] = []
    var position = 0
    for size in sizes {
      planes.append(UnsafeRawBufferPointer(rebasing: output.bytes[position..<position + size]))
      position += size
    }
    #expect(position == output.count)
    for wanted in [0..<values.count, values.count / 3..<values.count / 2] {
      var back = [UInt8](repeating: 9, count: wanted.count * (size + 1))
      try back.withUnsafeMutableBytes { back in
        guard let base = back.baseAddress else { return }
        try coder.unpack(
          List(planes), transform: transform, size: size, count: values.count, wanted: wanted,
          into: base,
          recordSize: size + 1, offset: 1)
      }
      #expect(
        back == Array(records[wanted.lowerBound * (size + 1)..<wanted.upperBound * (size + 1)]))
    }
  }

  @Test(arguments: [1, 2, 4, 8]) func planesComeBack(size: Int) throws {
    var random = Seeded(UInt64(size))
    for count in [1, 2, 63, 500] {
      try expectInverse((0..<count).map { _ in random.next() }, size: size)
      try expectInverse([UInt64](repeating: .max, count: count), size: size)
      try expectInverse((0..<UInt64(count)).map { $0 &* 0x0123_4567_89AB_CDEF }, size: size)
      try expectInverse((0..<UInt64(count)).map { $0 &* $0 &* 12345 }, size: size)
      try expectInverse(
        (0..<count).map { (Double($0) / 100).bitPattern &+ random.next() % 3 }, size: size)
    }
  }

  private func exceptions(_ places: [UInt32], count: Int) throws {
    let size = 3
    let records = (0..<count * 4).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    var placeBytes: [UInt8] = []
    let values = try ByteBuffer()
    try records.withUnsafeBytes {
      try Exceptions.write(
        places, $0, recordSize: 4, offset: 1, size: size, count: count, places: &placeBytes,
        values: values)
    }
    #expect(values.count == places.count * size)
    #expect(placeBytes.count <= (count + 7) / 8 || places.count * 2 < count)
    var back = [UInt8](repeating: 0, count: count * 4)
    try back.withUnsafeMutableBytes { back in
      try placeBytes.withUnsafeBytes { placeBytes in
        var placeReader = ByteReader(placeBytes, what: "a test")
        var valueReader = ByteReader(values.bytes, what: "a test")
        try Exceptions.read(
          places.count, count: count, size: size, places: &placeReader, values: &valueReader,
          wanted: 0..<count, into: back.baseAddress!, recordSize: 4, offset: 1)
        try placeReader.expectEnd()
        try valueReader.expectEnd()
      }
    }
    for record in 0..<count {
      let expected =
        places.contains(UInt32(record))
        ? Array(records[record * 4 + 1..<record * 4 + 4]) : [0, 0, 0]
      #expect(Array(back[record * 4 + 1..<record * 4 + 4]) == expected)
      #expect(back[record * 4] == 0)
    }
  }

  @Test func exceptionsComeBackAsGapsAndAsMasks() throws {
    for count in [1, 7, 8, 9, 100, 333] {
      try exceptions([], count: count)
      try exceptions([UInt32(count - 1)], count: count)
      try exceptions([0], count: count)
      try exceptions((0..<UInt32(count)).map { $0 }, count: count)
      try exceptions((0..<UInt32(count)).filter { $0 % 17 == 3 }.reversed(), count: count)
      try exceptions((0..<UInt32(count)).filter { $0 % 40 == 39 }, count: count)
      try exceptions((0..<UInt32(count)).filter { $0 % 2 == 1 }, count: count)
    }
  }

  @Test func refusesPlacesThatAreNotThere() {
    func read(_ exceptionCount: Int, _ places: [UInt8], count: Int) -> Int32 {
      status {
        let values = [UInt8](repeating: 1, count: exceptionCount)
        try values.withUnsafeBytes { values in
          try places.withUnsafeBytes { places in
            var placeReader = ByteReader(places, what: "a test")
            var valueReader = ByteReader(values, what: "a test")
            try Exceptions.read(
              exceptionCount, count: count, size: 1, places: &placeReader, values: &valueReader,
              wanted: 0..<0, into: nil, recordSize: 1, offset: 0)
          }
        }
      }
    }
    #expect(read(1, [100], count: 100) == 6)
    #expect(read(1, [99], count: 100) == 0)
    #expect(read(2, [99, 0], count: 100) == 6)
    #expect(read(1, [0xFF, 0xFF, 1], count: 100) == 7)
    #expect(read(1, [], count: 100) == 5)
    // A mask of ten records.
    #expect(read(5, [0x1F, 0], count: 10) == 0)
    #expect(read(5, [0x0F, 0], count: 10) == 6)
    #expect(read(5, [0x3F, 0], count: 10) == 6)
    #expect(read(5, [0x1F, 0xFC], count: 10) == 0)
    #expect(read(5, [0x1F], count: 10) == 5)
  }
}
