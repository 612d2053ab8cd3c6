#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez

/// major * 65536 + minor * 256 + patch.
@_cdecl("aez_version") @implementation
public func aez_version() -> UInt32 {
  UInt32(AEZ_VERSION_MAJOR << 16 | AEZ_VERSION_MINOR << 8 | AEZ_VERSION_PATCH)
}

/// The kernels in use.
@_cdecl("aez_instruction_set") @implementation
public func aez_instruction_set() -> UnsafePointer<CChar>? {
  switch instructionSetLevel {
  case 4: constant("avx512")
  case 3: constant("avx2")
  default: constant("baseline")
  }
}

/// A short fixed text for a status; the texts are part of the interface.
@_cdecl("aez_status_text") @implementation
public func aez_status_text(_ status: aez_status) -> UnsafePointer<CChar>? {
  switch Int(status) {
  case AEZ_OK: constant("success")
  case AEZ_INVALID_ARGUMENT: constant("invalid argument")
  case AEZ_UNREPRESENTABLE: constant("a value cannot be stored as asked")
  case AEZ_NOT_A_CONTAINER: constant("not an aezip container or model")
  case AEZ_UNSUPPORTED_VERSION: constant("written by a newer aezip")
  case AEZ_TRUNCATED: constant("truncated")
  case AEZ_CORRUPTED: constant("corrupted")
  case AEZ_LIMIT_EXCEEDED: constant("larger than this library accepts")
  case AEZ_MODEL_MISMATCH: constant("another model is needed")
  case AEZ_OUT_OF_MEMORY: constant("out of memory")
  case AEZ_BUFFER_TOO_SMALL: constant("the buffer is too small")
  case AEZ_IO: constant("input or output failed")
  case AEZ_CANCELLED: constant("cancelled")
  default: constant("unknown status")
  }
}

/// The address of a literal, which lasts as long as the library is loaded.
private func constant(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
