#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez
import CPlatform

/// What an `aez_model *` points to. Nothing in it changes after it is made, so that any number of
/// threads may use it.
final class ModelHandle {
  let model: Autoencoder
  /// The field names as C strings, one after the other.
  private let names: UnsafeMutablePointer<UInt8>

  private init(_ model: Autoencoder, _ names: UnsafeMutablePointer<UInt8>) {
    self.model = model
    self.names = names
  }

  deinit { free(names) }

  static func of(_ pointer: OpaquePointer?) throws(AEZipError) -> ModelHandle {
    let pointer = UnsafeRawPointer(try required(pointer, "model"))
    return Unmanaged<ModelHandle>.fromOpaque(pointer).takeUnretainedValue()
  }

  static func optional(_ pointer: OpaquePointer?) throws(AEZipError) -> Autoencoder? {
    pointer == nil ? nil : try of(pointer).model
  }

  /// Hands a model over to the caller, who frees it with `aez_model_free`.
  static func hand(
    _ model: Autoencoder, to pointer: UnsafeMutablePointer<OpaquePointer?>
  ) throws(AEZipError) {
    var size = 0
    for field in model.layout.fields { size += field.nameBytes.count + 1 }
    guard let memory = malloc(size) else { throw .outOfMemory(bytes: size) }
    let names = memory.assumingMemoryBound(to: UInt8.self)
    var end = 0
    for field in model.layout.fields {
      for byte in field.nameBytes {
        names[end] = byte
        end += 1
      }
      names[end] = 0
      end += 1
    }
    let handle = ModelHandle(model, names)
    pointer.pointee = OpaquePointer(Unmanaged.passRetained(handle).toOpaque())
  }

  func name(of field: Int) -> UnsafePointer<CChar> {
    var offset = 0
    for before in 0..<field { offset += model.layout.fields[before].nameBytes.count + 1 }
    return UnsafeRawPointer(names + offset).assumingMemoryBound(to: CChar.self)
  }
}

/// Reads a model file from memory.
@_cdecl("aez_model_load") @implementation
public func aez_model_load(
  _ bytes: UnsafeRawPointer?, _ size: Int, _ model: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  model?.pointee = nil
  return entry(error) { () throws(AEZipError) in
    let model = try required(model, "model")
    let bytes = try input(try required(bytes, "bytes"), size, "bytes")
    try ModelHandle.hand(try Autoencoder(decoding: bytes), to: model)
  }
}

/// The bytes of the model file.
@_cdecl("aez_model_save") @implementation
public func aez_model_save(
  _ model: OpaquePointer?, _ bytes: UnsafeMutableRawPointer?, _ capacity: Int,
  _ size: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  size?.pointee = 0
  return entry(error) { () throws(AEZipError) in
    try hand(try ModelHandle.of(model).model.encoded(), to: bytes, capacity, size, "bytes")
  }
}

/// Copies bytes to the caller; `size` receives their number whether they fit or not.
func hand(
  _ bytes: [UInt8], to buffer: UnsafeMutableRawPointer?, _ capacity: Int,
  _ size: UnsafeMutablePointer<Int>?, _ name: StaticString
) throws(AEZipError) {
  let size = try required(size, "size")
  if capacity != 0 { _ = try required(buffer, name) }
  if unsignedCapacity(capacity) < bytes.count { size.pointee = bytes.count }
  let buffer = try output(buffer, capacity: capacity, needed: bytes.count, name)
  for index in 0..<bytes.count { buffer[index] = bytes[index] }
  size.pointee = bytes.count
}

/// Frees the model.
@_cdecl("aez_model_free") @implementation
public func aez_model_free(_ model: OpaquePointer?) {
  guard let model else { return }
  Unmanaged<ModelHandle>.fromOpaque(UnsafeRawPointer(model)).release()
}

/// The identity of the model.
@_cdecl("aez_model_digest") @implementation
public func aez_model_digest(
  _ model: OpaquePointer?, _ digest: UnsafeMutablePointer<UInt8>?
) -> aez_status {
  entry(nil) { () throws(AEZipError) in
    let digest = try required(digest, "digest")
    let bytes = try ModelHandle.of(model).model.digest
    for index in 0..<Int(AEZ_DIGEST_SIZE) { digest[index] = bytes[index] }
  }
}

/// Kind, fields and latents.
@_cdecl("aez_model_shape") @implementation
public func aez_model_shape(
  _ model: OpaquePointer?, _ kind: UnsafeMutablePointer<Int32>?,
  _ fieldCount: UnsafeMutablePointer<Int>?, _ latentCount: UnsafeMutablePointer<Int>?
) -> aez_status {
  kind?.pointee = 0
  fieldCount?.pointee = 0
  latentCount?.pointee = 0
  return entry(nil) { () throws(AEZipError) in
    let model = try ModelHandle.of(model).model
    kind?.pointee = Int32(model.kind.rawValue)
    fieldCount?.pointee = model.fieldCount
    latentCount?.pointee = model.latentCount
  }
}

/// A field that the model was trained on.
@_cdecl("aez_model_field") @implementation
public func aez_model_field(
  _ model: OpaquePointer?, _ index: Int, _ description: UnsafeMutablePointer<aez_field>?
) -> aez_status {
  entry(nil) { () throws(AEZipError) in
    let description = try required(description, "description")
    description.pointee = aez_field()
    let handle = try ModelHandle.of(model)
    guard index >= 0, index < handle.model.fieldCount else {
      throw .invalidArgument("there is no such field")
    }
    let field = handle.model.layout.fields[index]
    description.pointee.name = handle.name(of: index)
    description.pointee.type = UInt32(field.type.rawValue)
    description.pointee.offset = UInt64(field.offset)
    (description.pointee.bound_kind, description.pointee.bound) = field.bound.forC
  }
}

/// A description as JSON.
@_cdecl("aez_model_info") @implementation
public func aez_model_info(
  _ model: OpaquePointer?, _ json: UnsafeMutablePointer<CChar>?, _ capacity: Int,
  _ size: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  size?.pointee = 0
  return entry(error) { () throws(AEZipError) in
    var text = try ModelHandle.of(model).model.information()
    text.append(0)
    try hand(text, to: json, capacity, size, "json")
  }
}
