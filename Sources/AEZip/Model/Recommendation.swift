import CPlatform

extension Autoencoder {
  /// The fields that the model expects most among those that a record lacks: it holds 0 there, or
  /// nothing.
  ///
  /// - Parameters:
  ///   - records: of 0 and 1, in `layout`.
  ///   - best: how many fields to find for each record.
  ///   - fields: `recordCount` x `best` field indices, most expected first, of equal ones the first;
  ///     -1 where there are no more.
  ///   - scores: the values that the model expects there; NaN where there are no more.
  ///   - threads: 0: one per processor.
  /// - Throws: ``AEZipError/modelMismatch(_:)``, ``AEZipError/outOfMemory(bytes:)``.
  public func recommend(
    _ records: UnsafeRawBufferPointer, layout: Layout, best: Int,
    into fields: UnsafeMutablePointer<Int>, scores: UnsafeMutablePointer<Double>?, threads: Int = 0
  ) throws(AEZipError) {
    let count = layout.fields.count
    let plain = try Layout(matrixOf: .f32, fieldCount: count, bound: .exact)
    var next = 0
    let total = records.count / layout.recordSize
    let step = 4096
    let latents = try Memory<Float>(step * latentCount)
    let expected = try Memory<Float>(step * count)
    while next < total {
      let rows = min(step, total - next)
      let part = UnsafeRawBufferPointer(
        rebasing: records[next * layout.recordSize..<(next + rows) * layout.recordSize])
      let points = UnsafeMutableBufferPointer(start: latents.base, count: rows * latentCount)
      try encode(part, layout: layout, into: points, threads: threads)
      try decode(
        UnsafeBufferPointer(points),
        into: UnsafeMutableRawBufferPointer(start: expected.base, count: rows * count * 4),
        layout: plain, threads: threads)
      for row in 0..<rows {
        var ranked: [Int] = []
        var keys: [Double] = []
        for field in 0..<count {
          let value = layout.fields[field].type.load(
            part.baseAddress! + (row * layout.recordSize + layout.fields[field].offset))
          guard value == 0 || value.isNaN else { continue }
          let key = -Double(expected[row * count + field])
          guard !key.isNaN else { continue }
          ranked.append(field)
          keys.append(key)
        }
        let order = ascending(keys)
        for place in 0..<best {
          let isThere = place < order.count
          fields[(next + row) * best + place] = isThere ? ranked[order[place]] : -1
          scores?[(next + row) * best + place] = isThere ? -keys[order[place]] : .nan
        }
      }
      next += rows
    }
  }
}
