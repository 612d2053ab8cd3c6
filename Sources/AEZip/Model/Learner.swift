import CPlatform

/// A network while it learns: weights, their gradients and the optimizer's memory, and the values of
/// all nodes for one batch, a row a record.
///
///     value_to = f(bias + sum over edges of value_from * V)               forward
///     d_from = (d_to * transposed V) * f'(value_from),  dV = transposed value_from * d_to    backward
///
/// Rows are computed apart from each other, and each gradient is one sum over the rows in their
/// order: nothing depends on the number of threads. Goodfellow et al., Deep Learning, 6.5 and 14.
final class Learner: @unchecked Sendable {
  let shape: NetworkShape
  let options: TrainingOptions
  let data: TrainingData
  let kernels: Kernels
  /// Records of a batch, and the rows that are there for them: a multiple of 16.
  let batch: Int
  let rowCount: Int
  /// The shape's edges, and for a variational model one to the logarithms of variances.
  let edges: List<NetworkShape.Edge>
  /// Padded widths: multiples of 16; the last node may be the logarithms of variances.
  let strides: [Int]
  /// For each edge its weights, a row an input; then for each node its biases.
  let weights: Memory<Float>
  let gradients: Memory<Float>
  let first: Memory<Float>
  let second: Memory<Float>
  let places: [Int]
  let biasPlaces: [Int]
  /// For each edge the same, a row an output.
  let turned: Memory<Float>
  let turnedPlaces: [Int]
  /// For each node its values and their gradients.
  let values: Memory<Float>
  let slopes: Memory<Float>
  let nodePlaces: [Int]
  /// A row of NaN, which takes no part, and the batch's first place in the order of rows.
  let absent: Memory<Float>
  var batchStart = 0
  /// Latents as the decoder sees them, and their gradients; apart from the node's values only in a
  /// variational model. Then the random numbers that made them.
  let drawn: Memory<Float>
  /// Of each output, its factor in the gradient; whether its loss is cross-entropy.
  let outputWeights: Memory<Float>
  let binary: Memory<Float>?
  /// Of each latent, what the divergence of its mean activation adds to the gradient.
  let pressure: Memory<Float>
  /// What the Jacobian's norm adds to the gradients of sums; three blocks as large as the values.
  let jacobian: Memory<Float>
  /// Weight of the variational divergence: beta times twice the expected loss, a share a field.
  var divergenceWeight: Float
  /// Steps done, for random numbers and the optimizer.
  var steps = 0
  var powers = (first: 1.0, second: 1.0)

  var isVariational: Bool { options.kind == .variational }
  var isDivergent: Bool { options.kind == .sparse && options.sparsity == .divergence }
  var isContractive: Bool { options.kind == .contractive && options.contraction > 0 }
  var latent: Int { shape.latent }

