import Testing

@testable import AEZip

@Suite struct CodedPlanTests {
  /// A plan whose columns have so many regressors each, to be told from others.
  private func plan(_ regressorCount: Int, _ bits: [Double], order: [Int] = []) -> CodedPlan {
    let columns = bits.map { _ in
      let column = Column()
      for other in 0..<regressorCount {
        column.regressors.append(Regressor(column: other, lag: 1, coefficient: 1))
      }
      return column
    }
    return CodedPlan(order: List(order), columns: columns, bits: bits)
  }

  private func regressorCounts(_ plan: CodedPlan) -> [Int] {
    plan.predictions.map { $0.column.regressors.count }
  }

  @Test func takesTheBestOfEachColumn() throws {
    let (first, second) = (plan(1, [100, 200, 300]), plan(2, [90, 250, 299]))
    let third = plan(3, [95, 150, 400])
    let best = try #require(first.best(with: [first, second, third]))
    // One bit of 300 is chance.
    #expect(regressorCounts(best) == [2, 3, 1])
  }

  @Test func isNoneWhereNothingIsBetter() {
    let first = plan(1, [100, 200])
    #expect(first.best(with: [first, plan(2, [100, 201])]) == nil)
    #expect(first.best(with: []) == nil)
  }

  @Test func leavesPlansInAnotherOrderAlone() throws {
    let first = plan(1, [100, 200], order: [1, 0])
    #expect(first.best(with: [plan(2, [1, 1]), plan(3, [1, 1], order: [0, 1])]) == nil)
    let best = try #require(first.best(with: [plan(4, [1, 300], order: [1, 0])]))
    #expect(regressorCounts(best) == [4, 1] && Array(best.order) == [1, 0])
  }

  /// What took few bits beside its own kind, and many beside others, is not taken twice.
  @Test func remembersWhatColumnsTookLast() throws {
    let (first, second) = (plan(1, [100, 200]), plan(2, [90, 150]))
    let best = try #require(first.best(with: [second]))
    best.note([110, 150])
    #expect(second.predictions[0].bits == 110 && first.predictions[0].bits == 100)
    #expect(regressorCounts(try #require(first.best(with: [second]))) == [1, 2])
  }

  @Test func keepsTreesWithoutTheirGroups() {
    let column = Column()
    column.tree.splits.append(Tree.Split(leaf: 0, column: 0, lag: 1, twice: 3))
    column.tree.groups = List([0, 1] as [UInt8])
    let kept = CodedPlan(order: List(), columns: [column], bits: [1]).predictions[0].column
    #expect(Array(kept.tree.groups) == [0, 0] && kept.tree.splits.count == 1)
    #expect(Array(column.tree.groups) == [0, 1])
  }
}
