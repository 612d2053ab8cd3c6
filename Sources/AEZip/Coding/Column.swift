/// What predicts a value besides the model: the correction of a column of this record (`lag` 0, an
/// earlier column) or of the record `lag` before it.
struct Regressor {
  var column: Int
  var lag: Int
  var coefficient: Double

  /// Its place among all columns of the record, of the one before, and of the one before that.
  func rank(_ columnCount: Int) -> Int { lag * columnCount + column }
}

/// Whose codes tell how large the next code of a column will be; Format.md, section 6.5.
struct Context {
  struct Source {
    var column: Int
    var lag: Int
    var weight: Int32
  }

  /// The most groups of leaves.
  static let mostGroups = 16

  var sources: List<Source> = List()
  /// For each group of leaves, of which a column without a tree has one, ascending activities: a
  /// code's class is how many of its group's it reaches, after the classes of the groups before.
  var thresholds: List<Int32> = List()
  /// How many of the thresholds are each group's.
  var groups: List<Int> = List(repeating: 0, count: 1)

  var classCount: Int { thresholds.count + groups.count }
}

/// How one bounded field, or one latent, of a chunk is coded.
///
///     y = (x * scale - origin) / unit              code units
///     p = model + tie + leaf + intercept + sum of coefficient * correction, rounded as `snap` says
///     code = round((y - p) / multiple)             restored y = p + multiple * code
///     x = (origin + unit * y) / scale
///
/// The correction of a column is its restored y minus the model's part of p.
final class Column {
  enum Snap: UInt8 {
    /// Restored values lie anywhere.
    case none = 0
    /// Restored y are integers.
    case integers = 1
    /// Restored y are integers plus one half: an even multiple on a lattice.
    case halves = 2
  }

  /// The largest lag of a regressor or a context source.
  static let largestLag = 2
  static let mostRegressors = 64
  static let mostSources = 6
  static let mostClasses = 32

  /// The field of the layout; nil for a latent.
  var field: Int?
  var origin = 0.0
  /// What 64-bit integers are relative to.
  var integerOrigin: Int64 = 0
  var unit = 1.0
  var scale = 1.0
  /// Values are multiples of unit / scale.
  var lattice = false
  /// Values are restored in Float arithmetic.
  var single = false
  var multiple = 1.0
  var snap = Snap.none
  var intercept = 0.0
  var regressors: List<Regressor> = List()
  /// There is no bound: the multiple is so large that values are what the model predicts. Not
  /// stored.
  var isFree = false
  /// The field's type limits restored values; set from the layout, not stored.
  var clampRange: ClosedRange<Double> = -Double.infinity...Double.infinity
  /// The bound that the codes keep: that of the field, or, in a small chunk, a little less. Not
  /// stored.
  var permitted = 0.0
  /// It is ``derivedBound``. Not stored.
  var isDerived = false
  /// The base-2 exponent of the unit of coefficients.
  var coefficientExponent = 0
  var tie = Tie()
  var tree = Tree()
  var context = Context()
  /// Codes lie in the stream record by record, not block by block.
  var recordOrder = false

  init() {}

  /// A latent with codes of this unit.
  static func latent(unit: Double) -> Column {
    let column = Column()
    column.unit = unit
    return column
  }

  /// The same units with other regressors.
  func with(_ regressors: List<Regressor>) -> Column {
    let column = Column()
    column.field = field
    column.origin = origin
    column.integerOrigin = integerOrigin
    column.unit = unit
    column.scale = scale
    column.lattice = lattice
    column.single = single
    column.multiple = multiple
    column.snap = snap
    column.clampRange = clampRange
    column.isFree = isFree
    column.regressors = regressors
    column.tie = tie
    return column
  }
}

extension Column {
  /// Takes over how another is predicted.
  func takePlan(of other: Column) {
    regressors = other.regressors
    coefficientExponent = other.coefficientExponent
    tree = other.tree
    tie = other.tie
  }
}

// MARK: - In the file: Format.md, section 6.3

