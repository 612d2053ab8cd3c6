#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez

/// The smallest and largest finite value of every field, batch after batch.
@_cdecl("aez_ranges") @implementation
public func aez_ranges(
  _ layout: UnsafePointer<aez_layout>?, _ source: UnsafeRawPointer?, _ recordCount: UInt64,
  _ started: UnsafeMutablePointer<Int32>?, _ minima: UnsafeMutablePointer<Double>?,
  _ maxima: UnsafeMutablePointer<Double>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let layout = try Layout(layout)
    let started = try required(started, "started")
    let minima = try required(minima, "minima")
    let maxima = try required(maxima, "maxima")
    let batch = try records(source, recordCount, recordSize: layout.recordSize)

    var ranges = FieldRanges(layout: try layout.withRelativeBounds())
    if started.pointee != 0 {
      for field in 0..<layout.fields.count {
        ranges.minima[field] = minima[field]
        ranges.maxima[field] = maxima[field]
      }
    }
    try ranges.add(batch)
    for field in 0..<layout.fields.count {
      minima[field] = ranges.minima[field]
      maxima[field] = ranges.maxima[field]
    }
    started.pointee = 1
  }
}

extension Layout {
  /// The same fields, all with a relative bound: ``FieldRanges`` looks at no others.
  fileprivate func withRelativeBounds() throws(AEZipError) -> Layout {
    var relative = fields
    for index in 0..<relative.count { relative[index].bound = .relative(0) }
    return try Layout(fields: relative, recordSize: recordSize)
  }
}
