import CPlatform

/// The kernels of the best instruction set that the processor has and `AEZ_CPU` permits.
///
/// They are called through C function pointers: an imported Swift function could be re-emitted in
/// this module, with this module's (baseline) instructions.
func selectKernels(level: Int32 = instructionSetLevel) -> aezk_kernels {
  var kernels = aezk_kernels()
  aezk_select(min(level, instructionSetLevel), &kernels)
  return kernels
}

/// 0: baseline, 3: AVX2, 4: AVX-512.
public var instructionSetLevel: Int32 { aezcpu_level() }
