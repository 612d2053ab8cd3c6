import CPlatform

/// The nearest integer, ties to even, of a number below 2^51; without a library call.
@inline(__always)
func nearest(_ x: Double) -> Double { (x + 6_755_399_441_055_744) - 6_755_399_441_055_744 }

/// A chunk's values of one field, seen once: what its code units are chosen from.
struct Extent {
  /// Smallest and largest finite value, relative to the plane's origin for 64-bit integers.
  var minimum = Double.infinity
  var maximum = -Double.infinity
  /// About the mean of finite values.
  var mean = 0.0
  var hasFinite: Bool { minimum <= maximum }
  var largestMagnitude: Double { max(minimum.magnitude, maximum.magnitude) }

  init(
    _ plane: Plane, type: ElementType, strands: Strands, kernels: Kernels
  ) throws(AEZipError) {
    let lanes = try Memory<Double>(128)
    type.clearExtent(lanes.base)
    let vectorSize = 64 * (type.usesFloatPlane ? 4 : 8)
    for block in 0..<strands.blockCount {
      type.extend(lanes.base, by: plane.base + block * vectorSize, kernels)
    }
    (minimum, maximum) = type.extent(lanes.base)
    guard hasFinite else { return }
    var sum = 0.0
    var count = 0
    let middle = minimum / 2 + maximum / 2
    // Whole blocks: every 64th part of the chunk has its share.
    let blocks = strands.blockCount <= 32 ? strands.blockCount : 16
    for sample in 0..<blocks {
      let block = strands.blockCount * sample / blocks * Strands.width
      for index in block..<block + strands.laneCount {
        let x = plane.float.map { Double($0[index]) } ?? plane.double![index]
        if x.isFinite {
          sum += (x - middle) / 4096
          count += 1
        }
      }
    }
    if count > 0 { mean = middle + sum / Double(count) * 4096 }
    if !mean.isFinite { mean = middle }
  }
}

extension Column {
  /// Chooses code units, so that step = 2 * bound, or the largest multiple of a lattice that keeps
  /// the bound; nil if no code can keep the bound, and the field must be stored exactly.
  ///
  ///     |y| may reach (max - min) / unit; rounding y and x costs a share of the bound, taken off
  ///     the step in advance.
  ///
  /// - Parameters:
  ///   - isSmall: the bound is relative, and of so few records that what describes the column must be
  ///     short: a little of the bound is given away.
  ///   - isShared: what describes the column is not stored with the records.
  static func units(
    field: Int, type: ElementType, bound: Double, extent: Extent, plane: Plane, strands: Strands,
    allowLattice: Bool, isSmall: Bool = false, isShared: Bool = false
  ) -> (column: Column, proofBound: Double)? {
    let column = Column()
    column.permitted = bound
    column.field = field
    column.clampRange = type.clampRange(origin: 0)
    guard extent.hasFinite else { return nil }
    let range = extent.maximum - extent.minimum
    guard range.isFinite else { return nil }
    // Without a bound, units that predictions are fine in, and codes that no error reaches.
    column.isFree = bound == .infinity
    let bound = column.isFree && type.isFloat ? range / 8192 : bound
    let lattice =
      type.isFloat
      ? (allowLattice && !column.isFree
        ? Lattice.find(plane, strands, extent, isSingle: type == .f32, bound: bound) : nil)
      : Lattice.ofIntegers(plane, strands, extent)
    if let lattice {
      var bound = bound
      let short = Double(Float.twoBytes(below: bound))
      if isSmall && short > 0.99 * bound { bound = short }
      column.permitted = bound
      let spacing = lattice.unit / lattice.scale
      // Whole numbers are exact; other decimals need a little room for rounding.
      var whole = lattice.scale == 1 && extent.largestMagnitude < 9e15
      // The grid is that of a sample; a value off it may have an error that rounds to the bound.
      if whole && type.isFloat && wholeError(below: bound) > bound * (1 - 0x1p-22) {
        whole = plane.isWhole(strands)
      }
      let steps = 2 * bound / spacing * (whole ? 1 : 1 - 1e-5)
      // Too many steps to count, or to tell how many: whole codes are counted instead.
      let isWide = !type.isFloat && (range / spacing >= 1.9e9 || isSmall && steps >= 512)
      let limit = isWide ? 0x1p50 : 1e9
      let most = steps < limit ? steps.rounded(.down) + 1 : limit
      var multiple = most
      if !type.isFloat || Int(multiple) % 2 == 1 || lattice.scale != 1 || lattice.unit != 1 {
        multiple = most - Double(1 - Int(most) % 2)
      }
      if multiple * spacing >= 2 * bound * 0.999 || !type.isFloat || bound == 0 {
        column.lattice = true
        column.scale = lattice.scale
        column.unit = lattice.unit
        column.multiple = multiple
        column.snap = Int(multiple) % 2 == 1 ? .integers : .halves
        if isWide {
          column.unit *= multiple
          column.multiple = 1
          if isSmall { column.unit = Double(Float.twoBytes(below: column.unit)) }
        }
        let derived = isSmall ? column.derivedBound(type) : .infinity
        if derived <= bound && !type.isFloat {
          column.permitted = derived
          column.isDerived = true
        }
        if isWide && isSmall {
          column.takeOrigin(extent, finest: 16)
        } else {
          let steps = nearest((extent.mean * lattice.scale - lattice.offset) / lattice.unit)
          column.origin = lattice.offset + steps * lattice.unit
        }
        let largest = range * column.scale / column.unit
        guard largest < 1.9e9, column.origin.magnitude < 9e15 else { return nil }
        let exactInFloat =
          type.usesFloatPlane && lattice.scale == 1 && extent.largestMagnitude < 8e6
        column.single = exactInFloat && largest < 2e6
        return (column, proofBound(bound, type, isWhole: whole))
      }
    }
    guard bound > 0, type.isFloat else { return nil }
    // Twice the bound, less what rounding y (Float if it is fine enough) and x may add.
    let roughRange = range / (2 * bound)
    guard roughRange < 1.5e9 else { return nil }
    let ulp = type == .f32 ? 0x1p-24 : 0x1p-53
    let inFloat = roughRange < Self.largestFloatRange
    let yShare = roughRange * (inFloat ? 0x1p-23 : 0x1p-51)
    let xShare = extent.largestMagnitude * ulp / bound
    let single =
      type == .f32 && inFloat && extent.largestMagnitude * 0x1p-21 / bound < 0.01
    let share = yShare + xShare * (single ? 4 : 1) + 1e-9
    guard share < 0.5 else { return nil }
    column.single = single
    if single {
      column.origin = Double(Float(extent.mean))
      column.unit = Double(Float(2 * bound * (1 - share)))
    } else {
      column.origin = extent.mean
      column.unit = 2 * bound * (1 - share)
    }
    if isSmall {
      column.shorten(type, bound, share, extent)
    } else {
      column.roundUnit(isShared ? nil : strands.recordCount)
    }
    guard column.unit > 0, column.unit.isNormal, (1 / column.unit).isFinite,
      !single || Float(column.unit).isNormal && (1 / Float(column.unit)).isFinite
    else { return nil }
    if column.isFree {
      column.multiple = 0x1p20
      return (
        column,
        type == .f32 ? Double(Float.greatestFiniteMagnitude) : Double.greatestFiniteMagnitude
      )
    }
    return (column, proofBound(column.permitted, type, isWhole: false))
  }