  init(
    _ shape: NetworkShape, _ options: TrainingOptions, _ data: TrainingData, batch: Int,
    kernels: Kernels
  ) throws(AEZipError) {
    var edges = shape.edges
    var widths = shape.widths
    if options.kind == .variational {
      edges.append(
        NetworkShape.Edge(
          from: shape.latent - 1, to: widths.count, inputs: widths[shape.latent - 1],
          outputs: shape.latentCount, place: 0))
      widths.append(shape.latentCount)
    }
    let rowCount = (batch + 15) / 16 * 16
    let strides = widths.map { ($0 + 15) / 16 * 16 }
    var (places, biasPlaces, turnedPlaces, nodePlaces) = ([Int](), [Int](), [Int](), [Int]())
    var (size, turnedSize, nodeSize) = (0, 0, 0)
    for edge in edges {
      places.append(size)
      turnedPlaces.append(turnedSize)
      size += edge.inputs * strides[edge.to]
      turnedSize += edge.outputs * strides[edge.from]
    }
    for stride in strides {
      biasPlaces.append(size)
      nodePlaces.append(nodeSize)
      size += stride
      nodeSize += rowCount * stride
    }
    let weights = try Memory<Float>(size, zeroed: true)
    let gradients = try Memory<Float>(size, zeroed: true)
    let first = try Memory<Float>(size, zeroed: true)
    let second = try Memory<Float>(size, zeroed: true)
    let turned = try Memory<Float>(turnedSize, zeroed: true)
    let values = try Memory<Float>(nodeSize, zeroed: true)
    let slopes = try Memory<Float>(nodeSize, zeroed: true)
    let absent = try Memory<Float>(data.stride)
    for field in 0..<data.stride { absent[field] = .nan }
    let drawn = try Memory<Float>(3 * rowCount * strides[shape.latent], zeroed: true)
    let outputWeights = try Memory<Float>(data.stride, zeroed: true)
    let pressure = try Memory<Float>(strides[shape.latent], zeroed: true)
    let isContractive = options.kind == .contractive && options.contraction > 0
    let jacobian = try Memory<Float>(isContractive ? 4 * nodeSize : 1, zeroed: true)
    var binary: Memory<Float>?
    if data.standardizer.isBinary.contains(true) {
      binary = try Memory<Float>(data.stride, zeroed: true)
    }
    for field in 0..<data.fieldCount {
      let isBinary = data.standardizer.isBinary[field]
      outputWeights[field] =
        (isBinary ? 1 : 2) * data.fieldWeights[field] / Float(data.fieldCount * batch)
      if isBinary { binary![field] = 1 }
    }
    self.shape = shape
    self.options = options
    self.data = data
    self.kernels = kernels
    self.batch = batch
    self.rowCount = rowCount
    self.edges = edges
    self.strides = strides
    self.weights = weights
    self.gradients = gradients
    self.first = first
    self.second = second
    self.places = places
    self.biasPlaces = biasPlaces
    self.turned = turned
    self.turnedPlaces = turnedPlaces
    self.values = values
    self.slopes = slopes
    self.nodePlaces = nodePlaces
    self.absent = absent
    self.drawn = drawn
    self.outputWeights = outputWeights
    self.binary = binary
    self.pressure = pressure
    self.jacobian = jacobian
    divergenceWeight = Float(options.beta * 2 / Double(data.fieldCount))
  }

  /// Values of a node from a row on.
  func value(_ node: Int, _ row: Int) -> UnsafeMutablePointer<Float> {
    values.base + (nodePlaces[node] + row * strides[node])
  }

  func slope(_ node: Int, _ row: Int) -> UnsafeMutablePointer<Float> {
    slopes.base + (nodePlaces[node] + row * strides[node])
  }

  /// What the decoder takes for a node's values, or their gradients.
  private func source(
    _ node: Int, _ row: Int, _ to: Int, gradient: Bool
  ) -> UnsafeMutablePointer<Float> {
    if isVariational && node == latent && to > latent {
      let size = rowCount * strides[latent]
      return drawn.base + ((gradient ? size : 0) + row * strides[latent])
    }
    return gradient ? slope(node, row) : value(node, row)
  }

  // MARK: - To and from the form of inference

  func take(_ network: Network) {
    for index in 0..<edges.count {
      let edge = edges[index]
      if edge.to <= shape.last {
        kernels.call.transpose(
          weights.base + places[index], strides[edge.to], network.weights.base + edge.place,
          edge.inputs, edge.outputs, edge.inputs)
      }
      turn(index, 0..<edge.inputs)
    }
    for node in 1..<strides.count {
      let target = weights.base + biasPlaces[node]
      if node <= shape.last {
        memcpy(target, network.biases.base + shape.places[node], 4 * shape.widths[node])
      } else {
        // Deviations are small at first.
        for index in 0..<shape.latentCount { target[index] = -4 }
      }
    }
  }

