import CPlatform

/// Records to values of a block, the inverse of `scatter`; see `aezk_kernels.gather`.
func gather(
  _ values: UnsafeMutableRawPointer?, _ input: UnsafeRawPointer?, _ type: Int32, _ origin: Int64,
  _ places: UnsafePointer<aezk_places>?
) {
  let float = values!.assumingMemoryBound(to: Float.self)
  let double = values!.assumingMemoryBound(to: Double.self)
  let (input, places) = (input!, places!.pointee)
  switch type {
  case 1: forEachInput(input, places) { float[$0] = $1.loadUnaligned(as: Float.self) }
  case 2: forEachInput(input, places) { double[$0] = $1.loadUnaligned(as: Double.self) }
  case 3: forEachInput(input, places) { float[$0] = Float($1.loadUnaligned(as: Int8.self)) }
  case 4: forEachInput(input, places) { float[$0] = Float($1.loadUnaligned(as: Int16.self)) }
  case 5: forEachInput(input, places) { double[$0] = Double($1.loadUnaligned(as: Int32.self)) }
  case 7: forEachInput(input, places) { float[$0] = Float($1.loadUnaligned(as: UInt8.self)) }
  case 8: forEachInput(input, places) { float[$0] = Float($1.loadUnaligned(as: UInt16.self)) }
  case 9: forEachInput(input, places) { double[$0] = Double($1.loadUnaligned(as: UInt32.self)) }
  default:
    forEachInput(input, places) {
      double[$0] = Double($1.loadUnaligned(as: Int64.self) &- origin)
    }
  }
}

@inline(__always)
func forEachInput(
  _ input: UnsafeRawPointer, _ places: aezk_places,
  _ body: (_ lane: Int, _ place: UnsafeRawPointer) -> Void
) {
  var place = input + places.first &* places.record_size
  let step = places.strand &* places.record_size
  var lane = 0
  while lane < places.longer && lane < places.lanes {
    body(lane, place)
    place += step &+ places.record_size
    lane &+= 1
  }
  while lane < places.lanes {
    body(lane, place)
    place += step
    lane &+= 1
  }
}
