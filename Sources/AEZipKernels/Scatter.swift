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
  case 1: forEachCell(output, cells, count, places) { (v: SIMD4<Float>, _) in v }
  case 2: forEachCell(output, cells, count, places) { (v: SIMD4<Double>, _) in v }
  case 3, 7:
    forEachCell(output, cells, count, places) { v, _ in
      SIMD4<Int8>(truncatingIfNeeded: aezk_integers_f32(v))
    }
  case 4, 8:
    forEachCell(output, cells, count, places) { v, _ in
      SIMD4<Int16>(truncatingIfNeeded: aezk_integers_f32(v))
    }
  case 5, 9:
    forEachCell(output, cells, count, places) { v, _ in
      SIMD4<Int32>(truncatingIfNeeded: aezk_integers_f64(v))
    }
  default:
    forEachCell(output, cells, count, places) { v, origin in
      aezk_integers_f64(v) &+ SIMD4(repeating: origin)
    }
  }
}

/// - Parameter convert: values of four lanes to those that are stored, with the origin of their field.
@inline(__always)
func forEachCell<Wide: SIMDScalar, Stored: SIMDScalar>(
  _ output: UnsafeMutableRawPointer, _ cells: UnsafePointer<aezk_cell>, _ count: Int,
  _ places: aezk_places, _ convert: (_ values: SIMD4<Wide>, _ origin: Int64) -> SIMD4<Stored>
) {
  let size = MemoryLayout<Wide>.stride
  let storedSize = MemoryLayout<Stored>.stride
  var record = places.first
  var lane = 0
  while lane < places.lanes {
    let row = (places.row &+ lane) &* size
    let step = places.strand &+ (lane < places.longer ? 1 : 0)
    let last = record &+ 3 &* step
    let base = output + record &* places.record_size
    var index = 0
    // Four lanes at a time, where all four are alike and wanted.
    if lane &+ 4 <= places.lanes, lane >= places.longer || lane &+ 4 <= places.longer, record >= 0,
      last < places.records
    {
      let apart = step &* places.record_size
      // The records of the next block, which the processor cannot foresee.
      let next = base + (places.record_size &+ cells[0].offset)
      aezk_prefetch(next)
      aezk_prefetch(next + apart)
      aezk_prefetch(next + 2 &* apart)
      aezk_prefetch(next + 3 &* apart)
      while index < count {
        let cell = cells + index
        let place = base + cell.pointee.offset
        let a = converted(cell, row, convert)
        // Four fields at a time, where they lie side by side.
        if index &+ 4 <= count, cell[1].offset &- cell[0].offset == storedSize,
          cell[2].offset &- cell[1].offset == storedSize,
          cell[3].offset &- cell[2].offset == storedSize
        {
          let b = converted(cell + 1, row, convert)
          let c = converted(cell + 2, row, convert)
          let d = converted(cell + 3, row, convert)
          place.storeBytes(of: SIMD4(a[0], b[0], c[0], d[0]), as: SIMD4<Stored>.self)
          (place + apart).storeBytes(of: SIMD4(a[1], b[1], c[1], d[1]), as: SIMD4<Stored>.self)
          (place + 2 &* apart).storeBytes(of: SIMD4(a[2], b[2], c[2], d[2]), as: SIMD4<Stored>.self)
          (place + 3 &* apart).storeBytes(of: SIMD4(a[3], b[3], c[3], d[3]), as: SIMD4<Stored>.self)
          index &+= 4
        } else {
          place.storeBytes(of: a[0], as: Stored.self)
          (place + apart).storeBytes(of: a[1], as: Stored.self)
          (place + 2 &* apart).storeBytes(of: a[2], as: Stored.self)
          (place + 3 &* apart).storeBytes(of: a[3], as: Stored.self)
          index &+= 1
        }
      }
      record &+= 4 &* step
      lane &+= 4
      continue
    }
    while index < count && record >= 0 && record < places.records {
      let cell = cells[index]
      let value = SIMD4(repeating: cell.values.load(fromByteOffset: row, as: Wide.self))
      (base + cell.offset).storeBytes(of: convert(value, cell.origin)[0], as: Stored.self)
      index &+= 1
    }
    record &+= step
    lane &+= 1
  }
}

