import CPlatform

/// The arithmetic of a chunk's predictions: Float, or Double where a bound is finer than Float.
///
/// Vectors are 64 numbers of that type behind raw pointers, so that the prediction loop exists once.
struct Arithmetic {
  let isDouble: Bool
  let kernels: Kernels

  /// Bytes of a number and of a vector.
  var size: Int { isDouble ? 8 : 4 }
  var vectorSize: Int { 64 * size }

  /// The kernel `predict` with regressors at `first ..< first + count` of the tables.
  func predict(
    _ out: UnsafeMutableRawPointer, base: UnsafeMutableRawPointer?, intercept: Double,
    weights: UnsafeMutableRawPointer, sources: UnsafeMutablePointer<UnsafeRawPointer?>,
    first: Int, count: Int, snap: Int32
  ) {
    let weights = weights + first * size
    let sources = UnsafeRawPointer(sources + first)
    if isDouble {
      kernels.call.predict_f64(
        out.assumingMemoryBound(to: Double.self), base?.assumingMemoryBound(to: Double.self),
        intercept, weights.assumingMemoryBound(to: Double.self),
        sources.assumingMemoryBound(to: UnsafePointer<Double>?.self), count, snap)
    } else {
      kernels.call.predict_f32(
        out.assumingMemoryBound(to: Float.self), base?.assumingMemoryBound(to: Float.self),
        Float(intercept), weights.assumingMemoryBound(to: Float.self),
        sources.assumingMemoryBound(to: UnsafePointer<Float>?.self), count, snap)
    }
  }

  /// The kernel `split` with splits at `first ..< first + count` of the tables.
  func split(
    _ leaves: UnsafeMutablePointer<UInt8>, thresholds: UnsafeMutableRawPointer,
    sources: UnsafeMutablePointer<UnsafeRawPointer?>, parents: UnsafePointer<UInt8>,
    first: Int, count: Int
  ) {
    let thresholds = thresholds + first * size
    let sources = UnsafeRawPointer(sources + first)
    if isDouble {
      kernels.call.split_f64(
        leaves, sources.assumingMemoryBound(to: UnsafePointer<Double>?.self),
        thresholds.assumingMemoryBound(to: Double.self), parents, count)
    } else {
      kernels.call.split_f32(
        leaves, sources.assumingMemoryBound(to: UnsafePointer<Float>?.self),
        thresholds.assumingMemoryBound(to: Float.self), parents, count)
    }
  }

  /// The kernel `tie` with `count` terms whose sources and shifts begin at `first` of the tables, and
  /// whose weights lie at `weights`.
  func tie(
    _ out: UnsafeMutableRawPointer, sources: UnsafeMutablePointer<UnsafeRawPointer?>,
    shifts: UnsafeMutableRawPointer, first: Int, weights: UnsafeMutableRawPointer, count: Int,
    isRoot: Bool
  ) {
    let shifts = shifts + first * size
    let sources = UnsafeRawPointer(sources + first)
    if isDouble {
      kernels.call.tie_f64(
        out.assumingMemoryBound(to: Double.self),
        sources.assumingMemoryBound(to: UnsafePointer<Double>?.self),
        shifts.assumingMemoryBound(to: Double.self), weights.assumingMemoryBound(to: Double.self),
        count, isRoot ? 1 : 0)
    } else {
      kernels.call.tie_f32(
        out.assumingMemoryBound(to: Float.self),
        sources.assumingMemoryBound(to: UnsafePointer<Float>?.self),
        shifts.assumingMemoryBound(to: Float.self), weights.assumingMemoryBound(to: Float.self),
        count, isRoot ? 1 : 0)
    }
  }

  func shift(
    _ out: UnsafeMutableRawPointer, base: UnsafeMutableRawPointer?,
    _ leaves: UnsafePointer<UInt8>, offsets: UnsafeMutableRawPointer
  ) {
    if isDouble {
      kernels.call.shift_f64(
        out.assumingMemoryBound(to: Double.self), base?.assumingMemoryBound(to: Double.self),
        leaves, offsets.assumingMemoryBound(to: Double.self))
    } else {
      kernels.call.shift_f32(
        out.assumingMemoryBound(to: Float.self), base?.assumingMemoryBound(to: Float.self),
        leaves, offsets.assumingMemoryBound(to: Float.self))
    }
  }

  func quantize(
    _ codes: UnsafeMutablePointer<Int32>, _ restored: UnsafeMutableRawPointer,
    _ y: UnsafeMutableRawPointer, _ p: UnsafeMutableRawPointer, _ multiple: Double
  ) {
    if isDouble {
      kernels.call.quantize_f64(
        codes, restored.assumingMemoryBound(to: Double.self),
        y.assumingMemoryBound(to: Double.self), p.assumingMemoryBound(to: Double.self), multiple,
        1 / multiple)
    } else {
      kernels.call.quantize_f32(
        codes, restored.assumingMemoryBound(to: Float.self), y.assumingMemoryBound(to: Float.self),
        p.assumingMemoryBound(to: Float.self), Float(multiple), 1 / Float(multiple))
    }
  }

  func dequantize(
    _ restored: UnsafeMutableRawPointer, _ codes: UnsafeMutablePointer<Int32>,
    _ p: UnsafeMutableRawPointer, _ multiple: Double
  ) {
    if isDouble {
      kernels.call.dequantize_f64(
        restored.assumingMemoryBound(to: Double.self), codes,
        p.assumingMemoryBound(to: Double.self), multiple)
    } else {
      kernels.call.dequantize_f32(
        restored.assumingMemoryBound(to: Float.self), codes, p.assumingMemoryBound(to: Float.self),
        Float(multiple))
    }
  }

  func subtract(
    _ out: UnsafeMutableRawPointer, _ a: UnsafeMutableRawPointer, _ b: UnsafeMutableRawPointer
  ) {
    if isDouble {
      kernels.call.subtract_f64(
        out.assumingMemoryBound(to: Double.self), a.assumingMemoryBound(to: Double.self),
        b.assumingMemoryBound(to: Double.self))
    } else {
      kernels.call.subtract_f32(
        out.assumingMemoryBound(to: Float.self), a.assumingMemoryBound(to: Float.self),
        b.assumingMemoryBound(to: Float.self))
    }
  }

  /// A vector as Double: itself, or `wide` filled from it.
  func widened(
    _ values: UnsafeMutableRawPointer, _ wide: UnsafeMutablePointer<Double>
  ) -> UnsafeMutablePointer<Double> {
    if isDouble { return values.assumingMemoryBound(to: Double.self) }
    kernels.call.widen(wide, values.assumingMemoryBound(to: Float.self))
    return wide
  }

  /// The inverse of ``widened(_:_:)``: takes a vector of Double over.
  func take(_ out: UnsafeMutableRawPointer, _ wide: UnsafeMutablePointer<Double>) {
    if isDouble {
      memcpy(out, wide, vectorSize)
    } else {
      kernels.call.narrow(out.assumingMemoryBound(to: Float.self), wide)
    }
  }

  /// Writes one number of a table.
  func store(_ value: Double, _ table: UnsafeMutableRawPointer, _ index: Int) {
    if isDouble {
      table.storeBytes(of: value, toByteOffset: index * 8, as: Double.self)
    } else {
      table.storeBytes(of: Float(value), toByteOffset: index * 4, as: Float.self)
    }
  }
}
