/// The spelling that all times of a column share: `YYYY-MM-DD`, or `YYYY-MM-DD hh:mm:ss.fff` with
/// any part from the right left out; `/` for `-`, `T` for the space, and a `Z` behind it are
/// allowed.
///
///     count = units since 1970-01-01, of the finest part: days, minutes, 10^-places seconds
struct CsvTime: Equatable {
  /// Digits of the time of day: 0 for a date, 4 for hh:mm, 6 and more with seconds and their
  /// places.
  private let clockDigits: Int
  private let dateSeparator: UInt8
  /// A space or T.
  private let clockSeparator: UInt8
  private let hasZone: Bool
  /// Bytes of every cell.
  let length: Int

  private static let zone = UInt8(ascii: "Z")

  /// The spelling of a cell; nil if it is no time.
  init?(_ cell: CsvCell) {
    let bytes = cell.bytes
    guard bytes.count >= 10, bytes.count <= 30 else { return nil }
    hasZone = bytes.count > 11 && bytes[bytes.count - 1] == Self.zone
    length = bytes.count
    dateSeparator = bytes[4]
    clockSeparator = bytes.count > 10 ? bytes[10] : 0
    switch length - (hasZone ? 1 : 0) {
    case 10: clockDigits = 0
    case 16: clockDigits = 4
    case 19: clockDigits = 6
    case 21...29: clockDigits = length - (hasZone ? 1 : 0) - 20 + 6
    default: return nil
    }
    guard [UInt8(ascii: "-"), UInt8(ascii: "/")].contains(dateSeparator),
      clockDigits == 0 || [UInt8(ascii: " "), UInt8(ascii: "T")].contains(clockSeparator),
      count(cell) != nil
    else { return nil }
  }

  var isDate: Bool { clockDigits == 0 }

  /// From the metadata: an example of the spelling.
  init?(example: String) {
    var bytes = Array(example.utf8)
    let time = bytes.withUnsafeMutableBufferPointer {
      $0.baseAddress.flatMap { CsvTime(CsvCell(start: $0, count: example.utf8.count)) }
    }
    guard let time else { return nil }
    self = time
  }

  var example: String {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: length) { bytes in
      print(0, into: bytes.baseAddress!)
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// The cell as a number of units; nil unless it is spelled so and is a real time.
  func count(_ cell: CsvCell) -> Int64? {
    guard cell.count == length else { return nil }
    let bytes = cell.start
    func number(_ from: Int, _ digits: Int) -> Int? {
      var value = 0
      for index in from..<from + digits {
        let digit = bytes[index] &- 48
        guard digit < 10 else { return nil }
        value = value * 10 + Int(digit)
      }
      return value
    }
    guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
      bytes[4] == dateSeparator, bytes[7] == dateSeparator, (1...12).contains(month),
      day >= 1, day <= Self.days(year, month)
    else { return nil }
    let days = Self.daysSince1970(year, month, day)
    guard clockDigits > 0 else { return Int64(days) }
    let colon = UInt8(ascii: ":")
    guard bytes[10] == clockSeparator, !hasZone || bytes[length - 1] == Self.zone,
      let hour = number(11, 2), hour < 24, bytes[13] == colon, let minute = number(14, 2),
      minute < 60
    else { return nil }
    let minutes = days * 1440 + hour * 60 + minute
    guard clockDigits > 4 else { return Int64(minutes) }
    guard bytes[16] == colon, let second = number(17, 2), second < 60 else { return nil }
    let places = clockDigits - 6
    guard places > 0 else { return Int64(minutes * 60 + second) }
    guard bytes[19] == UInt8(ascii: "."), let fraction = number(20, places) else { return nil }
    let (scaled, overflow) = Int64(minutes * 60 + second)
      .multipliedReportingOverflow(by: Self.power(places))
    let (sum, overflows) = scaled.addingReportingOverflow(Int64(fraction))
    return overflow || overflows ? nil : sum
  }

  /// Writes ``length`` bytes; the inverse of ``count(_:)``. Counts beyond the years 0 to 9999,
  /// which only a foreign container holds, come out as the nearest of these.
  func print(_ count: Int64, into bytes: UnsafeMutablePointer<UInt8>) {
    let places = max(0, clockDigits - 6)
    let perDay: Int64 = clockDigits == 0 ? 1 : clockDigits == 4 ? 1440 : 86400 * Self.power(places)
    var days = Int(count / perDay)
    var rest = count % perDay
    if rest < 0 {
      rest += perDay
      days -= 1
    }
    let (year, month, day) = Self.date(min(max(days, -719_528), 2_932_896))
    func put(_ value: Int, _ from: Int, _ digits: Int) {
      var value = value
      for index in stride(from: from + digits - 1, through: from, by: -1) {
        bytes[index] = 48 + UInt8(value % 10)
        value /= 10
      }
    }
    put(year, 0, 4)
    bytes[4] = dateSeparator
    put(month, 5, 2)
    bytes[7] = dateSeparator
    put(day, 8, 2)
    guard clockDigits > 0 else { return }
    if hasZone { bytes[length - 1] = Self.zone }
    let fraction = Int(rest % Self.power(places))
    let seconds = Int(rest / Self.power(places)) * (clockDigits == 4 ? 60 : 1)
    bytes[10] = clockSeparator
    put(seconds / 3600, 11, 2)
    bytes[13] = UInt8(ascii: ":")
    put(seconds / 60 % 60, 14, 2)
    guard clockDigits > 4 else { return }
    bytes[16] = UInt8(ascii: ":")
    put(seconds % 60, 17, 2)
    guard places > 0 else { return }
    bytes[19] = UInt8(ascii: ".")
    put(fraction, 20, places)
  }

  private static func power(_ places: Int) -> Int64 {
    (0..<places).reduce(1) { power, _ in power * 10 }
  }

  private static func days(_ year: Int, _ month: Int) -> Int {
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
  private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = (year >= 0 ? year : year - 399) / 400
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  /// The inverse: civil_from_days of the same source.
  private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let days = days + 719_468
    let era = (days >= 0 ? days : days - 146_096) / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}
