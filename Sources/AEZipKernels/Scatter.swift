import CPlatform

/// Values of a block to their records; see `aezk_kernels.scatter`.
func scatter(
  _ output: UnsafeMutableRawPointer?, _ values: UnsafeRawPointer?, _ type: Int32, _ origin: Int64,
  _ places: UnsafePointer<aezk_places>?
) {
  let float = values!.assumingMemoryBound(to: Float.self)
  let double = values!.assumingMemoryBound(to: Double.self)
  let (output, places) = (output!, places!.pointee)
  switch type {
  case 1: forEachRecord(output, places) { $1.storeBytes(of: float[$0], as: Float.self) }
  case 2: forEachRecord(output, places) { $1.storeBytes(of: double[$0], as: Double.self) }
  case 3, 7: forEachRecord(output, places) { $1.storeBytes(of: narrowed(float[$0]), as: Int8.self) }
  case 4, 8:
    forEachRecord(output, places) { $1.storeBytes(of: narrowed(float[$0]), as: Int16.self) }
  case 5, 9:
    forEachRecord(output, places) { $1.storeBytes(of: narrowed(double[$0]), as: Int32.self) }
  default:
    forEachRecord(output, places) {
      $1.storeBytes(of: origin &+ Int64(double[$0]), as: Int64.self)
    }
  }
}

/// The low bits of a whole number: signed and unsigned types have the same.
@inline(__always)
func narrowed<T: FixedWidthInteger>(_ value: Float) -> T { T(truncatingIfNeeded: Int32(value)) }
@inline(__always)
func narrowed<T: FixedWidthInteger>(_ value: Double) -> T { T(truncatingIfNeeded: Int64(value)) }

@inline(__always)
func forEachRecord(
  _ output: UnsafeMutableRawPointer, _ places: aezk_places,
  _ body: (_ lane: Int, _ place: UnsafeMutableRawPointer) -> Void
) {
  var record = places.first
  var lane = 0
  while lane < places.lanes {
    if record >= 0 && record < places.records { body(lane, output + record &* places.record_size) }
    record &+= places.strand &+ (lane < places.longer ? 1 : 0)
    lane &+= 1
  }
}
