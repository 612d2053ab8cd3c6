/// A tie of a field to others of its record that is not linear: what a sum of products of their values
/// makes of it, as an energy of momenta and a mass, or a speed of its components.
/// Format.md, section 6.3.3.
///
///     v = constant + sum of weight * a * b        prediction = v, or the root of v
///
/// a and b are restored values of columns, as the field has them: shift + y in their units. The root is
/// that of IEEE 754, which rounds as the other operations do.
struct Tie {
  struct Factor {
    /// Below 0: there is none.
    var column: Int
    var lag: Int
  }

  struct Term {
    var a: Factor
    var b: Factor
    var weight: Double
  }

  static let mostTerms = 8

  var isRoot = false
  var constant = 0.0
  /// None: there is no tie.
  var terms: List<Term> = List()

  var isEmpty: Bool { terms.isEmpty }

  /// The constant, what is taken off the result, and the terms' weights, where all values, and the
  /// result, are in units of their columns.
  func weights(_ columns: [Column], _ index: Int) -> List<Double> {
    let own = columns[index].scaledUnit
    let power = isRoot ? own * own : own
    var numbers = List<Double>()
    numbers.append(constant / power)
    numbers.append(columns[index].shift)
    for term in terms {
      var weight = term.weight * columns[term.a.column].scaledUnit
      if term.b.column >= 0 { weight *= columns[term.b.column].scaledUnit }
      numbers.append(weight / power)
    }
    return numbers
  }
}

extension Column {
  /// What 1 of y is in values: x = scaledUnit * (shift + y).
  var scaledUnit: Double { unit / scale }
  var shift: Double { origin / unit }
}

extension Tie {
  func write(to writer: inout ByteWriter) {
    writer.byte(isRoot ? 1 : 0)
    writer.f64(constant)
    writer.count(terms.count)
    for term in terms {
      writer.count(term.a.column * (Column.largestLag + 1) + term.a.lag)
      writer.count(
        term.b.column < 0 ? 0 : term.b.column * (Column.largestLag + 1) + term.b.lag + 1)
      writer.f64(term.weight)
    }
  }

  static func read(
    index: Int, columnCount: Int, from reader: inout ByteReader
  ) throws(AEZipError) -> Tie {
    var tie = Tie()
    tie.isRoot = try reader.byte(below: 2) == 1
    tie.constant = try reader.f64()
    var isFinite = tie.constant.isFinite
    let count = try reader.count(limit: mostTerms)
    for _ in 0..<count {
      let a = try Column.reference(index, columnCount, &reader)
      var b = Factor(column: -1, lag: 0)
      let code = try reader.count(limit: columnCount * (Column.largestLag + 1))
      if code > 0 {
        let (column, lag) = try Column.reference(index, columnCount, code - 1)
        b = Factor(column: column, lag: lag)
      }
      let weight = try reader.f64()
      isFinite = isFinite && weight.isFinite
      tie.terms.append(Term(a: Factor(column: a.column, lag: a.lag), b: b, weight: weight))
    }
    guard count > 0, isFinite else {
      throw .corrupted(what: "the tie of a column", declared: count, computed: index)
    }
    return tie
  }

  /// The tie in words; see ``Column/description(_:)``.
  func describe(_ field: (_ column: Int) -> Int, to text: inout [UInt8]) {
    guard !isEmpty else { return }
    text.append(text: isRoot ? ", tied to the root of" : ", tied to")
    for term in terms {
      text.append(text: " ")
      text.append(decimal: field(term.a.column))
      for _ in 0..<term.a.lag { text.append(text: "'") }
      guard term.b.column >= 0 else { continue }
      text.append(text: "*")
      text.append(decimal: field(term.b.column))
      for _ in 0..<term.b.lag { text.append(text: "'") }
    }
  }
}
