import Glibc

/// The bytes of one cell, quotes removed. Valid until the next record is read.
struct CsvCell {
  var start: UnsafeMutablePointer<UInt8>
  var count: Int

  var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: start, count: count) }
}

/// Cuts a CSV file into records and cells, in a buffer that moves over the file.
///
/// RFC 4180: cells may be quoted, a quote in them is doubled, a quoted cell may hold line ends.
/// Beyond it, lines end with LF or CRLF, and empty lines between records of several cells are
/// skipped.
final class CsvScanner {
  let file: InputFile
  let delimiter: UInt8
  /// The line, from 1, on which the last record began.
  private(set) var line = 0
  /// The bytes before the record that comes next.
  private(set) var consumed: Int
  /// The cells of the last record.
  private(set) var cells: UnsafeMutablePointer<CsvCell>
  private(set) var endsWithCarriageReturn = false
  private var cellCapacity = 64

  private var buffer: UnsafeMutablePointer<UInt8>
  private var capacity = 1 << 20
  private var begin = 0
  private var end = 0
  private var isAtEnd = false
  private var nextLine = 1
  private let firstByte: Int

  private static let quote = UInt8(ascii: "\"")
  private static let newline = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")
  private static let longestRecord = 64 << 20

  /// - Parameter offset: where the header line begins; after a byte order mark, if there is one.
  init(_ file: InputFile, delimiter: UInt8, from offset: Int) {
    self.file = file
    self.delimiter = delimiter
    firstByte = offset
    consumed = offset
    // One more byte than the capacity, for a newline that ends every search.
    buffer = .allocate(capacity: capacity + 1)
    cells = .allocate(capacity: cellCapacity)
  }

  deinit {
    buffer.deallocate()
    cells.deallocate()
  }

  func rewind() {
    (begin, end, isAtEnd, nextLine, consumed) = (0, 0, false, 1, firstByte)
  }

  /// Reads the next record into ``cells``.
  /// - Returns: how many cells it has; nil at the end of the file.
  func next(skippingEmptyLines: Bool) throws -> Int? {
    while true {
      if let count = try scanRecord() {
        if skippingEmptyLines, count == 1, cells[0].count == 0 { continue }
        return count
      }
      if isAtEnd { return nil }
      try refill()
    }
  }

  /// Nil if the buffer does not hold a whole record.
  private func scanRecord() throws -> Int? {
    if begin == end { return nil }
    let limit = buffer + end
    limit.pointee = Self.newline
    var position = buffer + begin
    var count = 0
    var lines = 1
    var needsUnescaping = false
    let delimiter = delimiter
    while true {
      var start = position
      var length: Int
      if position.pointee == Self.quote, position < limit {
        start += 1
        guard let close = try closingQuote(from: start, limit, &lines, &needsUnescaping) else {
          return nil
        }
        length = close - start
        position = close + 1
        if position < limit, position.pointee == Self.carriageReturn { position += 1 }
        guard position.pointee == delimiter || position.pointee == Self.newline else {
          throw Failure(
            .badData, file.name,
            "line \(nextLine + lines - 1): text follows a closing quote; double quotes inside cells"
          )
        }
      } else {
        while position.pointee != delimiter, position.pointee != Self.newline { position += 1 }
        length = position - start
      }
      let isLast = position.pointee == Self.newline
      if position == limit, !isAtEnd { return nil }
      if isLast, length > 0, start[length - 1] == Self.carriageReturn, start + length == position {
        length -= 1
      }
      if count == cellCapacity { growCells() }
      cells[count] = CsvCell(start: start, count: length)
      count += 1
      if isLast { break }
      position += 1
    }
    endsWithCarriageReturn = position > buffer && position[-1] == Self.carriageReturn
    if needsUnescaping { unescape(count) }
    line = nextLine
    nextLine += lines
    let next = min(position - buffer + 1, end)
    consumed += next - begin
    begin = next
    return count
  }

  /// The quote that ends a quoted cell; nil if it lies beyond the buffer.
  private func closingQuote(
    from start: UnsafeMutablePointer<UInt8>, _ limit: UnsafeMutablePointer<UInt8>,
    _ lines: inout Int, _ needsUnescaping: inout Bool
  ) throws -> UnsafeMutablePointer<UInt8>? {
    var position = start
    while position < limit {
      if position.pointee == Self.newline { lines += 1 }
      guard position.pointee == Self.quote else {
        position += 1
        continue
      }
      // The byte behind decides; at the end of the buffer it is not known yet.
      if position + 1 == limit, !isAtEnd { return nil }
      guard position + 1 < limit, position[1] == Self.quote else { return position }
      needsUnescaping = true
      position += 2
    }
    guard isAtEnd else { return nil }
    throw Failure(
      .badData, file.name, "line \(nextLine): a quote is opened and never closed")
  }

  private func unescape(_ count: Int) {
    for index in 0..<count where cells[index].start > buffer {
      let cell = cells[index]
      guard cell.start[-1] == Self.quote else { continue }
      var kept = 0
      var read = 0
      while read < cell.count {
        cell.start[kept] = cell.start[read]
        read += cell.start[read] == Self.quote ? 2 : 1
        kept += 1
      }
      cells[index].count = kept
    }
  }

  private func growCells() {
    let grown = UnsafeMutablePointer<CsvCell>.allocate(capacity: cellCapacity * 2)
    grown.moveInitialize(from: cells, count: cellCapacity)
    cells.deallocate()
    cells = grown
    cellCapacity *= 2
  }

  /// Moves what is left to the front and reads on; a record that fills the buffer makes it larger.
  private func refill() throws {
    let rest = end - begin
    if rest * 2 > capacity {
      guard rest < Self.longestRecord else {
        throw Failure(
          .badData, file.name,
          "line \(nextLine): longer than \(Self.longestRecord) bytes; "
            + "is a closing quote missing?")
      }
      let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2 + 1)
      memcpy(grown, buffer + begin, rest)
      buffer.deallocate()
      buffer = grown
      capacity *= 2
    } else {
      memmove(buffer, buffer + begin, rest)
    }
    let space = UnsafeMutableRawBufferPointer(start: buffer + rest, count: capacity - rest)
    let count = try file.read(at: consumed + rest, into: space)
    begin = 0
    end = rest + count
    isAtEnd = count < space.count
  }
}
