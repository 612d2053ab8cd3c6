/// The indices of `keys` in the order of ascending keys; equal keys keep their order.
///
/// A merge sort of its own: the standard library's is compiled anew for every element type and
/// closure, some 2 kB each. No key may be NaN.
/// - Complexity: O(n log n).
func ascending(_ keys: [Double]) -> [Int] {
  var order = [Int](0..<keys.count)
  var spare = order
  let count = keys.count
  keys.withUnsafeBufferPointer { keys in
    order.withUnsafeMutableBufferPointer { order in
      spare.withUnsafeMutableBufferPointer { spare in
        guard let keys = keys.baseAddress, var from = order.baseAddress, var to = spare.baseAddress
        else { return }
        var width = 1
        while width < count {
          var start = 0
          while start < count {
            merge(
              keys, from + start, to + start, min(width, count - start),
              min(2 * width, count - start))
            start += 2 * width
          }
          swap(&from, &to)
          width *= 2
        }
        if from != order.baseAddress! { order.baseAddress!.update(from: from, count: count) }
      }
    }
  }
  return order
}

/// Merges the ascending runs `0 ..< middle` and `middle ..< end`.
private func merge(
  _ keys: UnsafePointer<Double>, _ from: UnsafePointer<Int>, _ to: UnsafeMutablePointer<Int>,
  _ middle: Int, _ end: Int
) {
  var (low, high, place) = (0, middle, 0)
  while place < end {
    let takesLow = low < middle && (high >= end || keys[from[low]] <= keys[from[high]])
    to[place] = takesLow ? from[low] : from[high]
    low &+= takesLow ? 1 : 0
    high &+= takesLow ? 0 : 1
    place &+= 1
  }
}
