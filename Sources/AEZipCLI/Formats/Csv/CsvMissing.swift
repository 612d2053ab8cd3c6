/// The spellings of "no value" in columns of numbers. In memory it is a NaN whose low bits tell
/// which of the column's spellings it was; the codec keeps them.
enum CsvMissing {
  static let spellings = ["", "NA", "N/A", "NaN", "nan", "NAN", "null", "NULL", "None"]
  private static let bytes = spellings.map { Array($0.utf8) }

  /// The number of the spelling in ``spellings``.
  static func index(_ cell: CsvCell) -> Int? {
    guard cell.count > 0 else { return 0 }
    guard cell.count <= 4 else { return nil }
    return bytes.firstIndex { $0.elementsEqual(cell.bytes) }
  }

  static func double(_ which: Int) -> Double {
    Double(bitPattern: Double.nan.bitPattern | UInt64(which))
  }

  static func float(_ which: Int) -> Float {
    Float(bitPattern: Float.nan.bitPattern | UInt32(which))
  }

  /// Which of the column's `count` spellings a NaN stands for.
  static func which(_ value: Double, of count: Int) -> Int {
    let which = Int(value.bitPattern & 0xFF)
    return which < count ? which : 0
  }

  static func which(_ value: Float, of count: Int) -> Int {
    let which = Int(value.bitPattern & 0xFF)
    return which < count ? which : 0
  }
}
