// Networks trained for the records at hand.

extension ModelPlanner {
  /// Whether a network could save more than it takes.
  func mayTrain(_ records: UnsafeRawBufferPointer, _ fieldCount: Int) -> Bool {
    fieldCount >= 4 && fieldCount <= 512 && recordCount >= 4096
      && records.count / layout.recordSize >= 4096
  }

  /// The best network found, or nil if none comes near.
  ///
  /// Small trainings tell how many latents are best; only then a long one is worth its time.
  /// - Parameter without: bytes without a model.
  func network(
    _ records: UnsafeRawBufferPointer, _ fields: [Int], without: Double
  ) throws(AEZipError) -> RecordModel? {
    let part = min(records.count / layout.recordSize, 4096)
    let plain = try cost(records, part, nil, level: 5)
    var (best, least) = (0, Double.infinity)
    for latentCount in [3, 6, 4, 2, 1, 8, 12, 16] where latentCount <= fields.count / 2 {
      let draft = try train(
        records, fields, latentCount: latentCount, records: 8192, epochs: 24, hidden: [32, 32])
      let bytes = try cost(records, part, draft, level: 5)
      if bytes < least { (best, least) = (latentCount, bytes) }
      // Where the first two are far off, or more latents only cost more, others will not help.
      if latentCount == 6 && least > 1.1 * plain { return nil }
      if latentCount > 6 && bytes > least * 1.02 { break }
    }
    guard best > 0, least < 1.1 * plain else { return nil }
    let hidden = recordCount > 16384 ? [64, 64] : [32, 32]
    return try train(
      records, fields, latentCount: best, records: 65536, epochs: 40, hidden: hidden)
  }

  private func train(
    _ records: UnsafeRawBufferPointer, _ fields: [Int], latentCount: Int, records most: Int,
    epochs: Int, hidden: [Int]
  ) throws(AEZipError) -> RecordModel {
    var options = TrainingOptions()
    options.latentCount = latentCount
    options.hidden = hidden
    options.epochs = epochs
    options.maximumRecords = most
    options.threads = threads
    options.servedCount = recordCount
    for field in fields { options.bounds.append(bounds[field]) }
    let model = try Autoencoder.train(
      records, layout: try RecordModel.view(fields, layout), options: options)
    return try RecordModel(model, places: fields, layout: layout)
  }
}
