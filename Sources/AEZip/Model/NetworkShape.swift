/// The layers of an autoencoder and what joins them. Nodes are the values between layers: node 0 is
/// the input, one of them the latents, the last one the output.
struct NetworkShape: Sendable {
  /// Values of each node.
  var widths: [Int]
  /// Of each node; the input's is identity.
  var activations: [Activation]
  /// The node that holds the latents.
  var latent: Int
  var edges: List<Edge> = List()
  /// All weights of all edges.
  private(set) var weightCount = 0
  /// The place of each node's first bias among all, and of each node's first value.
  private(set) var places: [Int] = []
  private(set) var nodeSize = 0

  /// A matrix of weights from one node's values to another's sums.
  struct Edge: Sendable {
    var from: Int
    var to: Int
    /// Values of both nodes.
    var inputs: Int
    var outputs: Int
    /// Of the first weight; row-major, a row an output.
    var place: Int
  }

  var last: Int { widths.count - 1 }
  var latentCount: Int { widths[latent] }
  var fieldCount: Int { widths[last] }
  /// Else the latents are the input.
  var hasEncoder: Bool { latent > 0 }

  /// - Parameters:
  ///   - encoder: widths of the hidden layers before the latents; nil: a decoder alone.
  ///   - activations: of the hidden layers, the latents among them, in order.
  ///   - skips: whether input and latents, and latents and output, are joined directly too.
  init(
    fieldCount: Int, encoder: [Int]?, latentCount: Int, decoder: [Int], activations: [Activation],
    encoderSkip: Bool, decoderSkip: Bool
  ) {
    widths = encoder.map { [fieldCount] + $0 } ?? []
    latent = widths.count
    widths.append(latentCount)
    for width in decoder { widths.append(width) }
    widths.append(fieldCount)
    self.activations = encoder == nil ? activations : [.identity] + activations
    self.activations.append(.identity)
    for width in widths {
      places.append(nodeSize)
      nodeSize += width
    }
    for node in 1..<widths.count {
      join(node - 1, node)
      if node == latent && encoderSkip && node > 1 { join(0, node) }
      if node == widths.count - 1 && decoderSkip && node > latent + 1 { join(latent, node) }
    }
  }

  private mutating func join(_ from: Int, _ to: Int) {
    edges.append(
      Edge(from: from, to: to, inputs: widths[from], outputs: widths[to], place: weightCount))
    weightCount += widths[from] * widths[to]
  }

  func hasSkip(encoder: Bool) -> Bool {
    var count = 0
    for edge in edges where (edge.to <= latent) == encoder { count += 1 }
    return count > (encoder ? latent : last - latent)
  }
}
