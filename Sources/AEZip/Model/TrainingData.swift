import CPlatform

/// Records as training wants them: standardized, a row a record, NaN for missing values.
///
/// The first ``trainCount`` rows in ``order`` are trained on, the others held out.
final class TrainingData {
  let standardizer: Standardizer
  let rowCount: Int
  /// Elements from one row to the next: a multiple of 16; those past the fields are 0.
  let stride: Int
  let rows: Memory<Float>
  /// Of each field in the loss, their mean 1; as long as a row, 0 past the fields.
  let fieldWeights: Memory<Float>
  /// Rows, shuffled.
  private(set) var order: [Int] = []
  let trainCount: Int
  let threads: Int
  /// If set, what is learned and judged is to restore disturbed records.
  private(set) var corruption: Corruption?

  var fieldCount: Int { standardizer.fieldCount }

  private init(
    standardizer: Standardizer, rowCount: Int, stride: Int, rows: Memory<Float>,
    fieldWeights: Memory<Float>, trainCount: Int, threads: Int
  ) {
    self.standardizer = standardizer
    self.rowCount = rowCount
    self.stride = stride
    self.rows = rows
    self.fieldWeights = fieldWeights
    self.trainCount = trainCount
    self.threads = threads
  }

  convenience init(
    _ records: UnsafeRawBufferPointer, layout: Layout, options: TrainingOptions, kernels: Kernels
  ) throws(AEZipError) {
    let count = records.count / layout.recordSize
    let fieldCount = layout.fields.count
    let isClosedForm = options.kind == .linear && options.closedForm
    let standardizer = try Self.standardizer(records, layout, options, kernels)
    let stride = (fieldCount + 15) / 16 * 16
    let (size, overflow) = (count + 63).multipliedReportingOverflow(by: stride)
    let rows = try Memory<Float>(overflow ? .max : size, zeroed: true)
    let heldOut = isClosedForm ? 0 : Int(Double(count) * options.validationShare)
    self.init(
      standardizer: standardizer, rowCount: count, stride: stride, rows: rows,
      fieldWeights: try Self.weights(layout, options, standardizer, stride),
      trainCount: max(1, count - heldOut), threads: threadCount(options.threads))
    corruption = Corruption(options)
    try fill(records, layout, kernels)
    let random = RandomStream(seed: options.seed, purpose: .split)
    order = [Int](0..<count)
    shuffle(0..<count, random, from: 0)
  }

  /// The latents of all rows, as data for another network.
  func encoded(by network: Network, kernels: Kernels) throws(AEZipError) -> TrainingData {
    let width = network.shape.latentCount
    let stride = (width + 15) / 16 * 16
    let rows = try Memory<Float>((rowCount + 63) * stride, zeroed: true)
    let weights = try Memory<Float>(stride, zeroed: true)
    var standardizer = Standardizer()
    for index in 0..<width {
      standardizer.append(mean: 0, deviation: 1, isBinary: false)
      weights[index] = 1
    }
    let result = TrainingData(
      standardizer: standardizer, rowCount: rowCount, stride: stride, rows: rows,
      fieldWeights: weights, trainCount: trainCount, threads: threads)
    result.order = order
    let scratch = try Scratch(network)
    let latents = network.plane(network.shape.latent, scratch.nodes.base)
    var first = 0
    while first < rowCount {
      let places = first..<min(first + 64, rowCount)
      gather(places, scratch, kernels)
      network.encodeBlock(scratch.fields.base, scratch.nodes.base, kernels)
      for place in places {
        let row = rows.base + order[place] * stride
        for index in 0..<width { row[index] = latents[64 * index + place - first] }
      }
      first += 64
    }
    return result
  }

  /// Puts a part of ``order`` into another order (Fisher and Yates).
  func shuffle(_ range: Range<Int>, _ random: RandomStream, from place: Int) {
    var left = range.count
    while left > 1 {
      let other = random.integer(UInt64(place + left), below: left)
      left -= 1
      order.swapAt(range.lowerBound + left, range.lowerBound + other)
    }
  }

