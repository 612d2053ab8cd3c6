// swift-tools-version:6.1
import PackageDescription

// The C library is Embedded Swift: no Swift runtime in the host process, libc and libz only.
let embedded: [SwiftSetting] = [
  .enableExperimentalFeature("Embedded"), .define("AEZ_EMBEDDED"),
  .unsafeFlags([
    "-wmo", "-Xfrontend", "-function-sections", "-enforce-exclusivity=unchecked",
    // No exception passes through, and frame pointers are kept: unwind tables serve nobody.
    "-Xcc", "-fno-asynchronous-unwind-tables", "-Xcc", "-fno-unwind-tables",
    // One trap instruction for all failed checks of a function.
    "-Xfrontend", "-mergeable-traps",
    // Keeps a hash of each module in the library, and old code where only options of LLVM changed.
    "-Xfrontend", "-disable-incremental-llvm-codegen",
  ]),
]
// What is not a kernel is built for size.
let small: [SwiftSetting] = [
  .unsafeFlags(
    [
      "-Osize",
      // Passes that copy code: loops with a test before and after, functions for each closure.
      "-Xllvm", "-sil-disable-pass=loop-rotate", "-Xllvm", "-sil-disable-pass=loop-unroll",
      "-Xllvm", "-sil-disable-pass=closure-specialize",
      // Passes that hold more values than there are registers, which then go through the stack.
      "-Xllvm", "-disable-machine-licm", "-Xllvm", "-disable-lsr",
      "-Xllvm", "-enable-pre=false", "-Xllvm", "-enable-load-pre=false",
      // The same instructions in both branches, or in many functions, once.
      "-Xllvm", "-hoist-common-insts", "-Xllvm", "-sink-common-insts", "-Xllvm", "-enable-gvn-sink",
      "-Xllvm", "-enable-machine-outliner=always",
    ], .when(configuration: .release))
]
// SIMD code at -Onone is 500 times slower, so kernels are optimized in debug builds too.
// Loops over 64 lanes stay loops: unrolled they are no faster and three times as large.
let kernel: [SwiftSetting] = [
  .unsafeFlags(["-O"], .when(configuration: .debug)),
  .unsafeFlags([
    "-Xllvm", "-unroll-full-max-count=2", "-Xllvm", "-unroll-max-count=1",
    "-Xllvm", "-force-vector-interleave=1",
    // Square roots are instructions: no call that would set errno for negative numbers.
    "-Xcc", "-fno-math-errno",
  ]),
]
let avx2: [SwiftSetting] = [
  .define("AEZ_AVX2"), .unsafeFlags(["-Xcc", "-march=x86-64-v3"]),
]
let avx512: [SwiftSetting] = [
  .define("AEZ_AVX512"), .unsafeFlags(["-Xcc", "-march=x86-64-v4"]),
]

let exportOnlyTheHeader: [String] = [
  "-use-ld=lld",
  "-Xlinker", "--version-script=\(Context.packageDirectory)/Include/aez.map",
  "-Xlinker", "-soname=libaez.so.0",
  "-Xlinker", "--gc-sections", "-Xlinker", "--icf=all",
]

let package = Package(
  name: "aezip",
  products: [
    .library(name: "aez", type: .dynamic, targets: ["EmbeddedABI"]),  // libaez.so
    .library(name: "AEZip", targets: ["AEZip"]),  // for Swift packages
    .executable(name: "aezip", targets: ["AEZipCLI"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPlatform"),
    .systemLibrary(name: "CAez", path: "Include"),

    .target(name: "AEZipKernels", dependencies: ["CPlatform"], swiftSettings: kernel),
    .target(
      name: "KernelsAVX2", dependencies: ["CPlatform"], path: "Sources/Variants/KernelsAVX2",
      swiftSettings: kernel + avx2),
    .target(
      name: "KernelsAVX512", dependencies: ["CPlatform"], path: "Sources/Variants/KernelsAVX512",
      swiftSettings: kernel + avx512),
    .target(
      name: "AEZip",
      dependencies: ["CZlib", "CPlatform", "AEZipKernels", "KernelsAVX2", "KernelsAVX512"],
      exclude: ["AEZip.docc"]),
    .target(name: "AEZipABI", dependencies: ["AEZip", "CAez"]),
    .executableTarget(
      name: "AEZipCLI",
      dependencies: [
        "AEZip", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // The same folders, compiled once more as Embedded Swift (Sources/Variants holds links only).
    .target(
      name: "EmbeddedKernels", dependencies: ["CPlatform"],
      path: "Sources/Variants/EmbeddedKernels",
      swiftSettings: kernel + embedded),
    .target(
      name: "EmbeddedKernelsAVX2", dependencies: ["CPlatform"],
      path: "Sources/Variants/EmbeddedKernelsAVX2",
      swiftSettings: kernel + avx2 + embedded),
    .target(
      name: "EmbeddedKernelsAVX512", dependencies: ["CPlatform"],
      path: "Sources/Variants/EmbeddedKernelsAVX512",
      swiftSettings: kernel + avx512 + embedded),
    // Library and C functions in one module: apart, each has its own copies of what both use.
    .target(
      name: "EmbeddedABI",
      dependencies: [
        "CZlib", "CPlatform", "CAez", "EmbeddedKernels", "EmbeddedKernelsAVX2",
        "EmbeddedKernelsAVX512",
      ],
      path: "Sources/Variants/EmbeddedABI", exclude: ["AEZip/AEZip.docc"],
      swiftSettings: embedded + small,
      linkerSettings: [.linkedLibrary("m"), .unsafeFlags(exportOnlyTheHeader)]),

    .testTarget(name: "AEZipTests", dependencies: ["AEZip", "AEZipABI", "CAez", "CPlatform"]),
  ]
)
