/// How well a model knows records: for each field the mean squared error of reconstruction, in
/// standardized units, errors beyond 10 counting as 10, so that few outliers do not drown the rest.
struct FieldErrors {
  private var squares: [Double]
  private var counts: [Double]

  init(fieldCount: Int) {
    squares = [Double](repeating: 0, count: fieldCount)
    counts = squares
  }

  var count: Int { squares.count }

  /// NaN for a field without values.
  var means: [Double] {
    var means: [Double] = []
    for field in 0..<squares.count { means.append(squares[field] / counts[field]) }
    return means
  }

  /// Adds the first lanes of a block whose standardized fields are in `scratch`.
  mutating func add(
    _ model: Network, _ standardizer: Standardizer, _ scratch: Scratch,
    lanes: Int, _ kernels: Kernels
  ) {
    model.encodeBlock(scratch.fields.base, scratch.nodes.base, kernels)
    model.decodeBlock(standardizer, scratch.nodes.base, kernels)
    let output = model.plane(model.shape.last, scratch.nodes.base)
    for field in 0..<squares.count {
      for place in 64 * field..<64 * field + lanes where !scratch.fields[place].isNaN {
        let error = Double(output[place] - scratch.fields[place])
        squares[field] += min(error * error, 100)
        counts[field] += 1
      }
    }
  }
}

extension Standardizer {
  /// Bits a record, about, that predictions with these errors leave of the fields that have a bound.
  ///
  /// - Parameter errors: as ``FieldErrors/means``; NaN if there are none.
  func bits(_ errors: [Double], bound: (_ field: Int) -> Double) -> Double {
    guard !errors.isEmpty else { return .nan }
    var total = 0.0
    for field in 0..<fieldCount where bound(field) > 0 {
      // Without a bound, bits are counted to a hundredth of the scale.
      let unit = bound(field).isFinite ? 2 * bound(field) : scales[field] / 100
      let share = scales[field] / unit * (scales[field] / unit)
      let error = errors[field].isNaN ? 0 : errors[field] * share
      total += Planner.bits(min(error, 1e30), 1)
    }
    return total
  }
}

/// What a model's predictions leave of records, about, in bits a record, and what they left of those
/// that it was trained on; both at the bounds of a container. Format.md, section 5.1.
public struct ModelFit: Sendable {
  public var bits: Double
  /// NaN if the model does not tell.
  public var trainingBits: Double

  /// Whether other records than these were learned from.
  public var isDrift: Bool { bits > 1.25 * trainingBits + 2 }
}

extension RecordModel {
  /// - Parameter errors: as ``FieldErrors/means``.
  func bits(_ errors: [Double], bounds: [Double]) -> Double {
    model.standardizer.bits(errors) { bounds[self.places[$0]] }
  }

  /// Adds some of a chunk's records.
  func addErrors(
    _ records: UnsafeRawBufferPointer, _ kernels: Kernels, to errors: inout FieldErrors
  ) throws(AEZipError) {
    let count = records.count / view.recordSize
    let scratch = try Scratch(model.network)
    let blocks = min(32, (count + 63) / 64)
    for block in 0..<blocks {
      let first = (count - min(count, 64)) * block / max(1, blocks - 1)
      let lanes = min(64, count - first)
      scratch.load(records, view, model.standardizer, first, lanes, kernels)
      errors.add(model.network, model.standardizer, scratch, lanes: lanes, kernels)
    }
  }
}
