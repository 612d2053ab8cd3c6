import CPlatform

/// Runs `body(0) ... body(count - 1)` on up to `threads` threads, the caller's included, and returns
/// when all are done. No thread outlives the call. A thread that cannot be started costs speed only.
///
/// `body` must not throw past its own index: it keeps its error, and the caller looks at them in the
/// order of indices, so the outcome does not depend on the number of threads.
func parallelFor(
  _ count: Int, threads: Int, _ body: @escaping @Sendable (_ index: Int) -> Void
) {
  let workers = max(1, min(threads, count))
  guard workers > 1 else {
    for index in 0..<count { body(index) }
    return
  }
  let crew = Crew(count: count, body: body)
  var started: [pthread_t] = []
  for _ in 1..<workers {
    var thread = pthread_t()
    let box = Unmanaged.passRetained(crew).toOpaque()
    let status = pthread_create(
      &thread, nil,
      { raw in
        Unmanaged<Crew>.fromOpaque(raw!).takeRetainedValue().work()
        return nil
      }, box)
    if status == 0 {
      started.append(thread)
    } else {
      Unmanaged<Crew>.fromOpaque(box).release()
    }
  }
  crew.work()
  for thread in started { pthread_join(thread, nil) }
}

/// Threads take the next index that nobody has taken.
private final class Crew: @unchecked Sendable {
  private let count: Int
  private let body: @Sendable (Int) -> Void
  private var next = 0
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init(count: Int, body: @escaping @Sendable (Int) -> Void) {
    self.count = count
    self.body = body
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  func work() {
    while true {
      pthread_mutex_lock(mutex)
      let index = next
      next += 1
      pthread_mutex_unlock(mutex)
      guard index < count else { break }
      body(index)
    }
  }
}

/// The number of threads that a request for `threads` means; 0 is one per processor. Each of them
/// holds a chunk, so more than 64 are not used.
func threadCount(_ threads: Int) -> Int {
  threads > 0 ? min(threads, 64) : Int(aez_processor_count())
}
