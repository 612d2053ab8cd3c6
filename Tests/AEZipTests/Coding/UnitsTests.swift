import CPlatform
import Testing

@testable import AEZip

@Suite struct UnitsTests {
  /// The units of one column of Float values, as the chunk's encoder finds them.
  private func units(_ values: [Float], type: ElementType, bound: Double) throws -> Column? {
    let strands = Strands(recordCount: values.count)
    let plane = try Memory<Float>(strands.planeCount)
    let field = Plane(float: plane.base, double: nil)
    let kernels = Kernels()
    var fields = try RecordFields(most: 1, recordSize: 4, strands: strands)
    fields.add(plane.base, offset: 0, type: .f32, origin: 0)
    for block in 0..<strands.blockCount {
      values.withUnsafeBytes {
        fields.gather(
          block, lanes: strands.activeLanes(block), row: 64 * block, from: $0.baseAddress!, kernels)
      }
    }
    let extent = try Extent(field, type: type, strands: strands, kernels: kernels)
    return Column.units(
      field: 0, type: type, bound: bound, extent: extent, plane: field, strands: strands,
      allowLattice: true)?.column
  }

  /// The largest odd number of steps that keeps the bound.
  @Test func integersAreCodedOnTheirLattice() throws {
    let bytes = (0..<256).map { Float($0 * 7 % 256) }
    for (bound, multiple) in [
      (0, 1), (0.5, 1), (0.99, 1), (1, 3), (1.9, 3), (2, 5), (2.55, 5), (3, 7), (10.5, 21),
    ] as [(Double, Double)] {
      let column = try #require(try units(bytes, type: .u8, bound: bound))
      #expect(column.lattice && column.multiple == multiple && column.unit == 1, "\(bound)")
      #expect(column.snap == .integers)
      #expect(column.origin == column.origin.rounded())
    }
  }

  @Test func commonDivisorsAreFound() throws {
    let column = try #require(try units((0..<200).map { Float($0 * 25 + 3) }, type: .i16, bound: 0))
    #expect(column.unit == 25 && column.multiple == 1)
  }

  @Test func decimalsAreFound() throws {
    let decimals = (0..<500).map { Float(Double($0 * 37 % 1000) / 100) }
    let column = try #require(try units(decimals, type: .f32, bound: 0.004))
    #expect(column.lattice && column.scale / column.unit == 100 && column.multiple == 1)
    let coarse = try #require(try units(decimals, type: .f32, bound: 3))
    #expect(!coarse.lattice)
  }

  @Test func fieldsThatNoCodeCanServeAreLeft() throws {
    #expect(try units([.nan, .infinity], type: .f32, bound: 0.1) == nil)
    #expect(try units([0, 1.5, 3.1, 1e30], type: .f32, bound: 1e-3) == nil)
    #expect(try units([-3e38, 0.1, 3e38], type: .f32, bound: 1e-30) == nil)
    #expect(try units((0..<99).map { Float($0).squareRoot() }, type: .f32, bound: 0) == nil)
  }

  // MARK: - Bounds, through a whole container

  private func expectBound<T: BinaryFloatingPoint & Trivial>(_ values: [T], _ bound: Double) throws
  {
    let back = try Table.column(values, .absolute(bound)).roundTrip().values(as: T.self)
    for (a, b) in zip(values, back) {
      #expect(a == b || (Double(a) - Double(b)).magnitude <= bound, "\(a) \(b)")
    }
  }

  private func expectBound<T: FixedWidthInteger & Trivial>(_ values: [T], _ bound: Double) throws {
    let back = try Table.column(values, .absolute(bound)).roundTrip().values(as: T.self)
    for (a, b) in zip(values, back) {
      let (low, high) = (min(a, b), max(a, b))
      let error = T.Magnitude(truncatingIfNeeded: high) &- T.Magnitude(truncatingIfNeeded: low)
      #expect(Double(error) <= bound, "\(a) \(b)")
    }
  }

  private static let bounds = [0, 0.49, 0.5, 1, 1.5, 2.55, 100, 1e6, 1e18]

  @Test(arguments: bounds) func integersKeepTheirBoundsAtTheEdgesOfTheirTypes(bound: Double) throws
  {
    var random = Seeded(5)
    func edges<T: FixedWidthInteger & Trivial>(_: T.Type) throws {
      try expectBound((0..<150).map { _ in T.random(in: .min ... .max, using: &random) }, bound)
      try expectBound((0..<150).map { _ in Bool.random(using: &random) ? T.min : T.max }, bound)
      try expectBound((0..<150).map { T.max - T(truncatingIfNeeded: $0 % 3) }, bound)
      try expectBound((0..<150).map { T.min + T(truncatingIfNeeded: $0 % 50) }, bound)
    }
    try edges(UInt8.self)
    try edges(Int8.self)
    try edges(Int16.self)
    try edges(UInt16.self)
    try edges(Int32.self)
    try edges(UInt32.self)
    try edges(Int64.self)
    try edges(UInt64.self)
  }

  @Test(arguments: [1e-300, 1e-9, 1e-3, 0.005, 0.05, 0.1, 1.0 / 3, 25, 1e30, 1e300])
  func floatsKeepTheirBounds(bound: Double) throws {
    var random = Seeded(6)
    let normal = (0..<200).map { _ in random.normal() }
    try expectBound(normal, bound)
    try expectBound(normal.map { Float($0) }, bound)
    try expectBound(normal.map { ($0 * 100).rounded() / 100 }, bound)
    try expectBound(normal.map { Float(($0 * 100).rounded() / 100) }, bound)
    try expectBound(normal.map { ($0 * 1000).rounded() * 0.05 }, bound)
    try expectBound(normal.map { 1e9 + $0 }, bound)
    try expectBound(normal.map { Float(16_777_216 + $0 * 1000) }, bound)
    try expectBound(normal.map { $0 * 1e307 }, bound)
    try expectBound(normal.map { $0 < 0 ? -1.7e308 : 1.7e308 }, bound)
    try expectBound(normal.map { Float($0 < 0 ? -3.4e38 : 3.4e38) }, bound)
    try expectBound(normal.map { $0 * Double.leastNormalMagnitude / 9 }, bound)
    try expectBound((0..<200).map { $0 % 50 == 0 ? 1e12 : normal[$0] }, bound)
  }

  @Test func specialValuesKeepTheirBits() throws {
    var random = Seeded(7)
    var values = (0..<500).map { _ in random.special() }
    values[3] = Double(bitPattern: 0x7FF0_0000_0000_0001)  // a signalling NaN
    values[4] = Double(bitPattern: 0xFFF8_0000_DEAD_BEEF)
    for bound in [Bound.absolute(0.1), .relative(1e-3), .exact] {
      let back = try Table.column(values, bound).roundTrip().values(as: Double.self)
      for (a, b) in zip(values, back) {
        let kept = !a.isFinite || a.isSubnormal || a == 0 && a.sign == .minus
        #expect(!kept || a.bitPattern == b.bitPattern)
        #expect(kept || b.isFinite)
        #expect(bound != .exact || a.bitPattern == b.bitPattern)
      }
    }
  }
}
