/// How the columns of a chunk were predicted, and what each took: from several plans for the same
/// columns in the same order comes one with the best of each for every column.
struct CodedPlan {
  /// See ``ColumnOrder``; empty for that of the layout.
  let order: List<Int>
  /// Copies that hold regressors, trees and ties alone.
  let columns: [Column]
  /// Bits that the codes of each column took, and what describes it.
  let bits: [Double]

  init(order: List<Int>, columns: [Column], bits: [Double]) {
    self.order = order
    self.bits = bits
    self.columns = columns.map {
      let copy = Column()
      copy.takePlan(of: $0)
      return copy
    }
  }

  private func hasOrder(of other: CodedPlan) -> Bool {
    guard order.count == other.order.count, columns.count == other.columns.count else {
      return false
    }
    for place in 0..<order.count where order[place] != other.order[place] { return false }
    return true
  }

  /// For each column the plan that took the fewest bits, of those with this one's order.
  ///
  /// What a column takes hardly depends on how the others are predicted, for all are restored within
  /// the same bounds.
  ///
  /// - Returns: nil if this one is the best for all.
  func best(with others: [CodedPlan]) -> CodedPlan? {
    var (columns, bits) = (columns, bits)
    var hasChanged = false
    for other in others where other.hasOrder(of: self) {
      for index in 0..<columns.count where other.bits[index] < bits[index] * 0.995 {
        (columns[index], bits[index]) = (other.columns[index], other.bits[index])
        hasChanged = true
      }
    }
    return hasChanged ? CodedPlan(order: order, columns: columns, bits: bits) : nil
  }
}