  func give(_ network: Network) {
    for index in 0..<shape.edges.count {
      let edge = edges[index]
      kernels.call.transpose(
        network.weights.base + edge.place, edge.inputs, weights.base + places[index],
        strides[edge.to], edge.inputs, edge.outputs)
    }
    for node in 1..<shape.last + 1 {
      memcpy(
        network.biases.base + shape.places[node], weights.base + biasPlaces[node],
        4 * shape.widths[node])
    }
  }

  // MARK: - One batch

  /// Computes ``gradients`` of the mean loss over rows of the data, penalties included, and with
  /// `rate` takes a step.
  func learn(_ rows: Range<Int>, rate: Double?, team: Team) {
    // As few shards as there are threads: each packs all weights.
    let shardRows = max(16, ((rowCount + team.size - 1) / team.size + 15) / 16 * 16)
    let shards = (rowCount + shardRows - 1) / shardRows
    let isWhole = !isDivergent && !isContractive
    batchStart = rows.lowerBound
    if isContractive { memset(gradients.base, 0, 4 * gradients.count) }
    team.run(shards) { [self] shard in
      let part = shard * shardRows..<min(rowCount, (shard + 1) * shardRows)
      load(part)
      forward(part)
      if isWhole { backward(part) }
    }
    if isDivergent { press() }
    if isContractive { contract(shards, shardRows, team) }
    if !isWhole {
      team.run(shards) { [self] shard in
        backward(shard * shardRows..<min(rowCount, (shard + 1) * shardRows))
      }
    }
    if rate != nil { advance() }
    forEachPart(team) { [self] edge, inputs in
      if edge == edges.count {
        addBiases()
        if let rate { update(biasPlaces[0]..<weights.count, rate, decays: false) }
      } else {
        let e = edges[edge]
        let start = places[edge] + inputs.lowerBound * strides[e.to]
        let count = inputs.count * strides[e.to]
        if !isContractive { memset(gradients.base + start, 0, 4 * count) }
        addProducts(edge, inputs, source(e.from, 0, e.to, gradient: false), slope(e.to, 0))
        guard let rate else { return }
        update(start..<start + count, rate, decays: true)
        if e.from > 0 || isContractive { turn(edge, inputs) }
      }
    }
    steps += 1
  }

  /// Runs `body` for parts of each edge's inputs, and once for the number after the last edge.
  private func forEachPart(
    _ team: Team, _ body: @escaping (_ edge: Int, _ inputs: Range<Int>) -> Void
  ) {
    var parts = List<(edge: Int, inputs: Range<Int>)>()
    for edge in 0..<edges.count {
      // As much for each thread, and so little that weights, gradients and moments stay in its cache.
      let (count, stride) = (edges[edge].inputs, strides[edges[edge].to])
      let share = (count + 2 * team.size - 1) / (2 * team.size)
      let size = max(16, (min(share, 32768 / stride) + 3) / 4 * 4)
      var start = 0
      while start < count {
        parts.append((edge, start..<min(count, start + size)))
        start += size
      }
    }
    parts.append((edges.count, 0..<0))
    nonisolated(unsafe) let body = body
    let all = parts
    team.run(all.count) { body(all[$0].edge, all[$0].inputs) }
  }

  /// Adds transposed x * y, over all rows in order, to the gradients of an edge.
  private func addProducts(
    _ edge: Int, _ inputs: Range<Int>, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>
  ) {
    let e = edges[edge]
    let (from, to) = (strides[e.from], strides[e.to])
    kernels.call.multiply(
      gradients.base + (places[edge] + inputs.lowerBound * to), to, x + inputs.lowerBound, 1, from,
      y, to, nil, inputs.count, to, rowCount)
  }

  private func addBiases() {
    memset(gradients.base + biasPlaces[0], 0, 4 * (gradients.count - biasPlaces[0]))
    for node in 1..<strides.count {
      let sum = gradients.base + biasPlaces[node]
      // A product with a row of ones.
      withUnsafePointer(to: 1 as Float) { one in
        kernels.call.multiply(
          sum, strides[node], one, 0, 0, slope(node, 0), strides[node], nil, 1, strides[node],
          rowCount)
      }
    }
  }