  private func fill(
    _ records: UnsafeRawBufferPointer, _ layout: Layout, _ kernels: Kernels
  ) throws(AEZipError) {
    let scratch = try Memory<Double>(128)
    let block = try Memory<Float>(64 * fieldCount)
    var first = 0
    while first < rowCount {
      let lanes = min(64, rowCount - first)
      Self.forEachField(records, layout, first, lanes, scratch.base, kernels) { field in
        kernels.call.standardize(
          block.base + 64 * field, scratch.base, self.standardizer.mean(field),
          1 / self.standardizer.scales[field])
      }
      kernels.call.transpose(rows.base + first * stride, stride, block.base, 64, fieldCount, lanes)
      first += 64
    }
  }

  private static func forEachField(
    _ records: UnsafeRawBufferPointer, _ layout: Layout, _ first: Int, _ lanes: Int,
    _ scratch: UnsafeMutablePointer<Double>, _ kernels: Kernels, _ body: (Int) -> Void
  ) {
    let base = records.baseAddress! + first * layout.recordSize
    for index in 0..<layout.fields.count {
      layout.fields[index].type.loadBlock(
        base + layout.fields[index].offset, stride: layout.recordSize, lanes: lanes,
        into: scratch, kernels)
      body(index)
    }
  }

  /// Means and deviations of the finite values, and the loss of each field.
  private static func standardizer(
    _ records: UnsafeRawBufferPointer, _ layout: Layout, _ options: TrainingOptions,
    _ kernels: Kernels
  ) throws(AEZipError) -> Standardizer {
    struct Moments {
      var count = 0.0
      var mean = 0.0
      var squares = 0.0
      var ones = 0.0
      var isBinary = true
      var isShare = true
    }
    let count = records.count / layout.recordSize
    let fieldCount = layout.fields.count
    let moments = try Memory<Moments>(fieldCount)
    for field in 0..<fieldCount { moments[field] = Moments() }
    let scratch = try Memory<Double>(128)
    for pass in 0..<2 {
      var first = 0
      while first < count {
        let lanes = min(64, count - first)
        forEachField(records, layout, first, lanes, scratch.base, kernels) { field in
          let m = moments.base + field
          for lane in 0..<lanes {
            let x = scratch[lane]
            guard x.magnitude < 1e140 else { continue }
            if pass == 1 {
              m.pointee.squares += (x - m.pointee.mean) * (x - m.pointee.mean)
              continue
            }
            m.pointee.count += 1
            m.pointee.mean += x
            if x == 1 { m.pointee.ones += 1 }
            if x != 0 && x != 1 { m.pointee.isBinary = false }
            if !(x >= 0 && x <= 1) { m.pointee.isShare = false }
          }
        }
        first += 64
      }
      for field in 0..<fieldCount where moments[field].count > 0 {
        if pass == 0 { moments[field].mean /= moments[field].count }
      }
    }
    var result = Standardizer()
    for field in 0..<fieldCount {
      let m = moments[field]
      var isBinary = false
      switch options.loss {
      case .squared: break
      case .crossEntropy:
        guard m.isShare else {
          throw .invalidArgument(
            "field # has values outside 0 ... 1, which cross-entropy does not permit; leave the loss out",
            field)
        }
        isBinary = true
      case .automatic:
        isBinary = options.kind != .linear && m.isBinary && m.ones > 0 && m.ones < m.count
      }
      result.append(
        mean: m.mean, deviation: (m.squares / max(1, m.count)).squareRoot(), isBinary: isBinary)
    }
    return result
  }

