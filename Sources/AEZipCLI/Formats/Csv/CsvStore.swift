import AEZip

/// Puts the cells of a column into records, in the type that all cells of the column share.
struct CsvStore {
  let column: CsvColumn
  let kind: CsvKind
  let type: ElementType
  let offset: Int

  /// - Returns: false if the cell is not what the first pass over the file saw.
  @inline(__always)
  func store(_ cell: CsvCell, into record: UnsafeMutableRawPointer) -> Bool {
    let place = record + offset
    switch kind {
    case .decimal:
      guard let number = CsvNumber(cell) else { return storeMissing(cell, place) }
      place.storeBytes(of: number.value, as: Double.self)
    case .integer:
      guard let number = CsvNumber(cell) else { return storeMissing(cell, place) }
      switch type {
      case .f32: place.storeBytes(of: Float(number.value), as: Float.self)
      case .f64: place.storeBytes(of: number.value, as: Double.self)
      case .i8, .i16, .i32, .i64, .u8, .u16, .u32, .u64:
        storeBits(number.isNegative ? 0 &- number.digits : number.digits, place)
      }
    case .text:
      guard let code = column.categories.code(of: cell.bytes) else { return false }
      storeBits(UInt64(code), place)
    case .time(let time):
      guard let count = time.count(cell) else { return storeMissing(cell, place) }
      if type == .f64 {
        place.storeBytes(of: Double(count), as: Double.self)
      } else {
        storeBits(UInt64(bitPattern: count), place)
      }
    }
    return true
  }

  /// The low bytes of a whole number; two's complement.
  @inline(__always)
  private func storeBits(_ bits: UInt64, _ place: UnsafeMutableRawPointer) {
    switch type.size {
    case 1: place.storeBytes(of: UInt8(truncatingIfNeeded: bits), as: UInt8.self)
    case 2: place.storeBytes(of: UInt16(truncatingIfNeeded: bits), as: UInt16.self)
    case 4: place.storeBytes(of: UInt32(truncatingIfNeeded: bits), as: UInt32.self)
    default: place.storeBytes(of: bits, as: UInt64.self)
    }
  }

  private func storeMissing(_ cell: CsvCell, _ place: UnsafeMutableRawPointer) -> Bool {
    guard let spelling = CsvMissing.index(cell),
      let which = column.missing.firstIndex(of: spelling)
    else { return false }
    switch type {
    case .f32: place.storeBytes(of: CsvMissing.float(which), as: Float.self)
    case .f64: place.storeBytes(of: CsvMissing.double(which), as: Double.self)
    case .i8, .i16, .i32, .i64, .u8, .u16, .u32, .u64: return false
    }
    return true
  }
}