  private func advance() {
    powers.first *= options.momentum
    powers.second *= 0.999
  }

  private func update(_ part: Range<Int>, _ rate: Double, decays: Bool) {
    let start = part.lowerBound
    let isAdam = options.optimizer == .adam
    kernels.call.step(
      weights.base + start, gradients.base + start, first.base + start,
      isAdam ? second.base + start : nil, part.count,
      Float(isAdam ? rate / (1 - powers.first + 1e-30) : rate),
      Float(decays ? rate * options.weightDecay : 0), Float(options.momentum),
      Float(1 / (1 - powers.second + 1e-30).squareRoot()))
  }

  /// Brings the turned weights of an edge up to date.
  func turn(_ edge: Int, _ inputs: Range<Int>) {
    let e = edges[edge]
    kernels.call.transpose(
      turned.base + (turnedPlaces[edge] + inputs.lowerBound), strides[e.from],
      weights.base + (places[edge] + inputs.lowerBound * strides[e.to]), strides[e.to],
      inputs.count, e.outputs)
  }

  // MARK: - Rows

  /// What a row of the batch is to become; NaN takes no part.
  func target(_ row: Int) -> UnsafePointer<Float> {
    UnsafePointer(
      row < batch ? data.rows.base + data.order[batchStart + row] * data.stride : absent.base)
  }

  /// The inputs, corrupted or not, of some rows of the batch.
  private func load(_ part: Range<Int>) {
    let stride = data.stride
    for row in part {
      kernels.call.fill(value(0, row), target(row), stride)
      if row >= batch { continue }
      data.corruption?.disturb(
        value(0, row), step: 1, data.standardizer, place: (steps * rowCount + row) * stride)
    }
  }

  private func forward(_ rows: Range<Int>) {
    let row = rows.lowerBound
    var order = [Int](1..<shape.last + 1)
    // The logarithms of variances come before what the decoder sees.
    if isVariational { order.insert(shape.last + 1, at: latent) }
    for node in order {
      let stride = strides[node]
      if node == latent + 1 && isVariational { draw(rows) }
      for row in rows {
        memcpy(value(node, row), weights.base + biasPlaces[node], 4 * stride)
      }
      for index in 0..<edges.count where edges[index].to == node {
        let edge = edges[index]
        kernels.call.multiply(
          value(node, row), stride, source(edge.from, row, node, gradient: false),
          strides[edge.from], 1, weights.base + places[index], stride, nil, rows.count, stride,
          edge.inputs)
      }
      kernels.call.activate(value(node, row), rows.count * stride, activation(node))
      if isHidden(node) && options.dropout > 0 { drop(node, rows) }
    }
  }

  private func isHidden(_ node: Int) -> Bool { node != latent && node < shape.last }

  private func activation(_ node: Int) -> Int32 {
    node <= shape.last ? Int32(shape.activations[node].rawValue) : 0
  }

  private func drop(_ node: Int, _ rows: Range<Int>) {
    let random = RandomStream(seed: options.seed &+ UInt64(node), purpose: .dropout)
    let scale = Float(1 / (1 - options.dropout))
    for row in rows {
      let x = value(node, row)
      for index in 0..<shape.widths[node] {
        let place = UInt64((steps * rowCount + row) * strides[node] + index)
        x[index] = random.uniform(place) < Float(options.dropout) ? 0 : x[index] * scale
      }
    }
  }

