// One source, compiled into three modules (baseline, x86-64-v3, x86-64-v4); equal bits in all.
// Only pointers and SIMD values here: no Array, no generic of the standard library that would be
// emitted as a shared (weak) function with this module's instructions.
import CPlatform

#if AEZ_AVX512
  /// Where wider registers gain nothing, the kernels are those for AVX2.
  @_cdecl("aezk4_kernels")
  public func fillKernels(_ kernels: UnsafeMutablePointer<aezk_kernels>) {
    aezk3_kernels(kernels)
    kernels.pointee.predict_f32 = predictF32
    kernels.pointee.predict_f64 = predictF64
    kernels.pointee.multiply = multiply
    kernels.pointee.gram = gram
    kernels.pointee.deal = deal
    kernels.pointee.collect = collect
  }
#elseif AEZ_AVX2
  @_cdecl("aezk3_kernels")
  public func fillKernels(_ kernels: UnsafeMutablePointer<aezk_kernels>) {
    aezk0_kernels(kernels)
    fillVectors(kernels)
  }
#else
  @_cdecl("aezk0_kernels")
  public func fillKernels(_ kernels: UnsafeMutablePointer<aezk_kernels>) {
    fillVectors(kernels)
    kernels.pointee.tally = tally
    kernels.pointee.moments = moments
    kernels.pointee.shift_f32 = shiftF32
    kernels.pointee.shift_f64 = shiftF64
    kernels.pointee.tie_f32 = tieF32
    kernels.pointee.tie_f64 = tieF64
    kernels.pointee.scatter = scatter
    kernels.pointee.gather = gather
    kernels.pointee.symbols = symbols
    kernels.pointee.raw = raw
    kernels.pointee.histogram = histogram
    kernels.pointee.join = join
    kernels.pointee.outliers = outliers
    kernels.pointee.zero_runs = zeroRuns
    kernels.pointee.huffman = huffman
    kernels.pointee.prefix = prefix
    kernels.pointee.literals = literals
    kernels.pointee.spread = spread
    kernels.pointee.codes = codes
    kernels.pointee.deal = deal
    kernels.pointee.collect = collect
  }
#endif

@inline(__always)
func fillVectors(_ kernels: UnsafeMutablePointer<aezk_kernels>) {
  kernels.pointee.predict_f32 = predictF32
  kernels.pointee.predict_f64 = predictF64
  kernels.pointee.load_f32_f32 = loadF32F32
  kernels.pointee.load_f32_f64 = loadF32F64
  kernels.pointee.load_f64_f64 = loadF64F64
  kernels.pointee.quantize_f32 = quantizeF32
  kernels.pointee.quantize_f64 = quantizeF64
  kernels.pointee.dequantize_f32 = dequantizeF32
  kernels.pointee.dequantize_f64 = dequantizeF64
  kernels.pointee.restore_f32_f32 = restoreF32F32
  kernels.pointee.restore_f64_f32 = restoreF64F32
  kernels.pointee.restore_f64_f64 = restoreF64F64
  kernels.pointee.widen = widen
  kernels.pointee.narrow = narrow
  kernels.pointee.subtract_f32 = subtractF32
  kernels.pointee.subtract_f64 = subtractF64
  kernels.pointee.check_f32 = checkF32
  kernels.pointee.check_f64 = checkF64
  kernels.pointee.split_f32 = splitF32
  kernels.pointee.split_f64 = splitF64
  kernels.pointee.classify = classify
  kernels.pointee.rank = rank
  kernels.pointee.entropy = entropy
  kernels.pointee.best_split = bestSplit
  kernels.pointee.magnitudes = magnitudes
  kernels.pointee.weigh = weigh
  kernels.pointee.correlate = correlate
  kernels.pointee.eliminate = eliminate
  kernels.pointee.reweigh = reweigh
  kernels.pointee.explain = explain
  kernels.pointee.extent_f32 = extentF32
  kernels.pointee.extent_f64 = extentF64
  kernels.pointee.gram = gram
  kernels.pointee.multiply = multiply
  kernels.pointee.transpose = transpose
  kernels.pointee.activate = activate
  kernels.pointee.slope = slope
  kernels.pointee.standardize = standardize
  kernels.pointee.fill = fill
  kernels.pointee.deviate = deviate
  kernels.pointee.miss = miss
  kernels.pointee.step = step
  kernels.pointee.cross_entropy = crossEntropy
}

// Vectors as wide as the registers: wider ones compile to loops over single elements.
#if AEZ_AVX512
  typealias LF = SIMD16<Float>
  typealias LD = SIMD8<Double>
  typealias LI = SIMD16<Int32>
  typealias LB = SIMD16<UInt8>
#elseif AEZ_AVX2
  typealias LF = SIMD8<Float>
  typealias LD = SIMD4<Double>
  typealias LI = SIMD8<Int32>
  typealias LB = SIMD8<UInt8>
#else
  typealias LF = SIMD4<Float>
  typealias LD = SIMD2<Double>
  typealias LI = SIMD4<Int32>
  typealias LB = SIMD4<UInt8>
#endif

/// Lanes of a block.
let laneCount = 64

/// Runs `body` for every lane; the compiler turns the loop into vectors.
@inline(__always)
func forEachLane(_ body: (Int) -> Void) {
  var lane = 0
  while lane < laneCount {
    body(lane)
    lane &+= 1
  }
}

/// Adding and subtracting 1.5 * 2^23 rounds a Float below 2^22 to the nearest integer, ties to
/// even, in the default rounding mode, which every entry of the library sets.
let roundF32: Float = 12_582_912
/// The same for a Double below 2^51.
let roundF64: Double = 6_755_399_441_055_744
/// Codes and predictions stay below these, so that rounding is exact and codes fit `Int32`.
let limitF32: Float = 4_000_000
let limitF64: Double = 2_000_000_000
