import CPlatform

/// The codes of a deflate block of literals alone, and how they are described in the stream:
/// RFC 1951, 3.2.7.
final class BlockCode {
  static let endOfBlock = 256
  /// The literals, the end of the block, and a distance without a code.
  private static let described = endOfBlock + 2
  /// What it takes to describe one more run of equal lengths, in bits.
  private static let runBits = 4.5

  /// Neighbours whose codes have one length.
  private struct Run {
    var length: Int
    var sum: Int
    /// That the run's share of all symbols takes, but for a part that does not depend on runs.
    var bits: Double

    init(_ length: Int, _ sum: Int) {
      self.length = length
      self.sum = sum
      bits = sum == 0 ? 0 : Double(sum) * Entropy.log2(Double(length) / Double(sum))
    }
  }

  private let tree: PrefixCode
  private let lengths: Memory<UInt8>
  private let trial: Memory<UInt8>
  private let table: Memory<UInt32>
  private let smoothed: Memory<Int>
  private let runs: Memory<Run>
  /// Code lengths' symbols, and what follows them. 16: the last length 3-6 times, 17 and 18: zeros.
  private var items = List<(symbol: UInt8, extra: UInt8)>()
  private let itemCounts: Memory<Int>
  private let itemLengths: Memory<UInt8>
  private let itemCodes: Memory<UInt32>

  init() throws(AEZipError) {
    tree = try PrefixCode()
    lengths = try Memory(Self.described)
    trial = try Memory(Self.described)
    table = try Memory(Self.described)
    smoothed = try Memory(Self.endOfBlock + 1)
    runs = try Memory(Self.endOfBlock)
    itemCounts = try Memory(19)
    itemLengths = try Memory(19)
    itemCodes = try Memory(19)
  }

  /// The codes that were written: bits reversed, times 256, plus the length; 0 for symbols that have
  /// none.
  var codes: UnsafePointer<UInt32> { UnsafePointer(table.base) }

  /// Chooses the codes of a block.
  ///
  /// - Parameters:
  ///   - counts: of all literals and of the end of the block, which is 1.
  ///   - isSmoothed: whether to try codes as well that are longer, but take fewer bits to describe.
  /// - Returns: the bits of the block.
  func choose(_ counts: UnsafePointer<Int>, isSmoothed: Bool) -> Int {
    tree.lengths(counts, Self.endOfBlock + 1, limit: 15, lengths.base)
    var bits = describe(lengths.base) + Self.bits(counts, lengths.base)
    if isSmoothed {
      smooth(counts)
      tree.lengths(smoothed.base, Self.endOfBlock + 1, limit: 15, trial.base)
      let others = describe(trial.base) + Self.bits(counts, trial.base)
      if others < bits {
        bits = others
        memcpy(lengths.base, trial.base, Self.endOfBlock + 1)
      }
    }
    return bits
  }

  /// What bytes of these counts, and the end of the block, take in codes of these lengths.
  static func bits(_ counts: UnsafePointer<Int>, _ lengths: UnsafePointer<UInt8>) -> Int {
    var sum = 0
    for symbol in 0...Self.endOfBlock { sum += counts[symbol] * Int(lengths[symbol]) }
    return sum
  }

  /// Sets ``smoothed``: neighbours of like count get their mean, so that their codes have one length,
  /// where that costs less than to tell them apart.
  private func smooth(_ counts: UnsafePointer<Int>) {
    let runs = self.runs.base
    runs[0] = Run(1, counts[0])
    var runCount = 1
    for symbol in 1..<Self.endOfBlock {
      let count = counts[symbol]
      if count == 0 && runs[runCount - 1].sum == 0 {
        runs[runCount - 1].length += 1
      } else {
        runs[runCount] = Run(1, count)
        runCount += 1
      }
    }
    // The most alike first.
    for part in [0.125, 0.25, 0.5, 1] {
      var kept = 0
      for index in 1..<runCount {
        let (last, next) = (runs[kept], runs[index])
        let both = Run(last.length + next.length, last.sum + next.sum)
        if both.bits - last.bits - next.bits < part * Self.runBits {
          runs[kept] = both
        } else {
          kept += 1
          runs[kept] = next
        }
      }
      runCount = kept + 1
    }
    var symbol = 0
    for index in 0..<runCount {
      let run = runs[index]
      let mean = run.sum == 0 ? 0 : max(1, 16 * run.sum / run.length)
      for _ in 0..<run.length {
        smoothed[symbol] = mean
        symbol += 1
      }
    }
    smoothed[Self.endOfBlock] = 16
  }

  // MARK: - In the stream

  /// Finds the items that describe lengths, and their codes; returns the bits they take.
  private func describe(_ lengths: UnsafeMutablePointer<UInt8>) -> Int {
    lengths[Self.endOfBlock + 1] = 0
    items.shorten(to: 0)
    var index = 0
    while index < Self.described {
      let length = lengths[index]
      var run = 1
      while index + run < Self.described && lengths[index + run] == length { run += 1 }
      index += run
      if length > 0 {
        items.append((length, 0))
        run -= 1
      }
      while run >= 3 {
        let most = length > 0 ? 6 : 138
        let taken = min(run, most)
        if length > 0 {
          items.append((16, UInt8(taken - 3)))
        } else {
          items.append(taken < 11 ? (17, UInt8(taken - 3)) : (18, UInt8(taken - 11)))
        }
        run -= taken
      }
      for _ in 0..<run { items.append((length, 0)) }
    }
    for symbol in 0..<19 { itemCounts[symbol] = 0 }
    for item in items { itemCounts[Int(item.symbol)] += 1 }
    tree.lengths(itemCounts.base, 19, limit: 7, itemLengths.base)
    var bits = 14 + 3 * usedItems
    for symbol in 0..<19 {
      bits += itemCounts[symbol] * (Int(itemLengths[symbol]) + Self.extraBits(symbol))
    }
    return bits
  }

  private var usedItems: Int {
    var used = 19
    while used > 4 && itemLengths[Self.place(used - 1)] == 0 { used -= 1 }
    return used
  }

  private static func extraBits(_ symbol: Int) -> Int {
    symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7
  }

  /// The order in which the lengths of code lengths' codes are stored.
  static func place(_ index: Int) -> Int {
    // 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
    if index < 3 { return 16 + index }
    if index == 3 { return 0 }
    return index & 1 == 0 ? 6 + index / 2 : 9 - index / 2
  }

  /// Writes the description of the codes that were chosen, and sets ``codes``.
  func write(to writer: inout DeflateBits) {
    tree.codes(lengths.base, Self.endOfBlock + 1, table.base)
    _ = describe(lengths.base)
    tree.codes(itemLengths.base, 19, itemCodes.base)
    let used = usedItems
    writer.put(0, 5)
    writer.put(0, 5)
    writer.put(UInt32(used - 4), 4)
    for index in 0..<used { writer.put(UInt32(itemLengths[Self.place(index)]), 3) }
    for item in items {
      let code = itemCodes[Int(item.symbol)]
      writer.put(code >> 8, Int(code & 255))
      writer.put(UInt32(item.extra), Self.extraBits(Int(item.symbol)))
    }
  }
}
