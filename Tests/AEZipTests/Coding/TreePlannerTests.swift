import Testing

@testable import AEZip

@Suite struct TreePlannerTests {
  /// Two columns: a kind from 0 without order, and a value that depends on it.
  private func sample(
    kinds: Int = 3, _ value: (Int) -> Double
  ) throws -> (Sample, [Column]) {
    let strands = Strands(recordCount: 4096)
    let planes = try (0..<2).map { _ in try Memory<Double>(strands.planeCount) }
    for position in 0..<strands.planeCount {
      let kind = position * 7 / 3 % kinds
      planes[0][position] = Double(kind)
      planes[1][position] = value(kind)
    }
    let columns = (0..<2).map { index in
      let column = Column()
      column.field = index
      return column
    }
    let sample = try Sample(
      columns: columns, latentCount: 0,
      planes: List(planes.map { Plane(float: nil, double: $0.base) }), strands: strands,
      wanted: 4096, kernels: Kernels())
    return (sample, columns)
  }

  private func grow(_ sample: Sample, _ columns: [Column]) throws -> Tree {
    let trees = try TreePlanner(sample: sample, kernels: Kernels(), effort: Effort(level: 6))
    try trees.note(0)
    try trees.note(1)
    let residuals = try Memory<Double>(sample.rowCount)
    for row in 0..<sample.rowCount { residuals[row] = sample.values(of: 1)[row] }
    return try trees.grow(columns[1], 1, residuals: residuals, records: 4096)
  }

  @Test func aCategoryThatFixesAValueIsFound() throws {
    let (sample, columns) = try sample { [10.0, -20, 5.5][$0] }
    let tree = try grow(sample, columns)
    #expect(tree.splits.count == 2)
    #expect(tree.splits.allSatisfy { $0.column == 0 && $0.lag == 0 })
    #expect(Set(tree.splits.map { $0.twice }) == [1, 3])
    #expect(Set(tree.offsets.map { Double($0) / Tree.offsetParts }) == [10, -20, 5.5])
  }

  /// One split alone saves less than it costs.
  @Test func aCategoryBetweenOthersIsSetApartByTwoSplits() throws {
    var random = Seeded(12)
    let (sample, columns) = try sample(kinds: 9) { kind in
      let sign = random.normal() < 0 ? -5.0 : 5
      return kind == 4 ? 0 : sign
    }
    let tree = try grow(sample, columns)
    #expect(tree.splits.count == 2)
    #expect(Set(tree.splits.map { $0.twice }) == [7, 9])
  }

  @Test func noiseGrowsNoTree() throws {
    var random = Seeded(11)
    let (sample, columns) = try sample { _ in 20 * random.normal() }
    #expect(try grow(sample, columns).isEmpty)
  }

  @Test func aTreeIsReadAsItWasWritten() throws {
    let (sample, columns) = try sample { [10.0, -20, 5.5][$0] }
    let column = columns[1]
    column.tree = try grow(sample, columns)
    column.tree.groups = List([0, 1, 1])
    column.context.groups = List([0, 2])
    column.context.thresholds = List([3, 70])
    column.context.sources.append(Context.Source(column: 0, lag: 1, weight: 9))
    var writer = ByteWriter()
    column.write(to: &writer, columnCount: 2)
    try writer.bytes.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes, what: "a column")
      let back = try Column(field: 1, index: 1, columnCount: 2, head: column.head, from: &reader)
      try reader.expectEnd()
      #expect(back.context.classCount == 4)
      #expect(Array(back.context.groups) == [0, 2])
      #expect(Array(back.tree.offsets) == Array(column.tree.offsets))
      #expect(
        Array(back.tree.splits.map { $0.twice }) == Array(column.tree.splits.map { $0.twice }))
    }
    // Every shorter input is refused, none traps.
    for count in 0..<writer.bytes.count {
      writer.bytes[..<count].withUnsafeBytes { bytes in
        #expect(throws: AEZipError.self) {
          var reader = ByteReader(bytes, what: "a column")
          _ = try Column(field: 1, index: 1, columnCount: 2, head: column.head, from: &reader)
        }
      }
    }
  }

  @Test func leavesWithLikeCodesShareAGroup() throws {
    func merged(most: Int) throws -> GroupMerge {
      // Joining adds counts up: new ones for each.
      let histograms = try Memory<Int>(256 * 3, zeroed: true)
      for group in 0..<3 {
        histograms[256 * group + (group == 1 ? 5 : 0)] = 900
        histograms[256 * group + (group == 1 ? 6 : 1)] = 100
      }
      return try GroupMerge(histograms.base, count: 3, most: most) { Entropy.bits($0, $1) + 50 }
    }
    let some = try merged(most: 16)
    #expect(Array(some.places) == [0, 1, 0])
    let one = try merged(most: 1)
    #expect(Array(one.places) == [0, 0, 0])
    #expect(one.bits > some.bits)
  }
}