  /// The largest error of whole numbers, restored as such or half way between, that keeps a bound.
  private static func wholeError(below bound: Double) -> Double { (2 * bound).rounded(.down) / 2 }

  /// The largest error that a proof in the arithmetic of a plane may pass: the bound, less what
  /// rounding may hide.
  ///
  /// - Parameter isWhole: all values are whole numbers, whose errors are exact.
  static func proofBound(_ bound: Double, _ type: ElementType, isWhole: Bool) -> Double {
    let error = wholeError(below: bound)
    if isWhole && !(type.usesFloatPlane && error >= 0x1p22) { return error }
    return bound * (1 - (type.usesFloatPlane ? 0x1p-22 : 0x1p-50))
  }

  /// Takes a unit of so few digits that the codes take hardly more for it being smaller, and a multiple
  /// of it as origin.
  ///
  /// A unit that is smaller by a share s takes n log2(1 / (1 - s)) bits more for n codes.
  ///
  /// - Parameter recordCount: n; nil for as many digits as there may be.
  private func roundUnit(_ recordCount: Int?) {
    let short = Float(unit)
    if short.isNormal {
      let count = recordCount ?? Int.max
      let digits = max(7, min(15, Int.bitWidth - count.leadingZeroBitCount - 3))
      let down = Double(short) > unit ? short.nextDown : short
      let mask = ~UInt32(0) << UInt32(23 - digits)
      unit = Double(Float(bitPattern: down.bitPattern & mask))
    }
    let steps = 16 * origin / unit
    if steps.magnitude < 0x1p44 { origin = nearest(steps) * (unit / 16) }
  }

  /// Takes a unit of eight binary digits, so small that the bound follows from it, if rounding leaves
  /// room, and a multiple of it as origin.
  ///
  ///     unit <= 2 * bound * (1 - share)        derived = unit / 2 * (1 + 2^-8) <= bound
  private func shorten(
    _ type: ElementType, _ bound: Double, _ share: Double, _ extent: Extent
  ) {
    let isDerivable = share < 0.0035
    let wanted = isDerivable ? 2 * bound / (1 + 0x1p-8) : unit
    let short = Float.twoBytes(below: wanted)
    guard short.isNormal else { return }
    unit = Double(short)
    if isDerivable {
      permitted = derivedBound(type)
      isDerived = true
    }
    takeOrigin(extent, finest: 1)
  }

