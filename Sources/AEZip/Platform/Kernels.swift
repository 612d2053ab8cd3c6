import CPlatform

/// The kernels of the best instruction set that the processor has and `AEZ_CPU` permits.
///
/// They are called through C function pointers: an imported Swift function could be re-emitted in
/// this module, with this module's (baseline) instructions. An object, since copies of the table
/// would be 200 bytes of code each.
final class Kernels: @unchecked Sendable {
  /// `kernels.call.gram(...)`.
  let call: aezk_kernels

  /// - Parameter level: see ``instructionSetLevel``, which asks the processor each time (some
  ///   microseconds in a virtual machine).
  init(level: Int32 = instructionSetLevel) {
    var table = aezk_kernels()
    aezk_select(level, &table)
    call = table
  }

  /// Those that are the same on all instruction sets; others are slow.
  static var common: Kernels { Kernels(level: 0) }
}

/// 0: baseline, 3: AVX2, 4: AVX-512.
public var instructionSetLevel: Int32 { aezcpu_level() }
