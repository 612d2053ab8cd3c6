import CPlatform

/// Zeros counted rather than coded, for planes that are nearly all zeros; Format.md, section 6.6. The
/// kernel `zero_runs` writes:
///
///     byte 3 * r + v, r < 84: r zeros, then symbol 1 (v = 0), 2 (v = 1), or the next escape (v = 2)
///     byte 252:               84 zeros
///
/// Zeros after the last other symbol are not coded. In long runs nearly all bytes would be 252, which
/// takes a bit at least. There zeros are counted by 2^k, and the k low bits of a run's length are raw:
///
///     byte 3 * r + v: r * 2^k + the next k raw bits zeros, then a symbol as above
///     byte 252:       84 * 2^k zeros
enum ZeroRuns {
  static let longest = 84
  static let onlyZeros: UInt8 = 252
  static let mostRunBits = 16
  /// Bits below which a saving is not worth a second packing.
  private static let leastSaved = 64.0

  /// A stream whose zeros are counted by 2^`runBits`.
  struct Long {
    let runBits: Int
    let bytes: ByteBuffer
    /// For each run its low bits.
    var lows: List<UInt32> = List()
  }

  /// Counts zeros so that Huffman codes and raw bits are fewest; nil if that is one by one.
  ///
  /// - Parameters:
  ///   - bytes: with zeros counted one by one.
  ///   - counts: how many there are of each byte.
  static func lengthen(
    _ bytes: ByteBuffer, _ counts: UnsafeBufferPointer<Int>
  ) throws(AEZipError) -> Long? {
    let onlyZerosCount = counts[Int(onlyZeros)]
    let runCount = bytes.count - onlyZerosCount
    guard onlyZerosCount * 5 > bytes.count * 2 else { return nil }
    let plainBits = Entropy.huffmanBits(counts)
    var (best, bestBits) = (0, plainBits)
    let trial = try Memory<Int>(256)
    for runBits in 1...mostRunBits {
      memset(trial.base, 0, 8 * 256)
      forEachRun(bytes) { run, kind in
        let units = run >> runBits
        trial.base[Int(onlyZeros)] += units / longest
        trial.base[3 * (units % longest) + kind] += 1
      }
      let bits =
        Entropy.huffmanBits(UnsafeBufferPointer(start: trial.base, count: 256))
        + Double(runBits * runCount)
      guard bits < bestBits else { break }
      (best, bestBits) = (runBits, bits)
    }
    guard bestBits + leastSaved < plainBits else { return nil }
    var long = Long(runBits: best, bytes: try ByteBuffer(capacity: bytes.count))
    // No byte more than before.
    let target = try long.bytes.reserve(bytes.count)
    var written = 0
    forEachRun(bytes) { run, kind in
      var units = run >> best
      while units >= longest {
        target[written] = onlyZeros
        written += 1
        units -= longest
      }
      target[written] = UInt8(3 * units + kind)
      written += 1
      long.lows.append(UInt32(run & (1 << best - 1)))
    }
    long.bytes.commit(written)
    return long
  }

  /// Calls `body` with the zeros of each run, counted one by one, and what ends it.
  private static func forEachRun(_ bytes: ByteBuffer, _ body: (_ run: Int, _ kind: Int) -> Void) {
    var run = 0
    for byte in bytes.bytes {
      if byte == onlyZeros {
        run += longest
      } else {
        body(run + Int(byte) / 3, Int(byte) % 3)
        run = 0
      }
    }
  }
}
