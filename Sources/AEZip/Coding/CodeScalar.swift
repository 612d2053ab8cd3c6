import CPlatform

/// The arithmetic of a chunk's predictions: Float, or Double where a bound is finer than Float.
///
/// Each requirement is the kernel of the same name in `kernels.h`.
protocol CodeScalar {
  /// The nearest number of this type.
  static func of(_ value: Double) -> Self
  static func predict(
    _ kernels: borrowing aezk_kernels, _ out: UnsafeMutablePointer<Self>,
    _ base: UnsafePointer<Self>?, _ intercept: Self, _ coefficients: UnsafePointer<Self>,
    _ regressors: UnsafePointer<UnsafePointer<Self>?>, _ count: Int, _ snap: Int32)
  static func quantize(
    _ kernels: borrowing aezk_kernels, _ codes: UnsafeMutablePointer<Int32>,
    _ restored: UnsafeMutablePointer<Self>, _ y: UnsafePointer<Self>, _ p: UnsafePointer<Self>,
    _ multiple: Self)
  static func dequantize(
    _ kernels: borrowing aezk_kernels, _ restored: UnsafeMutablePointer<Self>,
    _ codes: UnsafePointer<Int32>, _ p: UnsafePointer<Self>, _ multiple: Self)
  static func subtract(
    _ kernels: borrowing aezk_kernels, _ out: UnsafeMutablePointer<Self>,
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>)
  /// Values as Double: the vector itself, or `wide` filled from it.
  static func wide(
    _ kernels: borrowing aezk_kernels, _ values: UnsafeMutablePointer<Self>,
    _ wide: UnsafeMutablePointer<Double>) -> UnsafePointer<Double>
  /// The inverse of ``wide(_:_:_:)``: takes Double values over.
  static func take(
    _ kernels: borrowing aezk_kernels, _ out: UnsafeMutablePointer<Self>,
    _ wide: UnsafeMutablePointer<Double>)
  /// The vector as Float if it is one.
  static func asFloat(_ values: UnsafeMutablePointer<Self>) -> UnsafeMutablePointer<Float>?
}

extension Float: CodeScalar {
  static func of(_ value: Double) -> Float { Float(value) }
  static func predict(
    _ kernels: borrowing aezk_kernels, _ out: UnsafeMutablePointer<Float>,
    _ base: UnsafePointer<Float>?, _ intercept: Float, _ coefficients: UnsafePointer<Float>,
    _ regressors: UnsafePointer<UnsafePointer<Float>?>, _ count: Int, _ snap: Int32
  ) {
    kernels.predict_f32(out, base, intercept, coefficients, regressors, count, snap)
  }
  static func quantize(
    _ kernels: borrowing aezk_kernels, _ codes: UnsafeMutablePointer<Int32>,
    _ restored: UnsafeMutablePointer<Float>, _ y: UnsafePointer<Float>, _ p: UnsafePointer<Float>,
    _ multiple: Float
  ) {
    kernels.quantize_f32(codes, restored, y, p, multiple, 1 / multiple)
  }
  static func dequantize(
    _ kernels: borrowing aezk_kernels, _ restored: UnsafeMutablePointer<Float>,
    _ codes: UnsafePointer<Int32>, _ p: UnsafePointer<Float>, _ multiple: Float
  ) {
    kernels.dequantize_f32(restored, codes, p, multiple)
  }
  static func subtract(
    _ kernels: borrowing aezk_kernels, _ out: UnsafeMutablePointer<Float>,
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>
  ) {
    kernels.subtract_f32(out, a, b)
  }
  static func wide(
    _ kernels: borrowing aezk_kernels, _ values: UnsafeMutablePointer<Float>,
    _ wide: UnsafeMutablePointer<Double>
  ) -> UnsafePointer<Double> {
    kernels.widen(wide, values)
    return UnsafePointer(wide)
  }
  static func take(
    _ kernels: borrowing aezk_kernels, _ out: UnsafeMutablePointer<Float>,
    _ wide: UnsafeMutablePointer<Double>
  ) {
    kernels.narrow(out, wide)
  }
  static func asFloat(_ values: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float>? {
    values
  }
}

extension Double: CodeScalar {
  static func of(_ value: Double) -> Double { value }
  static func predict(
    _ kernels: borrowing aezk_kernels, _ out: UnsafeMutablePointer<Double>,
    _ base: UnsafePointer<Double>?, _ intercept: Double, _ coefficients: UnsafePointer<Double>,
    _ regressors: UnsafePointer<UnsafePointer<Double>?>, _ count: Int, _ snap: Int32
  ) {
    kernels.predict_f64(out, base, intercept, coefficients, regressors, count, snap)
  }
  static func quantize(
    _ kernels: borrowing aezk_kernels, _ codes: UnsafeMutablePointer<Int32>,
    _ restored: UnsafeMutablePointer<Double>, _ y: UnsafePointer<Double>,
    _ p: UnsafePointer<Double>, _ multiple: Double
  ) {
    kernels.quantize_f64(codes, restored, y, p, multiple, 1 / multiple)
  }
  static func dequantize(
    _ kernels: borrowing aezk_kernels, _ restored: UnsafeMutablePointer<Double>,
    _ codes: UnsafePointer<Int32>, _ p: UnsafePointer<Double>, _ multiple: Double
  ) {
    kernels.dequantize_f64(restored, codes, p, multiple)
  }
  static func subtract(
    _ kernels: borrowing aezk_kernels, _ out: UnsafeMutablePointer<Double>,
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>
  ) {
    kernels.subtract_f64(out, a, b)
  }
  static func wide(
    _ kernels: borrowing aezk_kernels, _ values: UnsafeMutablePointer<Double>,
    _ wide: UnsafeMutablePointer<Double>
  ) -> UnsafePointer<Double> {
    UnsafePointer(values)
  }
  static func take(
    _ kernels: borrowing aezk_kernels, _ out: UnsafeMutablePointer<Double>,
    _ wide: UnsafeMutablePointer<Double>
  ) {
    out.update(from: wide, count: 64)
  }
  static func asFloat(_ values: UnsafeMutablePointer<Double>) -> UnsafeMutablePointer<Float>? { nil }
}
