import Testing

@testable import AEZip

@Suite struct WriterTests {
  @Test func bytesDoNotDependOnThreads() throws {
    let table = try Table.walks(1000)
    for latents in [0, 2] {
      let one = try table.compressed(threads: 1, chunkRecords: 90, latents: latents)
      for threads in [2, 7] {
        #expect(try table.compressed(threads: threads, chunkRecords: 90, latents: latents) == one)
      }
    }
  }

  /// Records given one by one, in parts of any size, or all at once.
  @Test func bytesDoNotDependOnTheSizeOfParts() throws {
    let table = try Table.walks(400)
    var expected: [UInt8]?
    for part in [1, 7, 89, 90, 91, 400] {
      for threads in [1, 3] {
        var options = CompressionOptions()
        options.chunkRecords = 90
        options.threads = threads
        options.latents = 0
        let sink = Sink()
        let writer = try ContainerWriter(layout: table.layout, options: options) { sink.take($0) }
        var start = 0
        while start < table.bytes.count {
          let end = min(start + part * table.layout.recordSize, table.bytes.count)
          try table.bytes[start..<end].withUnsafeBytes { try writer.append($0) }
          start = end
        }
        try writer.finish()
        if let expected { #expect(sink.bytes == expected) } else { expected = sink.bytes }
      }
    }
    #expect(try expected == table.compressed(chunkRecords: 90, latents: 0))
  }

  @Test func aFailureRepeats() throws {
    let table = try Table.walks(300)
    let size = try table.compressed(chunkRecords: 50).count
    for room in [0, 10, 16, 40, 200, size / 2, size - 1] {
      let sink = Sink(room: room)
      var options = CompressionOptions()
      options.chunkRecords = 50
      options.threads = 1
      let code = status {
        let writer = try ContainerWriter(layout: table.layout, options: options) { sink.take($0) }
        var failed = false
        for _ in 0..<3 {
          let code = status { try table.bytes.withUnsafeBytes { try writer.append($0) } }
          #expect(code == 11 || code == 0 && !failed)
          if code != 0 { failed = true }
        }
        let calls = sink.calls
        for _ in 0..<2 {
          let code = status { try writer.finish() }
          #expect(code == 11)
        }
        // A writer that failed does not call back again.
        #expect(!failed || sink.calls == calls)
        throw AEZipError.cancelled
      }
      #expect(code == (room < 40 ? 11 : code))
    }
  }

  @Test func partsOfRecordsAreRefused() throws {
    let table = try Table.walks(10)
    let sink = Sink()
    let writer = try ContainerWriter(layout: table.layout, options: CompressionOptions()) {
      sink.take($0)
    }
    #expect(status { try table.bytes[..<5].withUnsafeBytes { try writer.append($0) } } == 1)
    #expect(status { try table.bytes.withUnsafeBytes { try writer.append($0) } } == 1)
    #expect(status { try writer.finish() } == 1)
    #expect(
      status {
        try table.bytes[..<5].withUnsafeBytes {
          try Codec.compress($0, layout: table.layout, options: CompressionOptions()) { _ in true }
        }
      } == 1)
  }

  @Test func aFinishedContainerTakesNothingMore() throws {
    let table = try Table.walks(10)
    let sink = Sink()
    let writer = try ContainerWriter(layout: table.layout, options: CompressionOptions()) {
      sink.take($0)
    }
    try writer.finish()
    #expect(status { try table.bytes.withUnsafeBytes { try writer.append($0) } } == 1)
    #expect(status { try writer.finish() } == 1)
    #expect(try Table(restoring: sink.bytes).recordCount == 0)
  }

  @Test func relativeBoundsNeedRanges() throws {
    let table = try Table.walks(10, bound: .relative(0.1))
    #expect(
      status {
        _ = try ContainerWriter(layout: table.layout, options: CompressionOptions()) { _ in true }
      } == 1)
  }

  @Test func optionsOutOfRangeAreRefused() throws {
    let table = try Table.walks(10)
    func refused(_ change: (inout CompressionOptions) -> Void) -> Int32 {
      var options = CompressionOptions()
      change(&options)
      return status {
        _ = try ContainerWriter(layout: table.layout, options: options) { _ in true }
      }
    }
    #expect(refused { $0.level = 0 } == 1)
    #expect(refused { $0.level = 10 } == 1)
    #expect(refused { $0.threads = -1 } == 1)
    #expect(refused { $0.chunkRecords = -1 } == 1)
    #expect(refused { $0.latents = -1 } == 1)
    #expect(refused { $0.metadata = [UInt8](repeating: 0, count: 1 << 24 + 1) } == 7)
    #expect(refused { _ in } == 0)
  }

  @Test func containersKeepWithinTheirBound() throws {
    var random = Seeded(3)
    for (type, count) in [(ElementType.u8, 1), (.f32, 3), (.f64, 700), (.i64, 65), (.f64, 0)] {
      let layout = try Layout(matrixOf: type, fieldCount: 3, bound: .absolute(1e-3))
      let table = Table(layout: layout, bytes: random.bytes(count * layout.recordSize))
      for chunkRecords in [0, 1, 50] {
        var options = CompressionOptions()
        options.chunkRecords = chunkRecords
        let bound = Codec.containerBound(layout: layout, recordCount: count, options: options)
        let size = try table.compressed(chunkRecords: chunkRecords).count
        #expect(size <= (try #require(bound)))
      }
    }
    let layout = try Layout(matrixOf: .f64, fieldCount: 3, bound: .exact)
    #expect(
      Codec.containerBound(layout: layout, recordCount: .max, options: CompressionOptions()) == nil)
  }
}
