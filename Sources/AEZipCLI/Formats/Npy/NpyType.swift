import AEZip

/// What a numpy dtype says of a record: the numbers in it, sub-arrays and nested records unfolded.
struct NpyType {
  /// One number of the record.
  struct Element {
    /// `a`, `v[0]`, `m[1,2]`, `p.x`; empty for an array that is not structured.
    var name: String
    var type: ElementType
    /// As numpy spells it, byte order included: '<f4', '>M8[ns]'.
    var code: String
    var offset: Int
    var isBigEndian: Bool
    /// Booleans, which only 0 and 1 can restore.
    var isBoolean: Bool
  }

  private(set) var elements: [Element] = []
  private(set) var recordSize = 0
  /// False for a plain number such as '<f4'.
  private(set) var isStructured = false

  /// Why a dtype cannot be compressed, in the words of the user's file.
  struct Unsupported: Error {
    let problem: String
  }

  /// - Parameter descr: the value of the header's 'descr': '<f4', a list of (name, type[, shape]),
  ///   or
  ///   a dictionary with names, formats, offsets and itemsize.
  init(_ descr: PythonLiteral) throws(Unsupported) {
    recordSize = try unfold(descr, name: "", at: 0, depth: 0)
    if case .string = descr { isStructured = false } else { isStructured = true }
    guard !elements.isEmpty else { throw Unsupported(problem: "the dtype has no fields") }
  }

  private static let largestElementCount = Layout.largestFieldCount

  /// Appends the numbers of a dtype that begins at an offset; returns its size in bytes.
  private mutating func unfold(
    _ descr: PythonLiteral, name: String, at offset: Int, depth: Int
  ) throws(Unsupported) -> Int {
    guard depth < 16 else { throw Unsupported(problem: "field \(name) is nested too deeply") }
    switch descr {
    case .string(let code):
      return try appendNumber(code, name: name, at: offset)
    case .list(let members):
      var end = offset
      for member in members {
        guard let parts = member.elements, parts.count == 2 || parts.count == 3,
          let part = Self.name(parts[0])
        else { throw Unsupported(problem: "the dtype \(descr.text) has an entry without a name") }
        let shape = parts.count == 3 ? parts[2] : nil
        if part.isEmpty, let padding = Self.padding(parts[1]) {
          end = try add(end, padding)
          continue
        }
        end = try add(
          end, unfold(parts[1], shape: shape, name: join(name, part), at: end, depth: depth))
      }
      return end - offset
    case .dictionary:
      return try unfoldDictionary(descr, name: name, at: offset, depth: depth)
    case .tuple(let parts) where parts.count == 2:
      return try unfold(parts[0], shape: parts[1], name: name, at: offset, depth: depth)
    case .none, .boolean, .integer, .tuple:
      throw Unsupported(problem: "the dtype \(descr.text) is not understood")
    }
  }

  private mutating func unfoldDictionary(
    _ descr: PythonLiteral, name: String, at offset: Int, depth: Int
  ) throws(Unsupported) -> Int {
    guard let names = descr["names"]?.elements, let formats = descr["formats"]?.elements,
      formats.count == names.count
    else { throw Unsupported(problem: "the dtype \(descr.text) lacks names or formats") }
    let offsets = descr["offsets"]?.elements
    guard offsets == nil || offsets!.count == names.count else {
      throw Unsupported(problem: "the dtype \(descr.text) has another number of offsets than names")
    }
    var size = 0
    for (index, part) in names.enumerated() {
      let place = offsets.map { $0[index].integer ?? -1 } ?? size
      guard let part = part.string, place >= 0, place <= Layout.largestRecordSize else {
        throw Unsupported(problem: "the dtype \(descr.text) has a bad name or offset")
      }
      let end = try add(
        place,
        unfold(
          formats[index], name: join(name, part), at: add(offset, place), depth: depth + 1))
      size = max(size, end)
    }
    guard let declared = descr["itemsize"]?.integer else { return size }
    guard declared >= size else {
      throw Unsupported(problem: "itemsize \(declared) is less than the fields' \(size) bytes")
    }
    return try add(0, declared)
  }

