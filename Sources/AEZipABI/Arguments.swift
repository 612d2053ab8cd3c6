#if !AEZ_EMBEDDED
  import AEZip
#endif

/// The value of a pointer that must not be NULL.
///
/// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` naming the parameter.
@inline(__always)
func required<Pointer>(_ pointer: Pointer?, _ name: StaticString) throws(AEZipError) -> Pointer {
  guard let pointer else { throw .invalidArgument("@ is NULL; give a valid pointer", name: name) }
  return pointer
}

/// A count or a size from C as an Int.
///
/// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` if it is larger than any memory.
func count(_ value: UInt64, _ name: StaticString) throws(AEZipError) -> Int {
  guard let value = Int(exactly: value) else {
    throw .invalidArgument("@ is more than any memory holds", name: name)
  }
  return value
}

/// The number of bytes of `count` records.
///
/// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` if it overflows.
func byteCount(of recordCount: Int, recordSize: Int) throws(AEZipError) -> Int {
  let (bytes, overflow) = recordCount.multipliedReportingOverflow(by: recordSize)
  guard !overflow else {
    throw .invalidArgument(
      "# records of # bytes are more than any memory holds", recordCount, recordSize)
  }
  return bytes
}

/// Bytes to read. NULL is fine where there are none.
///
/// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` naming the parameter. A `size_t` above `Int.max`
///   arrives here as a negative number.
func input(
  _ bytes: UnsafeRawPointer?, _ size: Int, _ name: StaticString
) throws(AEZipError) -> UnsafeRawBufferPointer {
  guard size >= 0 else {
    throw .invalidArgument("the size of @ is more than any memory holds", name: name)
  }
  guard size > 0 else { return UnsafeRawBufferPointer(start: bytes, count: 0) }
  return UnsafeRawBufferPointer(start: try required(bytes, name), count: size)
}

/// `recordCount` whole records to read.
func records(
  _ bytes: UnsafeRawPointer?, _ recordCount: UInt64, recordSize: Int
) throws(AEZipError) -> UnsafeRawBufferPointer {
  let recordCount = try count(recordCount, "record_count")
  return try input(bytes, byteCount(of: recordCount, recordSize: recordSize), "records")
}

/// The first `needed` bytes of the caller's buffer.
///
/// - Throws: ``AEZipError/bufferTooSmall(needed:available:)``, or
///   ``AEZipError/invalidArgument(_:_:_:name:)`` if it is NULL though bytes are needed.
func output(
  _ buffer: UnsafeMutableRawPointer?, capacity: Int, needed: Int, _ name: StaticString
) throws(AEZipError) -> UnsafeMutableRawBufferPointer {
  let capacity = unsignedCapacity(capacity)
  guard capacity >= needed else { throw .bufferTooSmall(needed: needed, available: capacity) }
  guard needed > 0 else { return UnsafeMutableRawBufferPointer(start: buffer, count: 0) }
  return UnsafeMutableRawBufferPointer(start: try required(buffer, name), count: needed)
}

/// A `size_t` that says how much room there is: above `Int.max` it means "enough".
func unsignedCapacity(_ capacity: Int) -> Int { capacity < 0 ? Int.max : capacity }

/// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` if a number of threads is negative.
func threadCount(_ threads: Int32) throws(AEZipError) -> Int {
  guard threads >= 0 else {
    throw .invalidArgument(
      "threads is #; give 0 for one per processor, or a number", Int(threads))
  }
  return Int(threads)
}

/// Checks the size that a struct of the caller's begins with. Later versions may be longer, and
/// what they add is not looked at.
func checkSize(_ size: Int, first: Int, _ name: StaticString) throws(AEZipError) {
  // A size_t above Int.max arrives as a negative number and is no struct either.
  guard size >= first else {
    throw .invalidArgument(
      "the struct_size of @ is too small; set it to the struct's sizeof", name: name)
  }
}
