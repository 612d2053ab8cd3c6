import AEZip

/// What the cells of a column mean.
enum CsvKind {
  case integer
  /// Numbers with this many digits after the point, from the fewest to the most; no lattice if some
  /// have exponents, are infinite or have more digits than Float64.
  case decimal(places: ClosedRange<Int>, isLattice: Bool)
  case time(CsvTime)
  case text
}

/// Finds out the type of a column from its cells, in one pass.
final class CsvColumn {
  let name: String
  private enum State { case open, number, time, text }
  private var state = State.open
  private var time: CsvTime?
  /// The spellings of missing values, in order of appearance.
  private(set) var missing: [Int] = []
  private(set) var categories = CsvCategories()
  /// It turned out to be text after cells that looked like something else: the categories must be
  /// collected once more.
  private(set) var needsSecondPass = false

  private var isInteger = true
  private var isPlain = true
  private var fewestPlaces = Int.max
  private var mostPlaces = 0
  /// Of the finite numbers, or of a time's counts.
  private(set) var minimum = Double.infinity
  private(set) var maximum = -Double.infinity
  /// Of the integers: magnitudes, which Float64 would round.
  private var smallestPositive = UInt64.max
  private var largestPositive: UInt64 = 0
  private var smallestNegative = UInt64.max
  private var largestNegative: UInt64 = 0

  init(name: String) { self.name = name }

  /// - Returns: nil, or why the cell's text cannot be kept.
  @inline(__always)
  func add(_ cell: CsvCell) -> CsvCategories.Problem? {
    switch state {
    case .number:
      if let number = CsvNumber(cell) {
        add(number)
        return nil
      }
      return addUnusual(cell)
    case .text: return categories.add(cell.bytes)
    case .open, .time: return addUnusual(cell)
    }
  }

  private func add(_ number: CsvNumber) {
    if number.isInteger {
      if number.isNegative {
        largestNegative = max(largestNegative, number.digits)
        smallestNegative = min(smallestNegative, number.digits)
      } else {
        largestPositive = max(largestPositive, number.digits)
        smallestPositive = min(smallestPositive, number.digits)
      }
    } else {
      isInteger = false
    }
    if !number.isPlain { isPlain = false }
    fewestPlaces = min(fewestPlaces, number.places)
    mostPlaces = max(mostPlaces, number.places)
    if number.value.isFinite {
      minimum = min(minimum, number.value)
      maximum = max(maximum, number.value)
    }
  }

  private func addUnusual(_ cell: CsvCell) -> CsvCategories.Problem? {
    if state == .time, let count = time!.count(cell) {
      minimum = min(minimum, Double(count))
      maximum = max(maximum, Double(count))
      return nil
    }
    if state == .open {
      if let number = CsvNumber(cell) {
        state = .number
        add(number)
        return nil
      }
      if let time = CsvTime(cell) {
        state = .time
        self.time = time
        return addUnusual(cell)
      }
    }
    if let spelling = CsvMissing.index(cell) {
      if !missing.contains(spelling) { missing.append(spelling) }
      return nil
    }
    becomeText()
    return categories.add(cell.bytes)
  }

  private func becomeText() {
    needsSecondPass = state != .open
    state = .text
    // What was missing in an open column is now a text like others.
    for spelling in needsSecondPass ? [] : missing {
      var text = CsvMissing.spellings[spelling]
      _ = text.withUTF8 { categories.add($0) }
    }
  }

  /// Decides; afterwards ``needsSecondPass`` is final.
  ///
  /// Integers that no type holds together are text. A column with nothing in it is text, too.
  func settle() -> (kind: CsvKind, type: ElementType) {
    switch state {
    case .open:
      becomeText()
      return (.text, .u8)
    case .text: return (.text, codeType)
    case .time:
      if missing.isEmpty { return (.time(time!), time!.isDate ? .i32 : .i64) }
      if max(-minimum, maximum) < 0x1p53 { return (.time(time!), .f64) }
      return becomeTextAtLast()
    case .number:
      guard isInteger else {
        // On this lattice every value must be told from its neighbours, with some room to compute.
        let largest = max(-minimum, maximum)
        let isLattice =
          isPlain && mostPlaces <= 15 && largest * CsvNumber.powersOfTen[mostPlaces] < 0x1p44
        return (.decimal(places: fewestPlaces...mostPlaces, isLattice: isLattice), .f64)
      }
      return integerType.map { (.integer, $0) } ?? becomeTextAtLast()
    }
  }

  /// The largest magnitude of a number; 0 if there is none.
  var largest: Double { max(-minimum, maximum, 0) }

  /// A share of the numbers' range (max - min): what a relative bound means.
  func bound(relative share: Double) -> Double {
    guard minimum < maximum || isInteger && minimum <= maximum else { return 0 }
    guard state == .number, isInteger else {
      let range = maximum - minimum
      // The halves of a range beyond Float64's own may still have a share within.
      let bound = range.isFinite ? share * range : share * maximum - share * minimum
      return min(bound, .greatestFiniteMagnitude)
    }
    let hasNegative = smallestNegative <= largestNegative
    let hasPositive = smallestPositive <= largestPositive
    let most = hasPositive ? largestPositive : 0 &- smallestNegative
    let least = hasNegative ? 0 &- largestNegative : smallestPositive
    // Rounded down where Float64 has no room for all digits.
    let span = most &- least
    let range = Double(span >> 53 == 0 ? span : span & ~0x7FF)
    return min(share * range, .greatestFiniteMagnitude)
  }

  /// The smallest type that holds all integers; with missing values the smallest float.
  private var integerType: ElementType? {
    let largest = max(largestNegative, largestPositive)
    guard missing.isEmpty else {
      return largest <= 1 << 24 ? .f32 : largest < 1 << 53 ? .f64 : nil
    }
    if largestNegative == 0 {
      return largest <= 0xFF ? .u8 : largest <= 0xFFFF ? .u16 : largest <= 0xFFFF_FFFF ? .u32 : .u64
    }
    func fits(_ bits: UInt64) -> Bool {
      largestPositive < 1 << (bits - 1) && largestNegative <= 1 << (bits - 1)
    }
    return fits(8) ? .i8 : fits(16) ? .i16 : fits(32) ? .i32 : fits(64) ? .i64 : nil
  }

  /// Before the second pass, which collects them in their order.
  func forgetTexts() { categories = CsvCategories() }

  private func becomeTextAtLast() -> (kind: CsvKind, type: ElementType) {
    becomeText()
    return (.text, .u32)
  }

  /// The smallest type for the categories' codes; valid after the last pass.
  var codeType: ElementType {
    categories.count <= 1 << 8 ? .u8 : categories.count <= 1 << 16 ? .u16 : .u32
  }
}
