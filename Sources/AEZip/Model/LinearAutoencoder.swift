/// The linear autoencoder of format versions 1 and 2: principal components of standardized fields.
/// What is written since is a network without hidden layers.
///
///     z_k = sum over fields of v_kj * (x_j - mean_j) / scale_j           encode
///     x_j = mean_j + scale_j * sum over latents of v_kj * z_k            decode
///
/// The rows v_k are orthonormal but for the rounding of weights. Fields were standardized by
/// twice their bound, so that components served the fields in proportion to the bits they needed.
struct LinearAutoencoder {
  /// Fields of the layout that the model covers, ascending.
  var fields: [Int] = []
  var means: [Double] = []
  var scales: [Double] = []
  /// `latentCount` rows of a weight for each field.
  var components: [[Double]] = []

  var latentCount: Int { components.count }

  static let mostLatents = 1024

  static func mostLatents(fieldCount: Int) -> Int {
    min(mostLatents, fieldCount, Limits.modelWeights / max(fieldCount, 1))
  }

  /// Weights are multiples of this: 16 bits with their sign.
  static let weightUnit = 0x1p-15

  /// What restored latents add to predictions, in the code units of a chunk's columns.
  ///
  /// - Parameters:
  ///   - columns: the columns that are fields.
  ///   - steps: the units of the latents' codes.
  func terms(columns: [Column], steps: [Double]) -> ModelTerms {
    var terms = ModelTerms()
    var place = [Int](repeating: -1, count: columns.count)
    // Both run through the fields in ascending order.
    var position = 0
    for index in 0..<columns.count {
      while position < fields.count && fields[position] < columns[index].field! { position += 1 }
      if position < fields.count && fields[position] == columns[index].field! {
        place[index] = position
      }
    }
    for index in 0..<columns.count {
      let column = columns[index]
      var row = [Double](repeating: 0, count: steps.count + 1)
      if place[index] >= 0 {
        let position = place[index]
        let mean = means[position] - Double(column.integerOrigin)
        row[0] = (mean * column.scale - column.origin) / column.unit
        for latent in 0..<steps.count {
          row[1 + latent] =
            components[latent][position] * steps[latent] * scales[position] * column.scale
            / column.unit
        }
      }
      terms.decode.append(row)
    }
    return terms
  }
}

// MARK: - In the file: Format.md, section 4.1

extension LinearAutoencoder {
  static let kind: UInt8 = 1

  init(decoding bytes: UnsafeRawBufferPointer, fieldCount: Int) throws(AEZipError) {
    var reader = ByteReader(bytes, what: "the model")
    let kind = try reader.byte()
    guard kind == Self.kind else {
      throw .unsupportedVersion(found: Int(kind), newest: Int(Self.kind))
    }
    let count = try reader.count(limit: fieldCount)
    let latentCount = try reader.count(limit: Self.mostLatents(fieldCount: count))
    var next = 0
    for _ in 0..<count {
      let field = next + (try reader.count(limit: fieldCount))
      guard field < fieldCount else {
        throw .corrupted(what: "a field of the model", declared: field, computed: fieldCount)
      }
      fields.append(field)
      next = field + 1
    }
    for _ in 0..<count { means.append(try reader.f64()) }
    for _ in 0..<count { scales.append(try reader.f64()) }
    for index in 0..<count {
      guard means[index].isFinite, scales[index].isFinite, scales[index] > 0 else {
        throw .corrupted(what: "a number of the model", declared: index, computed: count)
      }
    }
    let low = try reader.take(count * latentCount)
    let high = try reader.take(count * latentCount)
    for latent in 0..<latentCount {
      var row: [Double] = []
      for index in latent * count..<(latent + 1) * count {
        let code = Int16(bitPattern: UInt16(low[index]) | UInt16(high[index]) << 8)
        row.append(Double(code) * Self.weightUnit)
      }
      components.append(row)
    }
    try reader.expectEnd()
  }
}