  /// latent = mean + deviation * a random number (Kingma and Welling, 2013).
  private func draw(_ rows: Range<Int>) {
    let random = RandomStream(seed: options.seed, purpose: .latents)
    let stride = strides[latent]
    let size = rowCount * stride
    for row in rows {
      let z = drawn.base + row * stride
      let deviation = z + 2 * size
      for index in 0..<stride { deviation[index] = value(shape.last + 1, row)[index] / 2 }
      kernels.call.activate(deviation, stride, 4)
      for index in 0..<stride {
        let chance = random.normal(UInt64((steps * rowCount + row) * stride + index))
        z[index] = value(latent, row)[index] + deviation[index] * chance
      }
    }
  }

  private func backward(_ rows: Range<Int>) {
    let row = rows.lowerBound
    let output = shape.last
    for row in rows {
      kernels.call.miss(
        slope(output, row), value(output, row), target(row),
        outputWeights.base, binary.map { UnsafePointer($0.base) }, data.stride)
    }
    var node = output
    while node > 0 {
      if node < output {
        let isVariationalLatent = isVariational && node == latent
        let target = source(node, row, isVariationalLatent ? output : node, gradient: true)
        memset(target, 0, 4 * rows.count * strides[node])
        var last = edges.count
        while last > 0 {
          last -= 1
          if edges[last].from == node { spread(last, rows) }
        }
        if node == latent { penalize(rows) }
        let keep = Float(1 - (isHidden(node) ? options.dropout : 0))
        if keep < 1 { scale(node, rows, keep, gradients: true) }
        kernels.call.slope(
          slope(node, row), value(node, row), rows.count * strides[node], activation(node))
        if keep < 1 { scale(node, rows, 1 / keep, gradients: false) }
        if isContractive && node <= latent {
          let start = nodePlaces[node] + row * strides[node]
          for place in start..<start + rows.count * strides[node] {
            slopes[place] += jacobian[place]
          }
        }
      }
      node -= 1
    }
  }

  /// d_from += d_to * transposed weights.
  private func spread(_ index: Int, _ rows: Range<Int>) {
    let edge = edges[index]
    kernels.call.multiply(
      source(edge.from, rows.lowerBound, edge.to, gradient: true), strides[edge.from],
      slope(edge.to, rows.lowerBound), strides[edge.to], 1, turned.base + turnedPlaces[index],
      strides[edge.from], nil, rows.count, strides[edge.from], edge.outputs)
  }

  /// Scales a node's values, and its gradients by the inverse; values that were left out have none.
  private func scale(_ node: Int, _ rows: Range<Int>, _ factor: Float, gradients: Bool) {
    let start = nodePlaces[node]
    for place in start + rows.lowerBound * strides[node]..<start + rows.upperBound * strides[node] {
      if gradients { slopes[place] = values[place] == 0 ? 0 : slopes[place] / factor }
      values[place] *= factor
    }
  }

  /// What sparsity and divergence add to the gradients of latents.
  private func penalize(_ rows: Range<Int>) {
    let width = shape.latentCount
    let size = rowCount * strides[latent]
    let l1 = Float(options.sparsityWeight / Double(width * batch))
    let share = divergenceWeight / Float(batch)
    for row in rows where row < batch {
      let (d, x) = (slope(latent, row), value(latent, row))
      for index in 0..<width {
        if isVariational {
          let place = row * strides[latent] + index
          let deviation = drawn[2 * size + place]
          let gradient = drawn[size + place]
          d[index] = gradient + share * x[index]
          // drawn = mean + deviation * chance, so deviation * chance is the difference.
          slope(shape.last + 1, row)[index] =
            gradient * 0.5 * (drawn[place] - x[index])
            + share * 0.5 * (deviation * deviation - 1)
        } else if options.kind == .sparse {
          d[index] +=
            options.sparsity == .l1
            ? (x[index] > 0 ? l1 : x[index] < 0 ? -l1 : 0) : pressure[index]
        }
      }
    }
  }