extension Column {
  /// What a column's second byte says is there, from version 3 on.
  private enum Form {
    /// Unit: 0 f64, 1 the high three bytes of an f32 (all four until version 5), 2 its high half, 3
    /// none: it is 1.
    static let unit: UInt8 = 3
    /// Origin: 0 f64, 4 f32, 8 a multiple of a sixteenth of the unit, 12 of the unit.
    static let origin: UInt8 = 12
    static let multiple: UInt8 = 16
    static let regressors: UInt8 = 32
    static let context: UInt8 = 64
    static let tie: UInt8 = 128
  }

  /// Two bytes that say what of a column is there; those of all columns come first.
  struct Head {
    var flags: UInt8
    var form: UInt8
    /// Whether regressors are in ascending order, from version 5 on.
    var isAscending = true
    /// Whether units of form 1 lack their low byte, from version 6 on.
    var isTrimmed = true
  }

  /// How many sixteenths of the unit the origin is; nil if it is no such multiple.
  private var originSteps: Double? {
    let steps = 16 * origin / unit
    guard steps.magnitude < 0x1p44 else { return nil }
    return nearest(steps) * (unit / 16) == origin ? nearest(steps) : nil
  }

  var head: Head {
    var flags: UInt8 = snap.rawValue
    if lattice { flags |= 4 }
    if single { flags |= 8 }
    if recordOrder { flags |= 16 }
    if integerOrigin != 0 { flags |= 32 }
    if scale != 1 { flags |= 64 }
    if !tree.isEmpty { flags |= 128 }
    let bits = Float(unit).bitPattern
    var form: UInt8 = Double(Float(unit)) == unit ? (bits & 0xFFFF == 0 ? 2 : 1) : 0
    if form == 1 && bits & 0xFF != 0 { form = 0 }
    if unit == 1 { form = 3 }
    if let steps = originSteps {
      form |= nearest(steps / 16) * 16 == steps ? 12 : 8
    } else if Double(Float(origin)) == origin {
      form |= 4
    }
    if multiple != 1 { form |= Form.multiple }
    if !regressors.isEmpty { form |= Form.regressors }
    if context.sources.count + context.thresholds.count > 0 { form |= Form.context }
    if !tie.isEmpty { form |= Form.tie }
    return Head(flags: flags, form: form)
  }

  /// What follows the heads of all columns. Regressors must be in ascending order.
  func write(to writer: inout ByteWriter, columnCount: Int) {
    let form = head.form
    writeUnit(form, to: &writer)
    writer.lane = .origins
    switch form & Form.origin {
    case 0: writer.f64(origin)
    case 4: writer.f32(Float(origin))
    default: writer.signed(Int(originSteps! / (form & Form.origin == 8 ? 1 : 16)))
    }
    if integerOrigin != 0 { writer.u64(UInt64(bitPattern: integerOrigin)) }
    if scale != 1 { writer.count(Int(scale)) }
    if multiple != 1 { writer.count(Int(multiple)) }
    writer.lane = .regressors
    if !regressors.isEmpty {
      writer.count(regressors.count)
      writer.byte(UInt8(coefficientExponent))
    }
    var next = 0
    for regressor in regressors {
      let rank = regressor.rank(columnCount)
      writer.lane = .ranks
      writer.count(rank - next)
      next = rank + 1
      writer.lane = .coefficients
      writer.signed(Int(regressor.coefficient * exp2(coefficientExponent)))
    }
    writer.lane = .general
    if !tie.isEmpty { tie.write(to: &writer) }
    writer.lane = .numbers
    if !tree.isEmpty { tree.write(context.groups.count, to: &writer) }
    if form & Form.context != 0 { writeContext(to: &writer) }
    writer.lane = .general
  }

  private func writeUnit(_ form: UInt8, to writer: inout ByteWriter) {
    let bits = Float(unit).bitPattern
    switch form & Form.unit {
    case 0:
      writer.lane = .general
      writer.f64(unit)
    case 1, 2:
      if form & Form.unit == 1 {
        writer.lane = .unitLows
        writer.byte(UInt8(truncatingIfNeeded: bits >> 8))
      }
      writer.lane = .unitMiddles
      writer.byte(UInt8(truncatingIfNeeded: bits >> 16))
      writer.lane = .unitHighs
      writer.byte(UInt8(truncatingIfNeeded: bits >> 24))
    default: break
    }
  }

