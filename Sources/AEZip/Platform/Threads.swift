import CPlatform

/// Runs `body(0) ... body(count - 1)` on up to `threads` threads, the caller's included, and returns
/// when all are done. No thread outlives the call. A thread that cannot be started costs speed only.
///
/// `body` must not throw past its own index: it keeps its error, and the caller looks at them in the
/// order of indices, so the outcome does not depend on the number of threads.
func parallelFor(
  _ count: Int, threads: Int, _ body: @escaping @Sendable (_ index: Int) -> Void
) {
  let team = Team(min(threads, count))
  team.run(count, body)
  team.dismiss()
}

/// Threads, the caller's among them, that stay for several rounds of work: starting one takes as
/// long as some million multiplications. Whoever makes a team dismisses it.
final class Team: @unchecked Sendable {
  private let rounds = UnsafeMutablePointer<aez_rounds>.allocate(capacity: 1)
  private var helpers: [pthread_t] = []
  private var round = 0
  private var count = 0
  private var body: (@Sendable (_ index: Int) -> Void)?

  init(_ threads: Int) {
    aez_rounds_init(rounds)
    while helpers.count + 1 < threads {
      var thread = pthread_t()
      let box = Unmanaged.passRetained(self).toOpaque()
      let status = pthread_create(
        &thread, nil,
        { raw in
          Unmanaged<Team>.fromOpaque(raw!).takeRetainedValue().serve()
          return nil
        }, box)
      guard status == 0 else {
        Unmanaged<Team>.fromOpaque(box).release()
        break
      }
      helpers.append(thread)
    }
  }

  deinit {
    aez_rounds_destroy(rounds)
    rounds.deallocate()
  }

  /// How many threads there are.
  var size: Int { helpers.count + 1 }

  /// See ``parallelFor(_:threads:_:)``.
  func run(_ count: Int, _ body: @escaping @Sendable (_ index: Int) -> Void) {
    self.body = body
    self.count = count
    round += 1
    aez_rounds_begin(rounds, round)
    work()
    aez_rounds_finish(rounds)
    self.body = nil
  }

  /// Ends the threads.
  func dismiss() {
    aez_rounds_begin(rounds, -1)
    for helper in helpers { pthread_join(helper, nil) }
    helpers = []
  }

  private func serve() {
    var seen = 0
    while true {
      seen = aez_rounds_await(rounds, seen)
      if seen < 0 { return }
      aez_rounds_enter(rounds)
      work()
      aez_rounds_done(rounds)
    }
  }

  /// Threads take the next index that nobody has taken.
  private func work() {
    while true {
      let index = aez_rounds_take(rounds)
      guard index >= 0, index < count else { break }
      body!(index)
    }
  }
}

/// The number of threads that a request for `threads` means; 0 is one per processor. Each of them
/// holds a chunk, so more than 64 are not used.
func threadCount(_ threads: Int) -> Int {
  threads > 0 ? min(threads, 64) : Int(aez_processor_count())
}