  /// (scale / bound)^2, divided by its mean; fields with bound 0 count as if it were their scale,
  /// integers as if it were half a unit.
  private static func weights(
    _ layout: Layout, _ options: TrainingOptions, _ standardizer: Standardizer, _ stride: Int
  ) throws(AEZipError) -> Memory<Float> {
    let weights = try Memory<Float>(stride, zeroed: true)
    var sum = 0.0
    var ratios: [Double] = []
    for field in 0..<layout.fields.count {
      var ratio = 1.0
      if !options.bounds.isEmpty && !standardizer.isBinary[field] {
        let isInteger = !layout.fields[field].type.isFloat
        let bound = max(options.bounds[field], isInteger ? 0.5 : 0)
        // Between 1/1000 and 1000 bounds: no field is forgotten, none is all.
        if bound > 0 { ratio = max(1e-3, min(1e3, standardizer.scales[field] / bound)) }
      }
      ratios.append(ratio * ratio)
      sum += ratio * ratio
    }
    for field in 0..<ratios.count {
      weights[field] = Float(ratios[field] * Double(ratios.count) / sum)
    }
    return weights
  }

  // MARK: - Loss

  /// The mean loss a field of some rows: the sum of weight * loss over values that are there,
  /// divided by the sum of their weights.
  func loss(
    _ network: Network, _ places: Range<Int>, kernels: Kernels
  ) throws(AEZipError) -> Double {
    if places.isEmpty { return .nan }
    let tasks = (places.count + 1023) / 1024
    let workers = min(threads, tasks)
    let sums = try Memory<Double>(2 * tasks, zeroed: true)
    var scratches: [Scratch] = []
    for _ in 0..<workers { scratches.append(try Scratch(network)) }
    nonisolated(unsafe) let pool = scratches
    nonisolated(unsafe) let data = self
    nonisolated(unsafe) let sum = sums.base
    parallelFor(workers, threads: workers) { worker in
      var task = worker
      while task < tasks {
        var first = places.lowerBound + task * 1024
        let end = min(places.upperBound, first + 1024)
        while first < end {
          data.addLoss(
            network, first..<min(end, first + 64), pool[worker], sum + 2 * task, kernels)
          first += 64
        }
        task += workers
      }
    }
    var (total, weight) = (0.0, 0.0)
    for task in 0..<tasks {
      total += sums[2 * task]
      weight += sums[2 * task + 1]
    }
    return total / weight
  }

  private func addLoss(
    _ network: Network, _ places: Range<Int>, _ scratch: Scratch,
    _ sums: UnsafeMutablePointer<Double>, _ kernels: Kernels
  ) {
    gather(places, scratch, kernels)
    kernels.call.fill(scratch.nodes.base, scratch.fields.base, 64 * fieldCount)
    if let corruption {
      for lane in 0..<places.count {
        // Numbers that no step of the training reaches.
        let place = (1 << 50) + order[places.lowerBound + lane] * stride
        corruption.disturb(scratch.nodes.base + lane, step: 64, standardizer, place: place)
      }
    }
    network.run(1..<network.shape.latent + 1, scratch.nodes.base, kernels)
    network.decodeBlock(standardizer, scratch.nodes.base, kernels)
    let output = network.plane(network.shape.last, scratch.nodes.base)
    let lanes = scratch.wide.base
    for field in 0..<fieldCount where fieldWeights[field] > 0 {
      memset(lanes, 0, 128 * 8)
      let call =
        standardizer.isBinary[field] ? kernels.call.cross_entropy : kernels.call.deviate
      call!(lanes, lanes + 64, scratch.fields.base + 64 * field, output + 64 * field)
      var (total, count) = (0.0, 0.0)
      for lane in 0..<places.count {
        total += lanes[lane]
        count += lanes[64 + lane]
      }
      sums[0] += total * Double(fieldWeights[field])
      sums[1] += count * Double(fieldWeights[field])
    }
  }

  /// Up to 64 rows as a block of fields.
  private func gather(_ places: Range<Int>, _ scratch: Scratch, _ kernels: Kernels) {
    for lane in 0..<64 {
      let row = order[min(places.lowerBound + lane, places.upperBound - 1)]
      let source = rows.base + row * stride
      for field in 0..<fieldCount { scratch.fields[64 * field + lane] = source[field] }
    }
  }

  /// At most so many rows tell a loss.
  static let mostLossRows = 8192