  /// The gradient of weight / latents * sum of KL(target || mean activation).
  private func press() {
    for index in 0..<shape.latentCount {
      var sum = 0.0
      for row in 0..<batch { sum += Double(value(latent, row)[index]) }
      let mean = max(1e-6, min(1 - 1e-6, sum / Double(batch)))
      let target = options.sparsityTarget
      pressure[index] = Float(
        options.sparsityWeight / Double(shape.latentCount * batch)
          * ((1 - target) / (1 - mean) - target / mean))
    }
  }

  // MARK: - The Jacobian's norm

  /// Adds the gradients of weight / latents * |d latents / d input|^2 (Rifai et al., 2011), a pass a
  /// latent: its derivatives by all nodes go back to the input, what they do to the norm goes
  /// forward again.
  ///
  ///     u_to = f' * v_to     v_from = u_to * transposed V          from the latent to the input
  ///     r_from = 2 * weight * v_from at the input     s_to = r_from * V     r_to = f' * s_to
  ///     dV += transposed r_from * u_to                d sum_to += f'' * v_to * s_to
  private func contract(_ shards: Int, _ shardRows: Int, _ team: Team) {
    let size = values.count
    memset(jacobian.base, 0, 4 * size)
    for k in 0..<shape.latentCount {
      team.run(shards) { [self] shard in
        trace(k, shard * shardRows..<min(rowCount, (shard + 1) * shardRows))
      }
      forEachPart(team) { [self] edge, inputs in
        guard edge < edges.count, edges[edge].to <= latent else { return }
        let e = edges[edge]
        addProducts(
          edge, inputs, jacobian.base + (2 * size + nodePlaces[e.from]),
          jacobian.base + (size + nodePlaces[e.to]))
      }
    }
  }

  private func trace(_ k: Int, _ rows: Range<Int>) {
    let size = values.count
    let row = rows.lowerBound
    func block(_ index: Int, _ node: Int) -> UnsafeMutablePointer<Float> {
      jacobian.base + (index * size + nodePlaces[node] + row * strides[node])
    }
    // Blocks: 0 the sum over passes, 1 u, 2 r, 3 s.
    for node in 0..<latent { memset(block(1, node), 0, 4 * rows.count * strides[node]) }
    memset(block(1, latent), 0, 4 * rows.count * strides[latent])
    for place in 0..<rows.count where row + place < batch {
      block(1, latent)[place * strides[latent] + k] = 1
    }
    var node = latent
    while node > 0 {
      kernels.call.slope(
        block(1, node), value(node, row), rows.count * strides[node], activation(node))
      for index in 0..<edges.count where edges[index].to == node {
        let from = edges[index].from
        kernels.call.multiply(
          block(1, from), strides[from], block(1, node), strides[node], 1,
          turned.base + turnedPlaces[index], strides[from], nil, rows.count, strides[from],
          edges[index].outputs)
      }
      node -= 1
    }
    let weight = Float(2 * options.contraction / Double(shape.latentCount * batch))
    for place in 0..<rows.count * strides[0] { block(2, 0)[place] = weight * block(1, 0)[place] }
    for node in 1..<latent + 1 {
      let count = rows.count * strides[node]
      let (u, r, s) = (block(1, node), block(2, node), block(3, node))
      memset(s, 0, 4 * count)
      for index in 0..<edges.count where edges[index].to == node {
        let from = edges[index].from
        kernels.call.multiply(
          s, strides[node], block(2, from), strides[from], 1, weights.base + places[index],
          strides[node], nil, rows.count, strides[node], edges[index].inputs)
      }
      memcpy(r, s, 4 * count)
      kernels.call.slope(r, value(node, row), count, activation(node))
      let (sum, x) = (block(0, node), value(node, row))
      for place in 0..<count {
        // f'' / f' of what is not straight.
        switch shape.activations[node] {
        case .tanh: sum[place] -= 2 * x[place] * u[place] * s[place]
        case .sigmoid: sum[place] += (1 - 2 * x[place]) * u[place] * s[place]
        case .identity, .relu: break
        }
      }
    }
  }
}
