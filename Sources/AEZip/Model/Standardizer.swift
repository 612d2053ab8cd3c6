import CPlatform

/// Fields as numbers of mean 0 and standard deviation about 1, and back.
///
///     z = (x - mean) / scale            x = mean + scale * z
///
/// Both constants are rounded to what the file keeps and used so from the start: the scale to 6
/// significant bits, the mean to sixteenths of the scale. Fields whose loss is cross-entropy stay
/// as they are (mean 0, scale 1).
struct Standardizer {
  private(set) var scales: [Double] = []
  /// Means in sixteenths of the scale.
  private(set) var origins: [Int] = []
  /// Whether the loss of a field is cross-entropy, so that the decoder ends in a sigmoid.
  private(set) var isBinary: [Bool] = []

  var fieldCount: Int { scales.count }

  func mean(_ field: Int) -> Double { Double(origins[field]) * scales[field] / 16 }

  /// Adds a field; one that does not vary, or not enough for its mean, has scale 1.
  mutating func append(mean: Double, deviation: Double, isBinary: Bool) {
    var scale = 1.0
    if !isBinary && deviation.isNormal {
      // The nearest number with 5 bits after its first.
      let bits = deviation.bitPattern &+ (1 << 46)
      scale = Double(bitPattern: (bits >> 47) << 47)
      if !(scale >= 1e-290 && scale <= 1e290) { scale = 1 }
    }
    var origin = isBinary ? 0 : mean / scale * 16
    if !(origin.magnitude < Self.largestOrigin) {
      // Deviations below the last bits of the mean are none.
      scale = Double(bitPattern: (mean.magnitude.bitPattern >> 47) << 47)
      origin = scale.isNormal && scale <= 1e290 ? mean / scale * 16 : 0
      if !scale.isNormal || scale > 1e290 { scale = 1 }
    }
    scales.append(scale)
    origins.append(Int(nearest(origin)))
    self.isBinary.append(isBinary)
  }

  static let largestOrigin = 0x1p50

  // MARK: - In the file: Format.md, section 4.2

  func encode(to writer: inout ByteWriter) {
    for shift in [47, 55] {
      for scale in scales {
        writer.byte(UInt8(truncatingIfNeeded: scale.bitPattern >> UInt64(shift)))
      }
    }
    for origin in origins { writer.signed(origin) }
    for binary in isBinary { writer.byte(binary ? 1 : 0) }
  }

  init() {}

  init(decoding reader: inout ByteReader, fieldCount: Int) throws(AEZipError) {
    let low = try reader.take(fieldCount)
    let high = try reader.take(fieldCount)
    for index in 0..<fieldCount {
      let scale = Double(bitPattern: UInt64(low[index]) << 47 | UInt64(high[index]) << 55)
      guard scale >= 1e-290, scale <= 1e290 else {
        throw .corrupted(what: "a scale of the model", declared: index, computed: fieldCount)
      }
      scales.append(scale)
    }
    for index in 0..<fieldCount {
      let origin = try reader.signed()
      guard Double(origin).magnitude < Self.largestOrigin else {
        throw .corrupted(what: "a mean of the model", declared: index, computed: fieldCount)
      }
      origins.append(origin)
    }
    for _ in 0..<fieldCount { isBinary.append(try reader.byte(below: 2) == 1) }
  }
}
