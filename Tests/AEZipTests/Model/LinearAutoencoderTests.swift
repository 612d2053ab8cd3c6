import Testing

@testable import AEZip

@Suite struct LinearAutoencoderTests {
  private func model() -> LinearAutoencoder {
    let eigen = SymmetricEigen([4, 1, 0.5, 1, 3, 0.2, 0.5, 0.2, 2], size: 3)
    return LinearAutoencoder(
      fields: [1, 4, 5], means: [0.5, -1e9, 3], scales: [1, 2, 1e-9], eigen: eigen, latentCount: 2)
  }

  private func decode(_ bytes: [UInt8], fieldCount: Int = 6) throws -> LinearAutoencoder {
    try bytes.withUnsafeBytes { try LinearAutoencoder(decoding: $0, fieldCount: fieldCount) }
  }

  @Test func comesBackAsItWas() throws {
    let model = model()
    let back = try decode(model.encoded())
    #expect(back.fields == model.fields && back.means == model.means)
    #expect(back.scales == model.scales && back.components == model.components)
  }

  @Test func rejectsEveryTruncationAndOtherFields() {
    let bytes = model().encoded()
    for count in 0..<bytes.count {
      #expect(status { _ = try decode(Array(bytes[..<count])) } != 0)
    }
    #expect(status { _ = try decode(bytes + [0]) } == 6)
    #expect(status { _ = try decode(bytes, fieldCount: 5) } == 6)
    #expect(status { _ = try decode(bytes, fieldCount: 2) } == 7)
  }

  @Test func rejectsScalesThatAreNone() {
    for (means, scales) in [
      ([0.0, 0, 0], [1.0, 0, 1]), ([0, 0, 0], [1, -1, 1]), ([0, 0, 0], [1, .nan, 1]),
      ([0, .infinity, 0], [1, 1, 1]),
    ] {
      var changed = model()
      changed.means = means
      changed.scales = scales
      #expect(status { _ = try decode(changed.encoded()) } == 6)
    }
  }

  /// With as many latents as fields, the terms give back in code units what the components took.
  @Test func termsUndoTheComponentsInCodeUnits() {
    let eigen = SymmetricEigen([4, 1, 0.5, 1, 3, 0.2, 0.5, 0.2, 2], size: 3)
    let (means, scales, steps) = ([5.0, -3, 100], [1, 0.5, 10], [1, 0.5, 2])
    let model = LinearAutoencoder(
      fields: [0, 1, 2], means: means, scales: scales, eigen: eigen, latentCount: 3)
    let columns = (0..<3).map { index in
      let column = Column()
      column.field = index
      column.origin = Double(index) - 1
      column.unit = 0.25 * Double(index + 1)
      column.scale = index == 1 ? 100 : 1
      return column
    }
    let terms = model.terms(columns: columns, steps: steps)
    let x = [7.5, -2.75, 112]
    var z = [0.0, 0, 0]
    for k in 0..<3 {
      for j in 0..<3 { z[k] += model.components[k][j] * (x[j] - means[j]) / scales[j] / steps[k] }
    }
    for field in 0..<3 {
      let row = terms.decode[field]
      var back = row[0]
      for k in 0..<3 { back += row[1 + k] * z[k] }
      let column = columns[field]
      // Weights are rounded to 2^-15; z reaches some tens of these.
      #expect((back - (x[field] * column.scale - column.origin) / column.unit).magnitude < 0.05)
    }
  }

  @Test func recordsWithLatentsKeepTheirBounds() throws {
    var random = Seeded(1)
    let layout = try Layout(matrixOf: .f64, fieldCount: 8, bound: .absolute(0.1))
    var table = Table(layout: layout, bytes: [])
    for _ in 0..<600 {
      let (a, b) = (random.normal() * 10, random.normal() * 10)
      for field in 0..<8 {
        table.append(a * Double(field) - b * Double(field * field % 5) + random.normal() * 0.2)
      }
    }
    for latents in [0, 1, 2, 8] {
      let back = try Table(restoring: try table.compressed(latents: latents))
      for field in 0..<8 {
        for (a, b) in zip(table.values(field, as: Double.self), back.values(field, as: Double.self))
        {
          #expect((a - b).magnitude <= 0.1)
        }
      }
    }
  }
}

/// As writers of format version 2 made it.
extension LinearAutoencoder {
  /// Components in closed form.
  ///
  /// - Parameter covariance: of the standardized fields, `fields.count` squared elements.
  init(
    fields: [Int], means: [Double], scales: [Double], eigen: SymmetricEigen, latentCount: Int
  ) {
    self.init()
    self.fields = fields
    self.means = means
    self.scales = scales
    for latent in 0..<min(latentCount, Self.mostLatents(fieldCount: fields.count)) {
      components.append(
        eigen.vectors[latent].map {
          max(-32767, min(32767, ($0 / Self.weightUnit).rounded())) * Self.weightUnit
        })
    }
  }

  func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.byte(Self.kind)
    writer.count(fields.count)
    writer.count(latentCount)
    var next = 0
    for field in fields {
      writer.count(field - next)
      next = field + 1
    }
    for mean in means { writer.f64(mean) }
    for scale in scales { writer.f64(scale) }
    // All low bytes, then all high ones: each kind is alike.
    for shift in [0, 8] {
      for row in components {
        for weight in row {
          let code = Int16(weight / Self.weightUnit)
          writer.byte(UInt8(truncatingIfNeeded: code >> Int16(shift)))
        }
      }
    }
    return writer.bytes
  }
}
