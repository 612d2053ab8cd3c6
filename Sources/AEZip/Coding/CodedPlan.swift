/// How the columns of a chunk were predicted, and what each took: from several plans for the same
/// columns in the same order comes one with the best of each for every column.
struct CodedPlan {
  /// A way of predicting a column.
  final class Prediction {
    /// Holds regressors, tree and tie alone.
    let column = Column()
    /// What the codes took, and what describes them, when it was last used: it depends a little on
    /// how the other columns are predicted.
    var bits: Double

    init(of column: Column, bits: Double) {
      self.bits = bits
      self.column.takePlan(of: column)
      // Classes are chosen anew.
      for leaf in 0..<column.tree.groups.count { self.column.tree.groups[leaf] = 0 }
    }
  }

  /// See ``ColumnOrder``; empty for that of the layout.
  let order: List<Int>
  private(set) var predictions: [Prediction] = []

  init(order: List<Int>, columns: [Column], bits: [Double]) {
    self.order = order
    for index in 0..<columns.count {
      predictions.append(Prediction(of: columns[index], bits: bits[index]))
    }
  }

  /// Notes what the columns took this time.
  func note(_ bits: [Double]) {
    for index in 0..<bits.count { predictions[index].bits = bits[index] }
  }

  private func hasOrder(of other: CodedPlan) -> Bool {
    guard order.count == other.order.count, predictions.count == other.predictions.count else {
      return false
    }
    for place in 0..<order.count where order[place] != other.order[place] { return false }
    return true
  }

  /// For each column the prediction that took the fewest bits, of those of plans with this one's order.
  ///
  /// - Returns: nil if this one is the best for all.
  func best(with others: [CodedPlan]) -> CodedPlan? {
    var result = self
    var hasChanged = false
    for other in others where other.hasOrder(of: self) {
      for index in 0..<predictions.count
      where other.predictions[index].bits < 0.995 * result.predictions[index].bits {
        result.predictions[index] = other.predictions[index]
        hasChanged = true
      }
    }
    return hasChanged ? result : nil
  }
}
