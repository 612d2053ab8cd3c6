import CPlatform

/// Estimates of what zlib will make of symbols, from histograms.
enum Entropy {
  /// What the code tables of a deflate stream cost, with the stream's own bytes: header,
  /// Adler-32 and its line in the directory. Measured on planes of noise.
  static let streamBits = 270.0

  /// Bits that deflate's Huffman codes take for symbols of these counts. The end of the block has a
  /// code too, so that of two symbols one takes two bits.
  ///
  /// The code tables are not counted.
  static func huffmanBits(_ counts: UnsafeBufferPointer<Int>) -> Double {
    withUnsafeTemporaryAllocation(
      of: Int.self, capacity: 2 * (counts.count + 1) + Int(AEZK_SORT_TABLE)
    ) {
      let sums = $0.baseAddress!
      sums[0] = 1
      var used = 1
      for count in counts where count > 0 {
        sums[used] = count
        used += 1
      }
      aezk_sort(sums, sums + used, used)
      return Double(PrefixCode.merge(sums, used, parents: nil))
    }
  }

  /// Bits by which the entropy of a sample is too small, for each symbol that occurs: 1 / (2 ln 2)
  /// (Miller 1955).
  static let bias = 0.7213475204444817

  /// Bits of a perfect code for symbols of these counts.
  static func bits(_ counts: [Int]) -> Double {
    counts.withUnsafeBufferPointer { counts.isEmpty ? 0 : bits($0.baseAddress!, $0.count) }
  }

  static func bits(_ counts: UnsafePointer<Int>, _ symbolCount: Int) -> Double {
    aezk_entropy(counts, symbolCount)
  }

  /// log2 of a positive normal number to about 1e-6, from its bits alone, so that plans do not
  /// depend on a mathematical library.
  static func log2(_ x: Double) -> Double { aezk_log2(x) }
}
