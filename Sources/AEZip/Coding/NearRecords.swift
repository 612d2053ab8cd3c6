import CPlatform

/// Which records are so near to each other that one may be restored for the other.
///
/// Records are near if no value is further off than an eighth of its bound. The coded ones then take
/// bounds that are less by as much as the records that refer to them are off at most, so that
/// these keep theirs.
final class NearRecords {
  private static let mostHashed = 8
  private static let share = 0.125

  private let fields: [Field]
  /// How far a value may be off: 0 where its bits must be the same.
  private var tolerances = List<Double>()
  /// 1 / (32 * tolerance).
  private var inverses = List<Double>()
  /// The fields that tell records apart best, by which they are found.
  private var hashed = List<Int>()
  /// What a record without any prediction takes, at least about.
  private(set) var bits = 0.0
  /// How far the values of each field are off at most.
  private(set) var deviations = List<Double>()

  /// - Parameter bounds: those of the fields; 0 or infinity for none.
  init(_ records: UnsafeRawBufferPointer, _ layout: Layout, bounds: [Double]) {
    fields = layout.fields
    for bound in bounds {
      let tolerance = bound < .infinity ? bound * Self.share : 0
      tolerances.append(tolerance)
      inverses.append(1 / (32 * tolerance))
      deviations.append(0)
    }
    let count = records.count / layout.recordSize
    var ranks: [Double] = []
    for index in 0..<fields.count {
      // How often some values differ from those before.
      var changes = 1.0
      var before: UInt64 = 0
      for pick in 0..<64 {
        let record = records.baseAddress! + count * pick / 64 * layout.recordSize
        let next = hash(record, index, 0)
        changes += next == before ? 0 : 1
        before = next
      }
      // Cells are two steps wide.
      bits += Entropy.log2(changes) + (changes > 4 ? 1 : 0)
      ranks.append(-changes)
    }
    for index in ascending(ranks).prefix(Self.mostHashed) { hashed.append(index) }
  }

  /// Equal for most records that are near each other.
  func hash(_ record: UnsafeRawPointer) -> UInt64 {
    var result: UInt64 = 0
    for index in hashed { result = hash(record, index, result) }
    return result
  }

  /// Whether a record is one of the sixteenth that is looked at first, as are those near it.
  func isAmongFew(_ record: UnsafeRawPointer) -> Bool {
    var result: UInt64 = 0
    for place in 0..<min(2, hashed.count) {
      result = hash(record, hashed[place], result, finer: 8)
    }
    return result >> 40 % 16 == 0
  }

  /// - Parameter finer: how much narrower the cells are that are told apart than far wider than what is
  ///   near.
  private func hash(
    _ record: UnsafeRawPointer, _ index: Int, _ start: UInt64, finer: Double = 1
  ) -> UInt64 {
    let field = fields[index]
    let x = field.type.load(record + field.offset)
    var word = x.bitPattern
    if tolerances[index] > 0 {
      // Edges are no round numbers.
      let place = x * (finer * inverses[index]) + 0.137
      if place.magnitude < 0x1p50 { word = UInt64(bitPattern: Int64(nearest(place))) }
    }
    let mixed = (start ^ word ^ 0x9E37_79B9_7F4A_7C15) &* 0xFF51_AFD7_ED55_8CCD
    return mixed ^ mixed >> 32
  }

  func isNear(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer) -> Bool {
    for index in 0..<fields.count {
      let field = fields[index]
      guard memcmp(a + field.offset, b + field.offset, field.type.size) != 0 else { continue }
      guard field.type.error(a + field.offset, b + field.offset) <= tolerances[index],
        isCoded(a + field.offset, field.type), isCoded(b + field.offset, field.type)
      else { return false }
    }
    return true
  }

  /// Whether a value may change: zeros with a sign and the like may not.
  private func isCoded(_ value: UnsafeRawPointer, _ type: ElementType) -> Bool {
    switch type {
    case .f32:
      let x = value.loadUnaligned(as: Float.self)
      return x.bitPattern == 0 || x.isNormal
    case .f64:
      let x = value.loadUnaligned(as: Double.self)
      return x.bitPattern == 0 || x.isNormal
    default: return true
    }
  }

  /// Takes note of a record that is restored from another.
  func note(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer) {
    for index in 0..<fields.count {
      let (type, offset) = (fields[index].type, fields[index].offset)
      deviations[index] = max(deviations[index], type.error(a + offset, b + offset))
    }
  }
}
