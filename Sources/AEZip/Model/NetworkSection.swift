import CPlatform

// Half of a network in the file, encoder or decoder: Format.md, section 4.3.

/// How the weights of an edge are kept.
enum Precision: UInt8 {
  /// IEEE 754 binary16.
  case half = 0
  /// Signed bytes times a scale for each row.
  case byte = 1
  /// Those of the decoder, turned, times a factor for each field: an encoder without hidden layers.
  case tied = 2
}

extension Network {
  /// - Parameter precisions: of each edge, those of the other half among them.
  func encode(_ half: NetworkHalf, _ precisions: [Precision], to writer: inout ByteWriter) {
    for index in 0..<shape.edges.count where half.contains(shape.edges[index], shape) {
      let edge = shape.edges[index]
      let w = weights.base + edge.place
      writer.byte(precisions[index].rawValue)
      switch precisions[index] {
      case .half:
        for shift in [0, 8] as [UInt16] {
          for place in 0..<edge.inputs * edge.outputs {
            writer.byte(UInt8(truncatingIfNeeded: halfBits(w[place]) >> shift))
          }
        }
      case .tied:
        for field in 0..<edge.inputs {
          // Of the largest weight, whose quotient is the most exact.
          var (factor, largest) = (Float(0), Float(0))
          for latent in 0..<edge.outputs {
            let turned = weights[shape.edges[1].place + field * edge.outputs + latent]
            guard turned.magnitude > largest else { continue }
            (factor, largest) = (w[latent * edge.inputs + field] / turned, turned.magnitude)
          }
          writer.f32(factor)
        }
      case .byte:
        for row in 0..<edge.outputs {
          writer.f32(rowScale(w + row * edge.inputs, edge.inputs))
        }
        for row in 0..<edge.outputs {
          let scale = rowScale(w + row * edge.inputs, edge.inputs)
          for place in row * edge.inputs..<(row + 1) * edge.inputs {
            writer.byte(UInt8(bitPattern: code(w[place], scale)))
          }
        }
      }
    }
    for node in half.nodes(shape) {
      for place in shape.places[node]..<shape.places[node] + shape.widths[node] {
        writer.f32(biases[place])
      }
    }
  }

  func decode(_ half: NetworkHalf, from reader: inout ByteReader) throws(AEZipError) -> [Precision]
  {
    var precisions: [Precision] = []
    for index in 0..<shape.edges.count where half.contains(shape.edges[index], shape) {
      let edge = shape.edges[index]
      let w = weights.base + edge.place
      let count = edge.inputs * edge.outputs
      let precision = Precision(
        rawValue: UInt8(try reader.byte(below: half == .encoder && shape.edges.count == 2 ? 3 : 2)))!
      precisions.append(precision)
      switch precision {
      case .half:
        let low = try reader.take(count)
        let high = try reader.take(count)
        for place in 0..<count {
          w[place] = single(half: UInt16(low[place]) | UInt16(high[place]) << 8)
        }
      case .tied:
        for field in 0..<edge.inputs {
          let factor = try reader.f32()
          for latent in 0..<edge.outputs {
            w[latent * edge.inputs + field] =
              weights[shape.edges[1].place + field * edge.outputs + latent] * factor
          }
        }
      case .byte:
        var scales = ByteReader(try reader.take(4 * edge.outputs), what: "a scale of the model")
        let codes = try reader.take(count)
        for row in 0..<edge.outputs {
          let scale = try scales.f32()
          for place in row * edge.inputs..<(row + 1) * edge.inputs {
            w[place] = Float(Int8(bitPattern: codes[place])) * scale
          }
        }
      }
      for place in 0..<count where !w[place].isFinite {
        throw .corrupted(what: "a weight of the model", declared: place, computed: count)
      }
    }
    for node in half.nodes(shape) {
      for place in shape.places[node]..<shape.places[node] + shape.widths[node] {
        biases[place] = try reader.f32()
        guard biases[place].isFinite else {
          throw .corrupted(what: "a bias of the model", declared: place, computed: node)
        }
      }
    }
    return precisions
  }

  /// Rounds the weights of an edge to what the file can hold.
  func round(_ edge: NetworkShape.Edge, _ precision: Precision) {
    for row in 0..<edge.outputs {
      let w = weights.base + edge.place + row * edge.inputs
      let scale = precision == .byte ? rowScale(w, edge.inputs) : 0
      for place in 0..<edge.inputs {
        switch precision {
        case .half: w[place] = single(half: halfBits(w[place]))
        case .byte: w[place] = Float(code(w[place], scale)) * scale
        case .tied: break
        }
      }
    }
  }

  /// The largest weight of a row is 127 units. The scale has 16 significant bits, so that 127 of it
  /// are exact and weights that were rounded once stay the same.
  private func rowScale(_ w: UnsafePointer<Float>, _ count: Int) -> Float {
    var largest: Float = 0
    for place in 0..<count { largest = max(largest, w[place].magnitude) }
    let scale = Float(bitPattern: ((largest / 127).bitPattern &+ 0xFF) & ~0xFF)
    return scale > 1e-30 && scale < 1e30 ? scale : 0
  }

  private func code(_ weight: Float, _ scale: Float) -> Int8 {
    scale > 0 ? Int8(max(-127, min(127, nearest(Double(weight / scale))))) : 0
  }
}

/// Encoder or decoder.
enum NetworkHalf {
  case encoder, decoder

  func contains(_ edge: NetworkShape.Edge, _ shape: NetworkShape) -> Bool {
    nodes(shape).contains(edge.to)
  }

  func nodes(_ shape: NetworkShape) -> Range<Int> {
    self == .encoder ? 1..<shape.latent + 1 : shape.latent + 1..<shape.last + 1
  }
}

/// The nearest binary16, ties to even; numbers beyond its range become its largest.
func halfBits(_ x: Float) -> UInt16 {
  let sign = UInt16(truncatingIfNeeded: x.bitPattern >> 16) & 0x8000
  let magnitude = min(x.magnitude, 65504)
  if magnitude < 0x1p-14 {
    // Multiples of 2^-24: adding 1/2 leaves just these bits.
    return sign | UInt16(truncatingIfNeeded: (magnitude + 0.5).bitPattern &- 0x3F00_0000)
  }
  let bits = magnitude.bitPattern
  let rounded = bits &+ 0xFFF &+ (bits >> 13 & 1)
  return sign | UInt16(truncatingIfNeeded: rounded >> 13 &- (112 << 10))
}

/// The value of a binary16; infinities and NaN stay what they are.
func single(half: UInt16) -> Float {
  let sign: Float = half & 0x8000 != 0 ? -1 : 1
  let magnitude = UInt32(half & 0x7FFF)
  if magnitude < 0x400 { return sign * Float(magnitude) * 0x1p-24 }
  let exponent = magnitude >= 0x7C00 ? (224 as UInt32) << 23 : (112 as UInt32) << 23
  return sign * Float(bitPattern: magnitude << 13 &+ exponent)
}