  var trainRows: Range<Int> { 0..<min(trainCount, Self.mostLossRows) }
  /// Of these the loss is told after each epoch: others each time, if there are more.
  var shownRows: Range<Int> {
    0..<min(trainCount, max(256, min(Self.mostLossRows / 8, (1 << 18) / fieldCount)))
  }
  var heldOutRows: Range<Int> { trainCount..<min(rowCount, trainCount + Self.mostLossRows) }

  // MARK: - Rounding

  /// Rounds the weights and makes a model of the network: an edge keeps bytes instead of halves where
  /// records and model take fewer bytes so; without bounds, where the loss hardly rises.
  ///
  /// - Parameter recordCount: of the records that the model will serve.
  func finished(
    _ network: Network, layout: Layout, options: TrainingOptions, recordCount: Int,
    history: [EpochLoss], kernels: Kernels
  ) throws(AEZipError) -> Autoencoder {
    let judges = heldOutRows.isEmpty ? trainRows : heldOutRows
    let count = network.shape.weightCount
    let exact = try Memory<Float>(max(count, 1))
    memcpy(exact.base, network.weights.base, 4 * count)
    for edge in network.shape.edges { network.round(edge, .half) }
    var precisions = [Precision](repeating: .half, count: network.shape.edges.count)
    func price() throws(AEZipError) -> Double {
      options.bounds.isEmpty
        ? try loss(network, judges, kernels: kernels)
        : try bytes(network, precisions, judges, options, recordCount, kernels)
    }
    var limit = try price()
    if options.bounds.isEmpty { limit *= 1 + Self.permittedRise }
    for index in 0..<precisions.count {
      let edge = network.shape.edges[index]
      let w = network.weights.base + edge.place
      let bytes = 4 * edge.inputs * edge.outputs
      memcpy(w, exact.base + edge.place, bytes)
      network.round(edge, .byte)
      precisions[index] = .byte
      let found = try price()
      if found <= limit {
        if !options.bounds.isEmpty { limit = found }
      } else {
        memcpy(w, exact.base + edge.place, bytes)
        network.round(edge, .half)
        precisions[index] = .half
      }
    }
    let final = EpochLoss(
      train: try loss(network, trainRows, kernels: kernels),
      validation: try loss(network, heldOutRows, kernels: kernels))
    return Autoencoder(
      kind: options.kind, layout: layout, standardizer: standardizer, network: network,
      precisions: precisions, history: history, finalLoss: final, recordCount: rowCount,
      fieldErrors: try errors(network, judges, kernels: kernels))
  }

  /// Bytes of a container of `recordCount` records like some rows at the training's bounds, about,
  /// the model's among them.
  private func bytes(
    _ network: Network, _ precisions: [Precision], _ rows: Range<Int>, _ options: TrainingOptions,
    _ recordCount: Int, _ kernels: Kernels
  ) throws(AEZipError) -> Double {
    let packed = try ByteBuffer()
    for content in [
      ModelContent.decoder(options.kind, standardizer, network, precisions),
      ModelContent.encoder(network, precisions),
    ] {
      let plain = try ByteBuffer(content)
      _ = try Zlib().pack(plain.bytes, .full(6), to: packed)
    }
    let bits = standardizer.bits(try errors(network, rows, kernels: kernels)) { options.bounds[$0] }
    return Double(packed.count) + Double(recordCount) * bits / 8
  }

  /// The errors of each field over some rows.
  private func errors(
    _ network: Network, _ places: Range<Int>, kernels: Kernels
  ) throws(AEZipError) -> [Double] {
    let scratch = try Scratch(network)
    var errors = FieldErrors(fieldCount: fieldCount)
    var first = places.lowerBound
    while first < places.upperBound {
      let block = first..<min(first + 64, places.upperBound)
      gather(block, scratch, kernels)
      errors.add(network, standardizer, scratch, lanes: block.count, kernels)
      first += 64
    }
    return errors.means
  }

  /// By how much of itself the loss may rise without bounds so that weights take a byte, not two.
  static let permittedRise = 0.005
}