  /// Takes as origin a multiple of the unit, or of a sixteenth of it, near the mean: a share of the
  /// range is near enough, and sixteen binary digits, which Float holds too.
  private func takeOrigin(_ extent: Extent, finest: Double) {
    let steps = 16 * extent.mean / unit
    guard steps.magnitude < 0x1p44 else { return }
    var coarse = finest
    while coarse * unit < (extent.maximum - extent.minimum) / 4 { coarse *= 2 }
    while (steps / coarse).magnitude >= 65535 { coarse *= 2 }
    origin = nearest(steps / coarse) * coarse * (unit / 16)
  }

  /// The bound that the units of a small chunk stand for: of integers the largest error that there
  /// can be, and 0 for a lattice of floats.
  func derivedBound(_ type: ElementType) -> Double {
    if lattice {
      return type.isFloat ? 0 : multiple > 1 || unit < 256 ? unit * (multiple - 1) / 2 : unit / 2
    }
    return unit * (0.5 + 0x1p-9)
  }

  /// Ranges in code units up to which Float predicts well enough.
  static let largestFloatRange = 16384.0

  /// Whether Float arithmetic holds this column's y.
  func fitsFloat(_ extent: Extent) -> Bool {
    let range = (extent.maximum - extent.minimum) * scale / unit
    return lattice ? range < 2e6 : range < Self.largestFloatRange * 1.5
  }
}

extension Plane {
  /// Whether all finite values are whole numbers.
  func isWhole(_ strands: Strands) -> Bool {
    for index in 0..<strands.planeCount {
      let x = float.map { Double($0[index]) } ?? double![index]
      if x.isFinite && x.magnitude < 0x1p51 && nearest(x) != x { return false }
    }
    return true
  }
}

/// A grid that all values lie on: (offset + unit * k) / scale.
struct Lattice {
  var offset: Double
  var unit: Double
  var scale: Double

  /// Integers: the grid of their common divisor.
  static func ofIntegers(_ plane: Plane, _ strands: Strands, _ extent: Extent) -> Lattice {
    var divisor: UInt64 = 0
    var index = 0
    while index < strands.planeCount {
      let x = plane.float.map { Double($0[index]) } ?? plane.double![index]
      divisor = gcd(divisor, UInt64((x - extent.minimum).magnitude))
      if divisor == 1 { break }
      index += 1
    }
    return Lattice(offset: extent.minimum, unit: Double(max(divisor, 1)), scale: 1)
  }

  /// Decimals and binary fractions, if all values of a sample lie on one; nil if none does, or the
  /// grid is too fine to matter for the bound.
  static func find(
    _ plane: Plane, _ strands: Strands, _ extent: Extent, isSingle: Bool, bound: Double
  ) -> Lattice? {
    let scales: [Double] = [
      1, 2, 4, 10, 8, 20, 16, 50, 100, 200, 256, 500, 1000, 1024, 2000, 4096, 10000, 65536, 1e5,
      1e6, 1e7, 1e8,
    ]
    let finest = isSingle ? 0x1p-20 : 0x1p-46
    for scale in scales {
      let spacing = 1 / scale
      guard spacing > extent.largestMagnitude * finest, extent.largestMagnitude * scale < 9e15
      else { return nil }
      if holds(scale, plane, strands, isSingle) {
        var divisor: UInt64 = 0
        let base = nearest(extent.minimum * scale)
        var index = 0
        let step = max(1, strands.planeCount / 8192) | 1
        while index < strands.planeCount && divisor != 1 {
          let x = plane.float.map { Double($0[index]) } ?? plane.double![index]
          if x.isFinite { divisor = gcd(divisor, UInt64((nearest(x * scale) - base).magnitude)) }
          index += step
        }
        let unit = Double(max(divisor, 1))
        // A step of many grid units gains nothing from the grid.
        return bound * scale / unit < 16 ? Lattice(offset: base, unit: unit, scale: scale) : nil
      }
    }
    return nil
  }

  private static func holds(
    _ scale: Double, _ plane: Plane, _ strands: Strands, _ isSingle: Bool
  ) -> Bool {
    let step = max(1, strands.planeCount / 4096) | 1
    var index = 0
    while index < strands.planeCount {
      let x = plane.float.map { Double($0[index]) } ?? plane.double![index]
      if x.isFinite {
        let back = nearest(x * scale) / scale
        if isSingle ? Float(back) != Float(x) : back != x { return false }
      }
      index += step
    }
    return true
  }

  private static func gcd(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return a
  }
}