/// What is stored of a cell's values from `row` on.
@inline(__always)
func converted<Wide: SIMDScalar, Stored: SIMDScalar>(
  _ cell: UnsafePointer<aezk_cell>, _ row: Int,
  _ convert: (_ values: SIMD4<Wide>, _ origin: Int64) -> SIMD4<Stored>
) -> SIMD4<Stored> {
  let cell = cell.pointee
  return convert(cell.values.loadUnaligned(fromByteOffset: row, as: SIMD4<Wide>.self), cell.origin)
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
  var base = input + places.first &* places.record_size
  var lane = 0
  while lane < places.lanes {
    let apart = (places.strand &+ (lane < places.longer ? 1 : 0)) &* places.record_size
    // Four lanes at a time, where all four are alike.
    let isWhole =
      lane &+ 4 <= places.lanes && (lane >= places.longer || lane &+ 4 <= places.longer)
    // Block after block: the records of a lane lie side by side.
    var block = 0
    while block < places.blocks {
      let row = (places.row &+ lane &+ laneCount &* block) &* MemoryLayout<Wide>.stride
      let records = base + block &* places.record_size
      if isWhole {
        takeFour(records, apart, cells, count, row, convert)
      } else {
        var index = 0
        while index < count {
          let cell = cells[index]
          let value = (records + cell.offset).loadUnaligned(as: Stored.self)
          cell.values.storeBytes(of: convert(value, cell.origin), toByteOffset: row, as: Wide.self)
          index &+= 1
        }
      }
      block &+= 1
    }
    base += isWhole ? 4 &* apart : apart
    lane &+= isWhole ? 4 : 1
  }
}

/// The fields of four records.
@inline(__always)
func takeFour<Stored, Wide: SIMDScalar>(
  _ records: UnsafeRawPointer, _ apart: Int, _ cells: UnsafePointer<aezk_cell>, _ count: Int,
  _ row: Int, _ convert: (_ value: Stored, _ origin: Int64) -> Wide
) {
  let stored = MemoryLayout<Stored>.stride
  var index = 0
  while index < count {
    let cell = cells[index]
    let place = records + cell.offset
    // Four fields at a time, where they lie side by side.
    let next = cells + index
    if Stored.self == Wide.self, index &+ 4 <= count, next[1].offset &- cell.offset == stored,
      next[2].offset &- cell.offset == 2 &* stored, next[3].offset &- cell.offset == 3 &* stored
    {
      let a = place.loadUnaligned(as: SIMD4<Wide>.self)
      let b = (place + apart).loadUnaligned(as: SIMD4<Wide>.self)
      let c = (place + 2 &* apart).loadUnaligned(as: SIMD4<Wide>.self)
      let d = (place + 3 &* apart).loadUnaligned(as: SIMD4<Wide>.self)
      let (x, y) = (SIMD4(a[0], b[0], c[0], d[0]), SIMD4(a[1], b[1], c[1], d[1]))
      let (z, w) = (SIMD4(a[2], b[2], c[2], d[2]), SIMD4(a[3], b[3], c[3], d[3]))
      (cell.values + row).storeBytes(of: x, as: SIMD4<Wide>.self)
      (next[1].values + row).storeBytes(of: y, as: SIMD4<Wide>.self)
      (next[2].values + row).storeBytes(of: z, as: SIMD4<Wide>.self)
      (next[3].values + row).storeBytes(of: w, as: SIMD4<Wide>.self)
      index &+= 4
      continue
    }
    let values = SIMD4<Wide>(
      convert(place.loadUnaligned(as: Stored.self), cell.origin),
      convert((place + apart).loadUnaligned(as: Stored.self), cell.origin),
      convert((place + 2 &* apart).loadUnaligned(as: Stored.self), cell.origin),
      convert((place + 3 &* apart).loadUnaligned(as: Stored.self), cell.origin))
    (cell.values + row).storeBytes(of: values, as: SIMD4<Wide>.self)
    index &+= 1
  }
}
