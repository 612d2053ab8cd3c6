/// The error that a field's restored values may have.
public enum Bound: Sendable, Equatable {
  /// Every bit is kept.
  case exact
  /// |value - restored| <= bound, in the field's units; 0 keeps every value.
  case absolute(Double)
  /// |value - restored| <= bound * (max - min of the field's finite values).
  case relative(Double)
  /// No bound: finite values are what the latents tell, or what the mean error asked for permits.
  case free

  var isRelative: Bool {
    switch self {
    case .exact, .absolute, .free: false
    case .relative: true
    }
  }
}

/// One field of a record.
public struct Field: Sendable {
  /// ``name`` in UTF-8. Kept so because `String` would add 10 kB to the C library.
  public var nameBytes: [UInt8]
  public var type: ElementType
  /// Byte offset in the record; no alignment needed.
  public var offset: Int
  public var bound: Bound

  public init(nameBytes: [UInt8], type: ElementType, offset: Int, bound: Bound) {
    self.nameBytes = nameBytes
    self.type = type
    self.offset = offset
    self.bound = bound
  }

  public init(name: String = "", type: ElementType, offset: Int, bound: Bound) {
    self.init(nameBytes: Array(name.utf8), type: type, offset: offset, bound: bound)
  }

  /// At most 255 bytes of UTF-8; empty for the unnamed columns of a matrix.
  public var name: String {
    get { String(decoding: nameBytes, as: UTF8.self) }
    set { nameBytes = Array(newValue.utf8) }
  }
}

/// How a record lies in memory, and how exactly each of its fields must come back.
///
/// Bytes that no field covers (padding) are not kept; they are restored as 0.
public struct Layout: Sendable {
  public let fields: [Field]
  /// Bytes from one record to the next.
  public let recordSize: Int

  public static let largestFieldCount = 65535
  public static let largestRecordSize = 1 << 20
  public static let longestName = 255

  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` if there is no field, a field leaves the record or
  ///   overlaps another, a bound is negative or not finite, or a limit is exceeded.
  public init(fields: [Field], recordSize: Int) throws(AEZipError) {
    guard fields.count >= 1, fields.count <= Self.largestFieldCount else {
      throw .invalidArgument(
        "# fields; a record has 1 to # fields", fields.count, Self.largestFieldCount)
    }
    guard recordSize >= 1, recordSize <= Self.largestRecordSize else {
      throw .invalidArgument(
        "record size of # bytes; it must be 1 to #", recordSize, Self.largestRecordSize)
    }
    var covered = List<Bool>(repeating: false, count: recordSize)
    for index in 0..<fields.count {
      let field = fields[index]
      guard field.offset >= 0, field.offset <= recordSize - field.type.size else {
        throw .invalidArgument(
          "field # leaves the record of # bytes; correct its offset or the record size", index,
          recordSize)
      }
      for byte in field.offset..<field.offset + field.type.size {
        guard !covered[byte] else {
          throw .invalidArgument(
            "field # at offset # overlaps another field", index, field.offset)
        }
        covered[byte] = true
      }
      guard field.nameBytes.count <= Self.longestName else {
        throw .invalidArgument(
          "the name of field # is longer than # bytes", index, Self.longestName)
      }
      guard isUTF8(field.nameBytes), !field.nameBytes.contains(0) else {
        throw .invalidArgument("the name of field # is not UTF-8, or has a zero byte", index)
      }
      switch field.bound {
      case .exact, .free: break
      case .absolute(let bound), .relative(let bound):
        guard bound.isFinite, bound >= 0 else {
          throw .invalidArgument(
            "the bound of field # must be finite and not negative", index)
        }
      }
    }
    self.fields = fields
    self.recordSize = recordSize
  }

  /// A matrix: `fieldCount` unnamed columns of one type, without gaps.
  public init(matrixOf type: ElementType, fieldCount: Int, bound: Bound) throws(AEZipError) {
    guard fieldCount >= 1, fieldCount <= Self.largestFieldCount else {
      throw .invalidArgument(
        "# fields; a record has 1 to # fields", fieldCount, Self.largestFieldCount)
    }
    try self.init(
      fields: (0..<fieldCount).map {
        Field(nameBytes: [], type: type, offset: $0 * type.size, bound: bound)
      },
      recordSize: fieldCount * type.size)
  }
}
