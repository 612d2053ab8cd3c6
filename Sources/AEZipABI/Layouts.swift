#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez

extension Layout {
  /// The layout that a C struct describes. Everything is copied.
  ///
  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` naming the member and the field.
  init(_ pointer: UnsafePointer<aez_layout>?) throws(AEZipError) {
    let layout = try required(pointer, "layout")
    // Version 0.1 is the first: its struct is the smallest there is.
    try checkSize(
      layout.pointee.struct_size, first: MemoryLayout<aez_layout>.size, "layout")
    let count = layout.pointee.field_count
    guard count >= 1, count <= Layout.largestFieldCount else {
      throw .invalidArgument(
        "layout->field_count is not 1 to #", Layout.largestFieldCount)
    }
    let source = try required(layout.pointee.fields, "layout->fields")
    var fields: [Field] = []
    fields.reserveCapacity(count)
    for index in 0..<count { fields.append(try Field(source[index], index)) }
    try self.init(fields: fields, recordSize: layout.pointee.record_size)
  }
}

extension Field {
  init(_ field: aez_field, _ index: Int) throws(AEZipError) {
    guard let raw = UInt8(exactly: field.type), let type = ElementType(rawValue: raw) else {
      throw .invalidArgument(
        "field # has the type #, which is no aez_type", index, Int(field.type))
    }
    guard let offset = Int(exactly: field.offset) else {
      throw .invalidArgument(
        "the offset of field # leaves the record", index)
    }
    self.init(
      nameBytes: try fieldName(field.name, index), type: type, offset: offset,
      bound: try Bound(kind: field.bound_kind, field.bound, index))
  }
}

extension Bound {
  init(kind: UInt32, _ bound: Double, _ index: Int) throws(AEZipError) {
    switch aez_bound_kind(rawValue: kind) {
    case AEZ_EXACT: self = .exact
    case AEZ_ABSOLUTE: self = .absolute(bound)
    case AEZ_RELATIVE: self = .relative(bound)
    case AEZ_FREE: self = .free
    default:
      throw .invalidArgument(
        "field # has the bound kind #, which is no aez_bound_kind", index, Int(kind))
    }
  }

  /// The kind and the number as C has them; the inverse of ``init(kind:_:_:)``.
  var forC: (kind: UInt32, bound: Double) {
    switch self {
    case .exact: (AEZ_EXACT.rawValue, 0)
    case .absolute(let bound): (AEZ_ABSOLUTE.rawValue, bound)
    case .relative(let bound): (AEZ_RELATIVE.rawValue, bound)
    case .free: (AEZ_FREE.rawValue, 0)
    }
  }
}

/// A field's name, of which no more bytes are read than a name may have.
///
/// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` if it is too long.
private func fieldName(
  _ name: UnsafePointer<CChar>?, _ index: Int
) throws(AEZipError) -> [UInt8] {
  guard let name else { return [] }
  var length = 0
  while length <= Layout.longestName, name[length] != 0 { length += 1 }
  guard length <= Layout.longestName else {
    throw .invalidArgument(
      "the name of field # is longer than # bytes", index, Layout.longestName)
  }
  return [UInt8](UnsafeRawBufferPointer(start: name, count: length))
}
