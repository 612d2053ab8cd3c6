import AEZip

/// How the values of a column become cells.
enum CsvStyle {
  case integer
  /// Rounded to the most places, then zeros taken away down to the fewest.
  case decimal(places: ClosedRange<Int>)
  /// As many digits as tell the value from its neighbours, and at least `fewestPlaces` of zeros.
  case shortest(fewestPlaces: Int)
  case time(CsvTime)
  case text
}

/// What to ask of the codec for a column so that the **text** that comes back keeps a bound.
struct CsvPlan {
  var codecBound: Bound
  var style: CsvStyle
  /// The largest |text - original|; nil if every cell comes back with its value.
  var textBound: Double?

  /// A printed unit is at most an 8th of the bound, so rounding takes at most a 16th of it.
  private static let unitsPerBound = 8.0

  /// - Parameter asked: a relative bound is relative to the column's range.
  init(_ column: CsvColumn, _ kind: CsvKind, asked: Bound) {
    if asked == .free {
      switch kind {
      case .integer: self.init(.free, .integer, .greatestFiniteMagnitude)
      case .decimal(let places, _):
        self.init(
          .free, .shortest(fewestPlaces: places.lowerBound), .greatestFiniteMagnitude)
      case .text: self.init(.exact, .text, nil)
      case .time(let time): self.init(.exact, .time(time), nil)
      }
      return
    }
    let bound =
      switch asked {
      case .free: 0.0
      case .exact: 0.0
      case .absolute(let bound): bound
      case .relative(let share): column.bound(relative: share)
      }
    switch kind {
    case .text: self.init(.exact, .text, nil)
    case .time(let time): self.init(.exact, .time(time), nil)
    case .integer:
      // Integers err by whole numbers; beside missing values they are floats, to be rounded.
      let whole = bound.rounded(.down)
      self.init(whole < 1 ? .exact : .absolute(whole), .integer, whole < 1 ? nil : bound)
    case .decimal(let places, let isLattice):
      self = Self.decimal(places, isLattice, bound: bound, largest: column.largest)
    }
  }

  private init(_ codecBound: Bound, _ style: CsvStyle, _ textBound: Double?) {
    self.codecBound = codecBound
    self.style = style
    self.textBound = textBound
  }

  /// The codec finds lattices of decimals up to here by itself.
  private static let mostCodecPlaces = 8

  /// On the original's lattice u = 10^-places, rounding x' to it gives an error of whole units:
  ///
  ///     |x' - x| < (k + 1/2) u   =>   |round(x') - x| <= k u <= bound
  ///
  /// Off it, rounding to d places takes its share of the bound:
  ///
  ///     |x' - x| <= bound - 10^-d / 2   =>   |round(x') - x| <= bound
  private static func decimal(
    _ places: ClosedRange<Int>, _ isLattice: Bool, bound: Double, largest: Double
  ) -> CsvPlan {
    let powers = CsvNumber.powersOfTen
    let justified = (0...22).first { powers[$0] * bound >= unitsPerBound }
    if isLattice, places.upperBound <= justified ?? .max {
      let power = powers[places.upperBound]
      let units = (bound * power * (1 + 1e-12)).rounded(.down)
      let isExact = units < 1 && places.upperBound <= mostCodecPlaces
      return CsvPlan(
        isExact ? .exact : .absolute((units + 0.45) / power), .decimal(places: places),
        units < 1 ? nil : bound)
    }
    if bound == 0 {
      return CsvPlan(.exact, .shortest(fewestPlaces: places.lowerBound), nil)
    }
    if let justified, largest * powers[justified] < 0x1p53 {
      let codecBound = bound - 0.5 / powers[justified] - 4 * largest.ulp
      if codecBound > 0 {
        let fewest = min(places.lowerBound, justified)
        return CsvPlan(.absolute(codecBound), .decimal(places: fewest...justified), bound)
      }
    }
    return CsvPlan(.absolute(bound), .shortest(fewestPlaces: places.lowerBound), bound)
  }
}
