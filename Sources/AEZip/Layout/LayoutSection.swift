// The layout in the file, forward and back: Format.md, section 3.

extension Layout {
  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.count(recordSize)
    writer.count(fields.count)
    var end = 0
    var previous = 0.0
    for field in fields {
      let (kind, bound): (UInt8, Double) =
        switch field.bound {
        case .exact: (0, 0)
        case .absolute(let bound): (1, bound)
        case .relative(let bound): (2, bound)
        case .free: (3, 0)
        }
      let hasBound = kind == 1 || kind == 2
      let repeats = hasBound && bound == previous
      writer.byte(field.type.rawValue | kind << 4 | (repeats ? 64 : 0))
      writer.signed(field.offset - end)
      if hasBound && !repeats { writer.f64(bound) }
      if hasBound { previous = bound }
      writer.block(field.nameBytes)
      end = field.offset + field.type.size
    }
    return writer.bytes
  }

  init(decoding bytes: UnsafeRawBufferPointer) throws(AEZipError) {
    var reader = ByteReader(bytes, what: "the layout")
    let recordSize = try reader.count(limit: Self.largestRecordSize)
    let count = try reader.count(limit: Self.largestFieldCount)
    var fields: [Field] = []
    var end = 0
    var previous = 0.0
    for index in 0..<count {
      let code = try reader.byte()
      guard code & 128 == 0, let type = ElementType(rawValue: code & 15) else {
        throw .corrupted(what: "the type of a field", declared: Int(code), computed: index)
      }
      let gap = try reader.signed()
      guard gap.magnitude <= UInt(Self.largestRecordSize) else {
        throw .corrupted(what: "the offset of a field", declared: gap, computed: recordSize)
      }
      let kind = code >> 4 & 3
      if (kind == 1 || kind == 2) && code & 64 == 0 { previous = try reader.f64() }
      let bound: Bound
      switch kind {
      case 0: bound = .exact
      case 1: bound = .absolute(previous)
      case 2: bound = .relative(previous)
      default: bound = .free
      }
      let name = try reader.block(limit: Self.longestName)
      fields.append(Field(nameBytes: [UInt8](name), type: type, offset: end + gap, bound: bound))
      end += gap + type.size
    }
    try reader.expectEnd()
    do {
      try self.init(fields: fields, recordSize: recordSize)
    } catch {
      throw .corrupted(what: "the layout", declared: count, computed: recordSize)
    }
  }
}
