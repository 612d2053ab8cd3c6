/// Columns of text, as wide as their widest cell; the first and the last to the left, the others to
/// the right.
struct TextTable {
  private var rows: [[String]]

  init(_ heading: [String]) { rows = [heading] }

  mutating func add(_ row: [String]) { rows.append(row) }

  var text: String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
    return rows.map { row in
      row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        if column == 0 { return cell + space }
        return column == row.count - 1 ? cell : space + cell
      }.joined(separator: "  ") + "\n"
    }.joined()
  }
}
