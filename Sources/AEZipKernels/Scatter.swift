import CPlatform

// Records to values of a block and back. A record is taken after the other, so that each lies in the
// cache, and in the processor's table of pages, while all its fields are moved.

/// See `aezk_kernels.scatter`.
func scatter(
  _ output: UnsafeMutableRawPointer?, _ cells: UnsafePointer<aezk_cell>?, _ count: Int,
  _ type: Int32, _ places: UnsafePointer<aezk_places>?
) {
  let (output, cells, places) = (output!, cells!, places!.pointee)
  switch type {
  case 1:
    forEachCell(output, cells, count, places, Float.self) { value, _, place in
      place.storeBytes(of: value, as: Float.self)
    }
  case 2:
    forEachCell(output, cells, count, places, Double.self) { value, _, place in
      place.storeBytes(of: value, as: Double.self)
    }
  case 3, 7:
    forEachCell(output, cells, count, places, Float.self) { value, _, place in
      place.storeBytes(of: Int8(truncatingIfNeeded: Int32(value)), as: Int8.self)
    }
  case 4, 8:
    forEachCell(output, cells, count, places, Float.self) { value, _, place in
      place.storeBytes(of: Int16(truncatingIfNeeded: Int32(value)), as: Int16.self)
    }
  case 5, 9:
    forEachCell(output, cells, count, places, Double.self) { value, _, place in
      place.storeBytes(of: Int32(truncatingIfNeeded: Int64(value)), as: Int32.self)
    }
  default:
    forEachCell(output, cells, count, places, Double.self) { value, origin, place in
      place.storeBytes(of: origin &+ Int64(value), as: Int64.self)
    }
  }
}

@inline(__always)
func forEachCell<Wide: SIMDScalar>(
  _ output: UnsafeMutableRawPointer, _ cells: UnsafePointer<aezk_cell>, _ count: Int,
  _ places: aezk_places, _: Wide.Type,
  _ body: (_ value: Wide, _ origin: Int64, _ place: UnsafeMutableRawPointer) -> Void
) {
  let size = MemoryLayout<Wide>.stride
  var record = places.first
  var lane = 0
  while lane < places.lanes {
    let row = (places.row &+ lane) &* size
    let step = places.strand &+ (lane < places.longer ? 1 : 0)
    let last = record &+ 3 &* step
    // Four lanes at a time, where all four are alike and wanted.
    if lane &+ 4 <= places.lanes, lane >= places.longer || lane &+ 4 <= places.longer, record >= 0,
      last < places.records
    {
      let apart = step &* places.record_size
      let base = output + record &* places.record_size
      // The records of the next block, which the processor cannot foresee.
      let next = base + (places.record_size &+ cells[0].offset)
      aezk_prefetch(next)
      aezk_prefetch(next + apart)
      aezk_prefetch(next + 2 &* apart)
      aezk_prefetch(next + 3 &* apart)
      var index = 0
      while index < count {
        let cell = cells[index]
        let values = cell.values.loadUnaligned(fromByteOffset: row, as: SIMD4<Wide>.self)
        let place = base + cell.offset
        body(values[0], cell.origin, place)
        body(values[1], cell.origin, place + apart)
        body(values[2], cell.origin, place + 2 &* apart)
        body(values[3], cell.origin, place + 3 &* apart)
        index &+= 1
      }
      record &+= 4 &* step
      lane &+= 4
      continue
    }
    if record >= 0 && record < places.records {
      let base = output + record &* places.record_size
      var index = 0
      while index < count {
        let cell = cells[index]
        body(cell.values.load(fromByteOffset: row, as: Wide.self), cell.origin, base + cell.offset)
        index &+= 1
      }
    }
    record &+= step
    lane &+= 1
  }
}

/// See `aezk_kernels.gather`.
func gather(
  _ input: UnsafeRawPointer?, _ cells: UnsafePointer<aezk_cell>?, _ count: Int, _ type: Int32,
  _ places: UnsafePointer<aezk_places>?
) {
  let (input, cells, places) = (input!, cells!, places!.pointee)
  switch type {
  case 1: forEachInput(input, cells, count, places, Float.self, Float.self) { v, _ in v }
  case 2: forEachInput(input, cells, count, places, Double.self, Double.self) { v, _ in v }
  case 3: forEachInput(input, cells, count, places, Int8.self, Float.self) { v, _ in Float(v) }
  case 4: forEachInput(input, cells, count, places, Int16.self, Float.self) { v, _ in Float(v) }
  case 5: forEachInput(input, cells, count, places, Int32.self, Double.self) { v, _ in Double(v) }
  case 7: forEachInput(input, cells, count, places, UInt8.self, Float.self) { v, _ in Float(v) }
  case 8: forEachInput(input, cells, count, places, UInt16.self, Float.self) { v, _ in Float(v) }
  case 9: forEachInput(input, cells, count, places, UInt32.self, Double.self) { v, _ in Double(v) }
  default:
    forEachInput(input, cells, count, places, Int64.self, Double.self) { value, origin in
      Double(value &- origin)
    }
  }
}

@inline(__always)
func forEachInput<Stored, Wide: SIMDScalar>(
  _ input: UnsafeRawPointer, _ cells: UnsafePointer<aezk_cell>, _ count: Int,
  _ places: aezk_places, _: Stored.Type, _: Wide.Type,
  _ convert: (_ value: Stored, _ origin: Int64) -> Wide
) {
  let size = MemoryLayout<Wide>.stride
  var base = input + places.first &* places.record_size
  var lane = 0
  while lane < places.lanes {
    let row = (places.row &+ lane) &* size
    let apart = (places.strand &+ (lane < places.longer ? 1 : 0)) &* places.record_size
    // Four lanes at a time, where all four are alike.
    let isWhole =
      lane &+ 4 <= places.lanes && (lane >= places.longer || lane &+ 4 <= places.longer)
    var index = 0
    if isWhole {
      while index < count {
        let cell = cells[index]
        let place = base + cell.offset
        let values = SIMD4<Wide>(
          convert(place.loadUnaligned(as: Stored.self), cell.origin),
          convert((place + apart).loadUnaligned(as: Stored.self), cell.origin),
          convert((place + 2 &* apart).loadUnaligned(as: Stored.self), cell.origin),
          convert((place + 3 &* apart).loadUnaligned(as: Stored.self), cell.origin))
        (cell.values + row).storeBytes(of: values, as: SIMD4<Wide>.self)
        index &+= 1
      }
    } else {
      while index < count {
        let cell = cells[index]
        let value = (base + cell.offset).loadUnaligned(as: Stored.self)
        cell.values.storeBytes(of: convert(value, cell.origin), toByteOffset: row, as: Wide.self)
        index &+= 1
      }
    }
    base += isWhole ? 4 &* apart : apart
    lane &+= isWhole ? 4 : 1
  }
}
