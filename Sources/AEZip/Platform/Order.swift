/// The indices of `keys` in the order of ascending keys; equal keys keep their order.
///
/// A heap sort of its own: the standard library's is compiled anew for every element type and
/// closure, some 2 kB each. No key may be NaN.
/// - Complexity: O(n log n).
func ascending(_ keys: [Double]) -> [Int] {
  var heap = [Int](0..<keys.count)
  func isBefore(_ a: Int, _ b: Int) -> Bool {
    keys[a] < keys[b] || (keys[a] == keys[b] && a < b)
  }
  func sink(_ start: Int, _ end: Int) {
    var root = start
    while 2 * root + 1 < end {
      var child = 2 * root + 1
      if child + 1 < end && isBefore(heap[child], heap[child + 1]) { child += 1 }
      guard isBefore(heap[root], heap[child]) else { return }
      heap.swapAt(root, child)
      root = child
    }
  }
  var start = keys.count / 2
  while start > 0 {
    start -= 1
    sink(start, keys.count)
  }
  var end = keys.count
  while end > 1 {
    end -= 1
    heap.swapAt(0, end)
    sink(0, end)
  }
  return heap
}
