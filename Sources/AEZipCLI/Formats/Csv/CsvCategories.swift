import Glibc

/// The different texts of a column, numbered as they appear.
final class CsvCategories {
  /// All texts, one after another, and where each ends.
  private(set) var bytes: [UInt8] = []
  private(set) var ends: [Int] = []
  /// Code plus 1 by hash; 0 is free. Its size is a power of two, at least twice the number of
  /// texts.
  private var slots = [UInt32](repeating: 0, count: 64)
  private var lastCode = 0

  static let largestCount = 1_000_000
  /// They become metadata of the container, which holds at most 16 MiB.
  static let largestByteCount = 16 << 20

  var count: Int { ends.count }

  subscript(_ code: Int) -> ArraySlice<UInt8> {
    bytes[(code == 0 ? 0 : ends[code - 1])..<ends[code]]
  }

  /// The code of a text; nil if it has none.
  func code(of text: UnsafeBufferPointer<UInt8>) -> Int? {
    if lastCode < count, matches(lastCode, text) { return lastCode }
    guard let found = Int(exactly: slots[slot(of: text)]), found > 0 else { return nil }
    lastCode = found - 1
    return lastCode
  }

  /// Why a text cannot become a category.
  enum Problem {
    /// There are too many texts, or they are too long.
    case tooMany
    /// It holds a zero byte, which no text file does.
    case zeroByte
  }

  /// Gives a text the next code unless it has one.
  /// - Returns: nil, or what is wrong with it.
  func add(_ text: UnsafeBufferPointer<UInt8>) -> Problem? {
    if code(of: text) != nil { return nil }
    guard !text.contains(0) else { return .zeroByte }
    guard count < Self.largestCount, bytes.count + text.count <= Self.largestByteCount else {
      return .tooMany
    }
    bytes.append(contentsOf: text)
    ends.append(bytes.count)
    slots[slot(of: text)] = UInt32(count)
    if count * 2 > slots.count { grow() }
    return nil
  }

  /// Where a text is, or where it would be.
  private func slot(of text: UnsafeBufferPointer<UInt8>) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: Self.hash(text)) & mask
    while slots[slot] != 0, !matches(Int(slots[slot]) - 1, text) { slot = (slot + 1) & mask }
    return slot
  }

  private func matches(_ code: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let begin = code == 0 ? 0 : ends[code - 1]
    guard ends[code] - begin == text.count else { return false }
    if text.isEmpty { return true }
    return bytes.withUnsafeBufferPointer {
      memcmp($0.baseAddress! + begin, text.baseAddress!, text.count) == 0
    }
  }

  private func grow() {
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    bytes.withUnsafeBufferPointer { all in
      for code in 0..<count {
        let begin = code == 0 ? 0 : ends[code - 1]
        slots[slot(of: UnsafeBufferPointer(rebasing: all[begin..<ends[code]]))] = UInt32(code + 1)
      }
    }
  }

  /// Eight bytes at a time, mixed by multiplication; texts are no adversaries of this table's speed
  /// beyond its ``largestCount``.
  private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
    let raw = UnsafeRawBufferPointer(text)
    var hash = UInt64(text.count) &* 0x9E37_79B9_7F4A_7C15
    var index = 0
    while index + 8 <= raw.count {
      hash =
        (hash ^ raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        &* 0xFF51_AFD7_ED55_8CCD
      hash ^= hash >> 32
      index += 8
    }
    var tail: UInt64 = 0
    while index < raw.count {
      tail = tail << 8 | UInt64(raw[index])
      index += 1
    }
    hash = (hash ^ tail) &* 0xC4CE_B9FE_1A85_EC53
    return hash ^ hash >> 29
  }
}
