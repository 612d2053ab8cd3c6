extension Layout {
  /// The bounds of all fields in their units, for ``TrainingOptions/bounds``; empty if none has one.
  ///
  /// - Parameter ranges: of the records; needed if a bound is relative.
  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` if it is needed and not there.
  public func trainingBounds(ranges: FieldRanges?) throws(AEZipError) -> [Double] {
    var bounds: [Double] = []
    var isBounded = false
    for index in 0..<fields.count {
      var unit = 0.0
      switch fields[index].bound {
      case .exact, .free: break
      case .absolute(let bound): unit = bound
      case .relative(let share):
        guard let ranges else {
          throw .invalidArgument(
            "field # has a relative bound, but its range is not known before the last record; give an absolute bound",
            index)
        }
        unit = min(share * ranges.span(index), .greatestFiniteMagnitude)
      }
      bounds.append(unit)
      if unit > 0 { isBounded = true }
    }
    return isBounded ? bounds : []
  }
}