  private static func readUnit(
    _ head: Head, from reader: inout ByteReader
  ) throws(AEZipError) -> Double {
    switch head.form & Form.unit {
    case 0:
      reader.lane = .general
      return try reader.f64()
    case 3: return 1
    default:
      var bits: UInt32 = 0
      let isHalf = head.form & Form.unit == 2
      if !isHalf && !head.isTrimmed { bits = UInt32(try reader.byte()) }
      reader.lane = .unitLows
      if !isHalf { bits |= UInt32(try reader.byte()) << 8 }
      reader.lane = .unitMiddles
      bits |= UInt32(try reader.byte()) << 16
      reader.lane = .unitHighs
      bits |= UInt32(try reader.byte()) << 24
      return Double(Float(bitPattern: bits))
    }
  }

  private func writeContext(to writer: inout ByteWriter) {
    writer.count(context.sources.count)
    for source in context.sources {
      writer.lane = .references
      writer.count(source.column * (Self.largestLag + 1) + source.lag)
      writer.lane = .numbers
      writer.count(Int(source.weight))
    }
    var threshold = 0
    for count in context.groups {
      writer.count(count)
      for _ in 0..<count {
        writer.count(Int(context.thresholds[threshold]))
        threshold += 1
      }
    }
  }

  /// - Parameters:
  ///   - index: the column's own index: regressors of lag 0 must come before it.
  ///   - columnCount: the number of columns in the chunk.
  ///   - head: what came before the columns; nil for the form of versions 1 and 2.
  convenience init(
    field: Int?, index: Int, columnCount: Int, head: Head?, from reader: inout ByteReader
  ) throws(AEZipError) {
    self.init()
    self.field = field
    let isShort = head != nil
    let flags = if let head { head.flags } else { try reader.byte() }
    guard let snap = Snap(rawValue: flags & 3) else {
      throw .corrupted(what: "the flags of a column", declared: Int(flags), computed: 0)
    }
    self.snap = snap
    lattice = flags & 4 != 0
    single = flags & 8 != 0
    recordOrder = flags & 16 != 0
    let form = head?.form ?? 0x70
    if let head {
      unit = try Self.readUnit(head, from: &reader)
      reader.lane = .origins
      switch form & Form.origin {
      case 0: origin = try reader.f64()
      case 4: origin = Double(try reader.f32())
      case 8: origin = Double(try reader.signed()) * (unit / 16)
      default: origin = Double(try reader.signed()) * unit
      }
    } else {
      origin = try reader.f64()
      unit = try reader.f64()
    }
    if flags & 32 != 0 { integerOrigin = Int64(bitPattern: try reader.u64()) }
    if flags & 64 != 0 {
      scale = isShort ? Double(try reader.count(limit: 1 << 53)) : try reader.f64()
    }
    if form & 16 != 0 { multiple = Double(try reader.count(limit: 1 << 30)) }
    if !isShort { intercept = Double(try reader.f32()) }
    // Float must hold the units too: infinity times 0 would be no number, which no integer can be.
    guard unit > 0, scale > 0, multiple > 0, unit.isFinite, scale.isFinite, origin.isFinite,
      intercept.isFinite, !single || Float(origin).isFinite && Float(unit).isFinite
    else {
      throw .corrupted(what: "the units of a column", declared: 0, computed: index)
    }
    reader.lane = .regressors
    if form & 32 != 0 {
      let count = try reader.count(limit: Self.mostRegressors)
      if count > 0 { coefficientExponent = try reader.byte(below: 64) }
      var next = 0
      for _ in 0..<count {
        var (column, lag) = (0, 0)
        reader.lane = .ranks
        if head?.isAscending ?? false {
          let rank = next + (try reader.count(limit: columnCount * (Self.largestLag + 1)))
          (lag, column) = rank.quotientAndRemainder(dividingBy: columnCount)
          guard lag <= Self.largestLag, lag > 0 || column < index else {
            throw .corrupted(what: "the regressors of a column", declared: rank, computed: index)
          }
          next = rank + 1
        } else {
          (column, lag) = try Self.reference(index, columnCount, &reader)
        }
        reader.lane = .coefficients
        let coefficient = Double(try reader.signed()) / exp2(coefficientExponent)
        regressors.append(Regressor(column: column, lag: lag, coefficient: coefficient))
      }
    }
    if !isShort { try readSources(index, columnCount, &reader) }
    reader.lane = .general
    if form & Form.tie != 0 {
      tie = try Tie.read(index: index, columnCount: columnCount, from: &reader)
    }
    reader.lane = .numbers
    var groupCount = 1
    if flags & 128 != 0 {
      (tree, groupCount) = try Tree.read(index: index, columnCount: columnCount, from: &reader)
    }
    context.groups = List(repeating: 0, count: groupCount)
    if form & Form.context != 0 { try readContext(isShort, index, columnCount, &reader) }
    reader.lane = .general
  }

