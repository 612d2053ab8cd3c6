#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez
import CPlatform

/// A model and the records that it is applied to.
private final class Application {
  let model: Autoencoder
  let layout: Layout
  let recordCount: Int
  let threads: Int

  init(_ model: Autoencoder, _ layout: Layout, _ recordCount: Int, _ threads: Int) {
    self.model = model
    self.layout = layout
    self.recordCount = recordCount
    self.threads = threads
  }

  // Embedded Swift leaks the object where a designated initializer throws.
  convenience init(
    _ model: OpaquePointer?, _ layout: UnsafePointer<aez_layout>?, _ recordCount: UInt64,
    _ threads: Int32
  ) throws(AEZipError) {
    self.init(
      try ModelHandle.of(model).model, try Layout(layout),
      try count(recordCount, "record_count"), try threadCount(threads))
  }

  /// The records to read.
  func source(_ bytes: UnsafeRawPointer?) throws(AEZipError) -> UnsafeRawBufferPointer {
    try input(bytes, byteCount(of: recordCount, recordSize: layout.recordSize), "records")
  }

  /// The caller's memory for as many records, zeroed.
  func target(
    _ bytes: UnsafeMutableRawPointer?, _ capacity: Int, _ name: StaticString
  ) throws(AEZipError) -> UnsafeMutableRawBufferPointer {
    let needed = try byteCount(of: recordCount, recordSize: layout.recordSize)
    let target = try output(bytes, capacity: capacity, needed: needed, name)
    if let base = target.baseAddress { memset(base, 0, needed) }
    return target
  }
}

/// Records to latents.
@_cdecl("aez_model_encode") @implementation
public func aez_model_encode(
  _ model: OpaquePointer?, _ layout: UnsafePointer<aez_layout>?, _ source: UnsafeRawPointer?,
  _ recordCount: UInt64, _ threads: Int32, _ latents: UnsafeMutablePointer<Float>?,
  _ capacity: Int, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let use = try Application(model, layout, recordCount, threads)
    let source = try use.source(source)
    try use.model.encode(
      source, layout: use.layout,
      into: try floats(latents, use.recordCount, use.model.latentCount, capacity),
      threads: use.threads)
  }
}

/// Latents to records.
@_cdecl("aez_model_decode") @implementation
public func aez_model_decode(
  _ model: OpaquePointer?, _ layout: UnsafePointer<aez_layout>?, _ latents: UnsafePointer<Float>?,
  _ recordCount: UInt64, _ threads: Int32, _ records: UnsafeMutableRawPointer?, _ capacity: Int,
  _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let use = try Application(model, layout, recordCount, threads)
    let target = try use.target(records, capacity, "records")
    try use.model.decode(
      UnsafeBufferPointer(
        start: try required(latents, "latents"),
        count: byteCount(of: use.recordCount, recordSize: use.model.latentCount)), into: target,
      layout: use.layout, threads: use.threads)
  }
}

/// Squared errors of records.
@_cdecl("aez_model_score") @implementation
public func aez_model_score(
  _ model: OpaquePointer?, _ layout: UnsafePointer<aez_layout>?, _ source: UnsafeRawPointer?,
  _ recordCount: UInt64, _ threads: Int32, _ scores: UnsafeMutablePointer<Double>?,
  _ fieldScores: UnsafeMutablePointer<Double>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let use = try Application(model, layout, recordCount, threads)
    try use.model.score(
      try use.source(source), layout: use.layout,
      into: UnsafeMutableBufferPointer(
        start: try required(scores, "scores"), count: use.recordCount),
      perField: fieldScores.map {
        UnsafeMutableBufferPointer(start: $0, count: use.model.fieldCount)
      }, threads: use.threads)
  }
}

/// Records as the model expects them.
@_cdecl("aez_model_reconstruct") @implementation
public func aez_model_reconstruct(
  _ model: OpaquePointer?, _ layout: UnsafePointer<aez_layout>?, _ source: UnsafeRawPointer?,
  _ recordCount: UInt64, _ onlyMissing: Int32, _ iterations: Int32, _ threads: Int32,
  _ restored: UnsafeMutableRawPointer?, _ capacity: Int, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let use = try Application(model, layout, recordCount, threads)
    guard iterations >= 0 else {
      throw .invalidArgument("iterations is #; give 0 for the default, or more", Int(iterations))
    }
    let source = try use.source(source)
    let target = try use.target(restored, capacity, "restored")
    try use.model.reconstruct(
      source, layout: use.layout, into: target,
      iterations: iterations == 0 ? 10 : Int(iterations), onlyMissing: onlyMissing != 0,
      threads: use.threads)
  }
}

/// New records.
@_cdecl("aez_model_sample") @implementation
public func aez_model_sample(
  _ model: OpaquePointer?, _ layout: UnsafePointer<aez_layout>?, _ recordCount: UInt64,
  _ seed: UInt64, _ records: UnsafeMutableRawPointer?, _ capacity: Int,
  _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let use = try Application(model, layout, recordCount, 1)
    let target = try use.target(records, capacity, "records")
    try use.model.sample(seed: seed, into: target, layout: use.layout)
  }
}

/// Fields that records lack and that the model expects.
@_cdecl("aez_model_recommend") @implementation
public func aez_model_recommend(
  _ model: OpaquePointer?, _ layout: UnsafePointer<aez_layout>?, _ source: UnsafeRawPointer?,
  _ recordCount: UInt64, _ best: Int, _ threads: Int32, _ fields: UnsafeMutablePointer<Int>?,
  _ scores: UnsafeMutablePointer<Double>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let use = try Application(model, layout, recordCount, threads)
    guard best >= 1 else { throw .invalidArgument("best is not 1 or more") }
    _ = try byteCount(of: use.recordCount, recordSize: byteCount(of: best, recordSize: 8))
    try use.model.recommend(
      try use.source(source), layout: use.layout, best: best,
      into: try required(fields, "fields"), scores: scores, threads: use.threads)
  }
}
