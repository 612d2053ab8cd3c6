// What a model says of itself, as JSON.

extension Autoencoder {
  /// A description as JSON in UTF-8: kind, layers, losses, history, digest.
  ///
  /// - Throws: ``AEZipError/outOfMemory(bytes:)``.
  public func information() throws(AEZipError) -> [UInt8] {
    var json = JSONWriter()
    json.open()
    json.key("kind")
    json.string(kind.name)
    json.key("fields")
    json.number(fieldCount)
    json.key("latents")
    json.number(latentCount)
    json.key("layers")
    json.openList()
    for node in 1..<widths.count {
      json.item()
      json.open()
      json.key("width")
      json.number(widths[node])
      json.key("activation")
      json.string(activations[node].name)
      json.close()
    }
    json.closeList()
    json.key("encoder_skip")
    json.boolean(network.shape.hasSkip(encoder: true))
    json.key("decoder_skip")
    json.boolean(network.shape.hasSkip(encoder: false))
    json.key("weights")
    json.number(network.shape.weightCount)
    json.key("bytes")
    json.number(try encoded().count)
    json.key("digest")
    var digits: [UInt8] = []
    for byte in digest { digits.append(hexadecimal: byte) }
    json.string(digits)
    json.key("records")
    json.number(recordCount)
    json.key("train_loss")
    json.number(finalLoss.train)
    json.key("validation_loss")
    json.number(finalLoss.validation)
    json.key("history")
    json.openList()
    for loss in history {
      json.item()
      json.openList()
      json.item()
      json.number(loss.train)
      json.item()
      json.number(loss.validation)
      json.closeList()
    }
    json.closeList()
    json.key("names")
    json.openList()
    for field in layout.fields {
      json.item()
      json.string(field.nameBytes)
    }
    json.closeList()
    json.close()
    return json.bytes
  }
}

extension JSONWriter {
  mutating func boolean(_ value: Bool) { literal(value ? "true" : "false") }
}

extension AutoencoderKind {
  public var name: StaticString {
    switch self {
    case .linear: "linear"
    case .deep: "deep"
    case .sparse: "sparse"
    case .denoising: "denoising"
    case .contractive: "contractive"
    case .variational: "variational"
    }
  }
}

extension Activation {
  public var name: StaticString {
    switch self {
    case .identity: "identity"
    case .relu: "relu"
    case .tanh: "tanh"
    case .sigmoid: "sigmoid"
    }
  }
}
