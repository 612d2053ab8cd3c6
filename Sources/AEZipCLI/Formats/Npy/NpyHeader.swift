import AEZip

/// The header of a .npy file.
///
/// Source: numpy.lib.format, "Format Version 1.0" to "3.0".
struct NpyHeader {
  var descr: PythonLiteral
  var isFortranOrder: Bool
  var shape: [Int]

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// Far above the header of a record with the most fields.
  private static let largestByteCount = 16 << 20

  /// Reads the header at the beginning of a file.
  /// - Returns: the header, and the offset of the first value.
  static func read(_ file: InputFile) throws -> (header: NpyHeader, dataOffset: Int) {
    func bytes(_ count: Int, at offset: Int) throws -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: count)
      let filled = try bytes.withUnsafeMutableBytes { try file.read(at: offset, into: $0) }
      guard offset + filled > 0 else {
        throw Failure(.badData, file.name, "is empty; expected a .npy file")
      }
      guard filled == count else {
        throw Failure(
          .badData, file.name,
          "truncated: the .npy header needs \(offset + count) bytes, \(offset + filled) are there; "
            + "fetch the whole file again")
      }
      return bytes
    }
    let start = try bytes(8, at: 0)
    guard start.starts(with: magic) else {
      throw Failure(.badData, file.name, "not a .npy file; give a file that numpy.save wrote")
    }
    let version = start[6]
    guard (1...3).contains(version) else {
      throw Failure(
        .badData, file.name, ".npy version \(version), but this aezip reads 1 to 3; update aezip")
    }
    let lengthSize = version == 1 ? 2 : 4
    let length = try bytes(lengthSize, at: 8).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= min(largestByteCount, file.size ?? .max) else {
      throw Failure(
        .badData, file.name,
        "the .npy header of \(length) bytes is longer than the file or the "
          + "limit of \(largestByteCount); fetch the file again")
    }
    var text = try bytes(length, at: 8 + lengthSize)
    if version < 3 { text = text.flatMap { Array(String(Character(Unicode.Scalar($0))).utf8) } }
    guard let literal = PythonLiteral(text), let header = NpyHeader(literal) else {
      throw Failure(.badData, file.name, "the .npy header is damaged; fetch the file again")
    }
    return (header, 8 + lengthSize + length)
  }

  init?(_ literal: PythonLiteral) {
    guard let descr = literal["descr"], let order = literal["fortran_order"]?.boolean,
      let extents = literal["shape"]?.elements?.map(\.integer), !extents.contains(nil),
      extents.allSatisfy({ $0! >= 0 })
    else { return nil }
    self.init(descr: descr, isFortranOrder: order, shape: extents.map { $0! })
  }

  init(descr: PythonLiteral, isFortranOrder: Bool, shape: [Int]) {
    self.descr = descr
    self.isFortranOrder = isFortranOrder
    self.shape = shape
  }

  /// The bytes before the first value, as numpy writes them; their number is a multiple of 64.
  ///
  /// numpy leaves space behind the dictionary for the axis that could grow.
  var bytes: [UInt8] {
    let literal = PythonLiteral.dictionary([
      ("descr", descr), ("fortran_order", .boolean(isFortranOrder)),
      ("shape", .tuple(shape.map { .integer($0) })),
    ])
    var text = Array((literal.text.dropLast() + ", }").utf8)
    let growing = (isFortranOrder ? shape.last : shape.first) ?? 0
    text += [UInt8](repeating: 0x20, count: max(0, 21 - "\(growing)".count))
    let version: UInt8 = text.contains { $0 > 127 } ? 3 : text.count + 128 > 0xFFFF ? 2 : 1
    let lengthSize = version == 1 ? 2 : 4
    let padding = 64 - (8 + lengthSize + text.count + 1) % 64
    text += [UInt8](repeating: 0x20, count: padding)
    text.append(0x0A)
    var bytes = Self.magic + [version, 0]
    for index in 0..<lengthSize {
      bytes.append(UInt8(truncatingIfNeeded: text.count >> (8 * index)))
    }
    return bytes + text
  }
}

/// What a container remembers of the .npy file that was compressed.
struct NpyOrigin {
  var header: NpyHeader
  var type: NpyType

  var json: Json {
    Origin.metadata(
      .npy,
      [
        ("descr", .string(header.descr.text)),
        ("fortran", .bool(header.isFortranOrder)),
        ("shape", .array(header.shape.map { .number(Double($0)) })),
      ])
  }

  init(header: NpyHeader, type: NpyType) {
    self.header = header
    self.type = type
  }

  /// Nil if it is damaged. The first extent is -1 if a stream began without knowing it.
  init?(_ json: Json) {
    guard let descr = json["descr"]?.string.flatMap({ PythonLiteral(Array($0.utf8)) }),
      let fortran = json["fortran"]?.bool,
      let extents = json["shape"]?.array, let type = try? NpyType(descr)
    else { return nil }
    let shape = extents.compactMap(\.integer)
    guard shape.count == extents.count, let first = shape.first, first >= -1,
      shape.dropFirst().allSatisfy({ $0 >= 0 })
    else { return nil }
    header = NpyHeader(descr: descr, isFortranOrder: fortran, shape: shape)
    self.type = type
  }

  /// Whether it describes a container of these records.
  func fits(_ layout: Layout, recordCount: Int) -> Bool {
    func product(_ extents: ArraySlice<Int>) -> Int? {
      var product = 1
      for extent in extents {
        let (next, overflow) = product.multipliedReportingOverflow(by: extent)
        if overflow { return nil }
        product = next
      }
      return product
    }
    var header = header
    guard let recordAxis = header.shape.first else { return false }
    if recordAxis == -1 { header.shape[0] = recordCount }
    if type.isStructured {
      return layout.recordSize == type.recordSize && layout.fields.count == type.elements.count
        && product(header.shape[...]) == recordCount
        && zip(layout.fields, type.elements).allSatisfy {
          $0.type == $1.type && $0.offset == $1.offset
        }
    }
    let number = type.elements[0].type
    return header.shape[0] == recordCount
      && product(header.shape.dropFirst()) == layout.fields.count
      && layout.recordSize == layout.fields.count * number.size
      && layout.fields.enumerated().allSatisfy {
        $1.type == number && $1.offset == $0 * number.size
      }
  }

  /// The dtype of a field of the container.
  func element(_ index: Int) -> NpyType.Element {
    type.elements[type.isStructured ? index : 0]
  }
}
