/// The smallest and largest finite value of every field: what a relative bound is relative to.
///
/// Start with ``init(layout:)``, then ``add(_:)`` batches of records in any number.
public struct FieldRanges: Sendable {
  /// `+infinity` for a field without finite values. 64-bit integers are rounded to Double.
  public var minima: [Double]
  /// `-infinity` for a field without finite values.
  public var maxima: [Double]
  let layout: Layout

  public init(layout: Layout) {
    self.layout = layout
    minima = [Double](repeating: .infinity, count: layout.fields.count)
    maxima = [Double](repeating: -.infinity, count: layout.fields.count)
  }
  /// Takes the values of whole records into account; bytes after the last whole record are ignored.
  public mutating func add(_ records: UnsafeRawBufferPointer) {
  }
}