  /// A field that may be a sub-array: `v[0]`, `v[1]`, ... in C order.
  private mutating func unfold(
    _ descr: PythonLiteral, shape: PythonLiteral?, name: String, at offset: Int, depth: Int
  ) throws(Unsupported) -> Int {
    guard let shape else { return try unfold(descr, name: name, at: offset, depth: depth + 1) }
    let extents = (shape.elements ?? [shape]).map { $0.integer ?? -1 }
    guard extents.allSatisfy({ $0 >= 0 && $0 <= Layout.largestRecordSize }) else {
      throw Unsupported(problem: "field \(name) has the shape \(shape.text)")
    }
    var position = [Int](repeating: 0, count: extents.count)
    var end = offset
    guard !extents.contains(0) else { return 0 }
    while true {
      let mark = position.map { "\($0)" }.joined(separator: ",")
      let size = try unfold(
        descr, name: extents.isEmpty ? name : "\(name)[\(mark)]", at: end, depth: depth + 1)
      guard size > 0 else { return 0 }
      end = try add(end, size)
      guard let axis = position.indices.last(where: { position[$0] + 1 < extents[$0] }) else {
        return end - offset
      }
      position[axis] += 1
      for later in position.indices where later > axis { position[later] = 0 }
    }
  }

  private mutating func appendNumber(
    _ code: String, name: String, at offset: Int
  ) throws(Unsupported) -> Int {
    let order = code.first.flatMap { "<>|=".contains($0) ? $0 : nil }
    let rest = order == nil ? code : String(code.dropFirst())
    let type: ElementType
    switch rest.prefix(2) {
    case "f4": type = .f32
    case "f8", "M8", "m8": type = rest.first == "f" ? .f64 : .i64
    case "i1": type = .i8
    case "i2": type = .i16
    case "i4": type = .i32
    case "i8": type = .i64
    case "u1", "b1": type = .u8
    case "u2": type = .u16
    case "u4": type = .u32
    case "u8": type = .u64
    default: throw unsupported(code, name)
    }
    guard rest.count == 2 || rest.dropFirst(2).first == "[" else { throw unsupported(code, name) }
    guard elements.count < Self.largestElementCount else {
      throw Unsupported(problem: "more than \(Self.largestElementCount) fields")
    }
    elements.append(
      Element(
        name: name, type: type, code: code, offset: offset,
        isBigEndian: order == ">" && type.size > 1, isBoolean: rest == "b1"))
    return type.size
  }

  private func unsupported(_ code: String, _ name: String) -> Unsupported {
    let subject = name.isEmpty ? "values have" : "field \(name) has"
    return Unsupported(
      problem:
        "\(subject) the dtype '\(code)'; records hold f4, f8, i1 to i8, u1 to u8, b1, M8 and "
        + "m8: convert or leave out the rest")
  }

  private func add(_ offset: Int, _ size: Int) throws(Unsupported) -> Int {
    let (sum, overflow) = offset.addingReportingOverflow(size)
    guard !overflow, sum <= Layout.largestRecordSize else {
      throw Unsupported(problem: "a record is larger than \(Layout.largestRecordSize) bytes")
    }
    return sum
  }

  private func join(_ outer: String, _ inner: String) -> String {
    outer.isEmpty ? inner : "\(outer).\(inner)"
  }

  /// `'a'`, or `('title', 'a')`.
  private static func name(_ literal: PythonLiteral) -> String? {
    literal.string ?? literal.elements?.last?.string
  }

  /// The size of `|V5`, which fills a gap if it has no name.
  private static func padding(_ literal: PythonLiteral) -> Int? {
    guard let code = literal.string, code.hasPrefix("|V") || code.hasPrefix("V") else { return nil }
    return Int(code.drop { $0 != "V" }.dropFirst()).flatMap { $0 >= 0 ? $0 : nil }
  }
}