  private func readContext(
    _ isShort: Bool, _ index: Int, _ columnCount: Int, _ reader: inout ByteReader
  ) throws(AEZipError) {
    let groupCount = context.groups.count
    if isShort { try readSources(index, columnCount, &reader) }
    for group in 0..<groupCount {
      // Each group that follows has a class at least.
      let limit = Self.mostClasses - context.thresholds.count - groupCount
      let count = try reader.count(limit: limit)
      context.groups[group] = count
      for _ in 0..<count {
        context.thresholds.append(Int32(try reader.count(limit: Int(Int32.max))))
      }
    }
  }

  private func readSources(
    _ index: Int, _ columnCount: Int, _ reader: inout ByteReader
  ) throws(AEZipError) {
    for _ in 0..<(try reader.count(limit: Self.mostSources)) {
      reader.lane = .references
      let (column, lag) = try Self.reference(index, columnCount, &reader)
      reader.lane = .numbers
      let weight = Int32(try reader.count(limit: 4096))
      context.sources.append(Context.Source(column: column, lag: lag, weight: weight))
    }
  }

  /// A column and lag that are known before column `index` of a record.
  static func reference(
    _ index: Int, _ columnCount: Int, _ reader: inout ByteReader
  ) throws(AEZipError) -> (column: Int, lag: Int) {
    try reference(index, columnCount, reader.count(limit: columnCount * (largestLag + 1) - 1))
  }

  static func reference(
    _ index: Int, _ columnCount: Int, _ code: Int
  ) throws(AEZipError) -> (column: Int, lag: Int) {
    let (column, lag) = code.quotientAndRemainder(dividingBy: largestLag + 1)
    guard lag > 0 || column < index else {
      throw .corrupted(what: "the order of columns", declared: column, computed: index)
    }
    return (column, lag)
  }
}

extension Column {
  /// How the column is coded, in words; `field` gives the field of a column, and a dash a record
  /// before.
  func description(_ field: (_ column: Int) -> Int) -> [UInt8] {
    var text: [UInt8] = []
    if lattice {
      text.append(text: "lattice, step ")
      text.append(shortest: fourDigits(unit * multiple / scale))
    } else {
      text.append(text: "step ")
      text.append(shortest: fourDigits(unit))
    }
    tie.describe(field, to: &text)
    text.append(
      text: !regressors.isEmpty ? ", predicted from" : tie.isEmpty ? ", by itself" : "")
    for regressor in regressors {
      text.append(text: " ")
      text.append(decimal: field(regressor.column))
      for _ in 0..<regressor.lag { text.append(text: "'") }
    }
    if !tree.isEmpty {
      text.append(text: ", tree of")
      for split in tree.splits {
        text.append(text: " ")
        text.append(decimal: field(split.column))
        for _ in 0..<split.lag { text.append(text: "'") }
      }
    }
    if context.classCount > 1 {
      text.append(text: ", ")
      text.append(decimal: context.classCount)
      text.append(text: " classes")
    }
    if recordOrder { text.append(text: ", repeats") }
    return text
  }
}

/// 2 to a power of 0 ... 1023, exactly.
func exp2(_ exponent: Int) -> Double {
  Double(bitPattern: UInt64(1023 + exponent) << 52)
}

/// A positive number rounded to four decimal digits or some more, for a reader's eyes.
private func fourDigits(_ value: Double) -> Double {
  var scale = 1.0
  while value * scale < 1000 && scale < 1e300 { scale *= 10 }
  return scale > 1 ? nearest(value * scale) / scale : value
}
