import CPlatform

extension ContainerReader {
  /// The records whose latents are nearest to those of queries, without restoring any record.
  ///
  ///     distance = sqrt(sum over latents of (query - latent)^2)
  ///
  /// - Parameters:
  ///   - queries: `queryCount` x ``latentCount``, as ``encode(_:into:)`` gives them.
  ///   - nearest: how many records to find for each query.
  ///   - records: `queryCount` x `nearest` record indices, nearest first, of equal ones the first;
  ///     `UInt64.max` where there are no more.
  ///   - distances: the distances of these; infinity where there are no more.
  ///   - threads: 0: one per processor.
  /// - Throws: as ``readLatents(records:into:threads:)``.
  /// - Complexity: every latent of the container is looked at; memory for some chunks of them.
  public func search(
    _ queries: UnsafePointer<Float>, queryCount: Int, nearest: Int,
    records: UnsafeMutablePointer<UInt64>, distances: UnsafeMutablePointer<Float>,
    threads: Int = 0
  ) throws(AEZipError) {
    for place in 0..<queryCount * nearest {
      records[place] = .max
      distances[place] = .infinity
    }
    let width = latentCount
    let workers = threadCount(threads)
    var next = 0
    var latents: Memory<Float>?
    while next < chunks.count {
      // A chunk for each thread, then a query for each thread.
      let end = min(chunks.count, next + workers)
      let first = chunks[next].firstRecord
      let last = chunks[end - 1].firstRecord + chunks[end - 1].recordCount
      if latents == nil || latents!.count < (last - first) * width {
        latents = try Memory((last - first) * width)
      }
      try readLatents(records: first..<last, into: latents!.base, threads: workers)
      nonisolated(unsafe) let (queries, records, distances) = (queries, records, distances)
      nonisolated(unsafe) let points = latents!.base
      parallelFor(queryCount, threads: workers) { query in
        Self.scan(
          queries + query * width, points, first..<last, width, nearest,
          records + query * nearest, distances + query * nearest)
      }
      next = end
    }
    for place in 0..<queryCount * nearest { distances[place] = distances[place].squareRoot() }
  }

  /// Keeps the nearest so far in ascending order of squared distance.
  private static func scan(
    _ query: UnsafePointer<Float>, _ points: UnsafePointer<Float>, _ range: Range<Int>,
    _ width: Int, _ nearest: Int, _ records: UnsafeMutablePointer<UInt64>,
    _ distances: UnsafeMutablePointer<Float>
  ) {
    guard nearest > 0 else { return }
    var point = points
    for record in range {
      var sum: Float = 0
      var index = 0
      while index < width {
        let difference = query[index] - point[index]
        sum += difference * difference
        index &+= 1
      }
      point += width
      guard sum < distances[nearest - 1] else { continue }
      var place = nearest - 1
      while place > 0 && distances[place - 1] > sum {
        distances[place] = distances[place - 1]
        records[place] = records[place - 1]
        place -= 1
      }
      distances[place] = sum
      records[place] = UInt64(record)
    }
  }
}
