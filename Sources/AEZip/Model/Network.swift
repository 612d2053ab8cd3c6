import CPlatform

/// The layers of an autoencoder with their weights, as inference uses them: the same bits on every
/// processor.
///
///     value_o = f(bias_o + sum over inputs of w_oi * value_i)
///
/// multiplied then added, inputs in ascending order, first those of the layer before, then those of
/// the skip. 64 records at a time, field-major: a lane a record.
final class Network: @unchecked Sendable {
  let shape: NetworkShape
  /// Edge after edge, row-major.
  let weights: Memory<Float>
  /// Node after node, the input's among them (unused).
  let biases: Memory<Float>

  /// Weights are 0 at first, and not changed once the network is in use.
  init(shape: NetworkShape, weights: Memory<Float>, biases: Memory<Float>) {
    self.shape = shape
    self.weights = weights
    self.biases = biases
  }

  static func empty(_ shape: NetworkShape) throws(AEZipError) -> Network {
    Network(
      shape: shape, weights: try Memory(shape.weightCount, zeroed: true),
      biases: try Memory(shape.nodeSize, zeroed: true))
  }

  /// Takes the weights of a network of the same shape.
  func copy(_ other: Network) {
    memcpy(weights.base, other.weights.base, 4 * weights.count)
    memcpy(biases.base, other.biases.base, 4 * biases.count)
  }

  /// Where a node's values lie in scratch memory of ``scratchCount`` numbers: 64 lanes for each.
  func plane(_ node: Int, _ scratch: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    scratch + 64 * shape.places[node]
  }

  var scratchCount: Int { 64 * shape.nodeSize }

  /// Computes the nodes in a range from those before them.
  func run(_ nodes: Range<Int>, _ scratch: UnsafeMutablePointer<Float>, _ kernels: Kernels) {
    var reached = 0
    for edge in shape.edges where nodes.contains(edge.to) {
      let bias = edge.to == reached ? nil : UnsafePointer(biases.base + shape.places[edge.to])
      if edge.to != reached && reached > 0 { activate(reached, scratch, kernels) }
      reached = edge.to
      kernels.call.multiply(
        plane(edge.to, scratch), 64, weights.base + edge.place, edge.inputs, 1,
        plane(edge.from, scratch), 64, bias, edge.outputs, 64, edge.inputs)
    }
    if reached > 0 { activate(reached, scratch, kernels) }
  }

  private func activate(
    _ node: Int, _ scratch: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    kernels.call.activate(
      plane(node, scratch), 64 * shape.widths[node], Int32(shape.activations[node].rawValue))
  }

  /// Standardized fields, NaN for missing values, to latents, in ``scratch``.
  func encodeBlock(
    _ fields: UnsafePointer<Float>, _ scratch: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    kernels.call.fill(scratch, fields, 64 * shape.fieldCount)
    run(1..<shape.latent + 1, scratch, kernels)
  }

  /// Latents to standardized fields, both in ``scratch``.
  func decodeBlock(
    _ standardizer: Standardizer, _ scratch: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    run(shape.latent + 1..<shape.last + 1, scratch, kernels)
    let output = plane(shape.last, scratch)
    for field in 0..<shape.fieldCount where standardizer.isBinary[field] {
      kernels.call.activate(output + 64 * field, 64, Int32(Activation.sigmoid.rawValue))
    }
  }
}
