#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez
import CPlatform

/// The way in and out of every function that runs the codec: sets the floating-point state that the
/// codec's arithmetic is defined for, and turns a thrown error into a status and a filled `error`.
///
/// - Parameters:
///   - error: the caller's, or nil; left as it is on success.
///   - body: the function's work. Bytes and arguments from outside must throw in it, never trap.
@inline(__always)
func entry(
  _ error: UnsafeMutablePointer<aez_error>?, _ body: () throws(AEZipError) -> Void
) -> aez_status {
  let hostState = aezfp_enter()
  defer { aezfp_leave(hostState) }
  do throws(AEZipError) {
    try body()
    return aez_status(AEZ_OK)
  } catch let failure {
    if let error { describe(failure, in: error) }
    return failure.status
  }
}

/// Fills the caller's error: status, place and message.
private func describe(_ failure: AEZipError, in error: UnsafeMutablePointer<aez_error>) {
  error.pointee = aez_error()
  error.pointee.status = failure.status
  error.pointee.record = -1
  error.pointee.field = -1
  if case .unrepresentableValue(let record, let field, _) = failure {
    error.pointee.record = Int64(record)
    error.pointee.field = Int64(field)
  }
  withUnsafeMutableBytes(of: &error.pointee.message) { copy(failure.messageBytes, into: $0) }
}

/// Copies a text and a NUL, cut between two characters if it is too long. `bytes` must not be empty.
private func copy(_ text: [UInt8], into bytes: UnsafeMutableRawBufferPointer) {
  var end = 0
  for byte in text {
    guard end < bytes.count - 1 else {
      // The byte that did not fit may continue a character: drop what is there of it.
      var cut = byte & 0xC0 == 0x80
      while cut, end > 0 {
        end -= 1
        cut = bytes[end] & 0xC0 == 0x80
      }
      break
    }
    bytes[end] = byte
    end += 1
  }
  bytes[end] = 0
}
