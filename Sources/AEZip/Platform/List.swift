import CPlatform

/// An array of trivial elements: what `Array` does, but the code that grows and copies it is there
/// once, and not once for every type of element (700 bytes each).
///
/// For trivial element types only: elements are copied as bytes, and never destroyed.
struct List<Element>: RandomAccessCollection {
  private var block = Block()

  init() {
    #if !AEZ_EMBEDDED
      // What elements refer to would never be released.
      assert(_isPOD(Element.self), "a list of elements that are not trivial")
    #endif
  }

  init(_ elements: some Sequence<Element>) {
    self.init()
    for element in elements { append(element) }
  }

  init(repeating element: Element, count: Int) {
    self.init()
    withUnsafePointer(to: element) {
      Block.fill(&block, count, UnsafeRawPointer($0), MemoryLayout<Element>.stride)
    }
  }

  var startIndex: Int { 0 }
  var endIndex: Int { block.count }
  var count: Int { block.count }

  subscript(index: Int) -> Element {
    @inline(__always)
    get {
      precondition(UInt(bitPattern: index) < UInt(bitPattern: block.count))
      return (block.base + index &* MemoryLayout<Element>.stride).load(as: Element.self)
    }
    @inline(__always)
    _modify {
      let place = Block.place(&block, index, MemoryLayout<Element>.stride)
      yield &place.assumingMemoryBound(to: Element.self).pointee
    }
  }

  @inline(__always)
  mutating func append(_ element: Element) {
    let place = Block.end(&block, MemoryLayout<Element>.stride)
    place.assumingMemoryBound(to: Element.self).initialize(to: element)
  }

  mutating func remove(at index: Int) {
    for next in index + 1..<count { self[next - 1] = self[next] }
    shorten(to: count - 1)
  }

  /// Removes all elements from that index on.
  mutating func shorten(to index: Int) {
    guard index < count else { return }
    // The block may still be another list's.
    _ = Block.place(&block, index, MemoryLayout<Element>.stride)
    block.count = index
  }
}

extension List: @unchecked Sendable where Element: Sendable {}

/// The memory of a list; shared by copies of it until one of them is changed.
private final class Block {
  private(set) var base: UnsafeMutableRawPointer
  var count = 0
  private var capacity: Int

  /// An empty one, which most remain: no memory yet.
  init() {
    base = UnsafeMutableRawPointer(bitPattern: 16)!
    capacity = 0
  }

  private init(capacity: Int) {
    base = malloc(capacity)!
    self.capacity = capacity
  }

  deinit { if capacity > 0 { free(base) } }

  /// Where an element lies that is about to change.
  @inline(never)
  static func place(_ block: inout Block, _ index: Int, _ stride: Int) -> UnsafeMutableRawPointer {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: block.count))
    reserve(&block, block.count * stride)
    return block.base + index &* stride
  }

  /// Room for one more element.
  @inline(never)
  static func end(_ block: inout Block, _ stride: Int) -> UnsafeMutableRawPointer {
    let size = block.count * stride
    reserve(&block, size + stride)
    block.count += 1
    return block.base + size
  }

  /// Gives a block that has none so many equal elements.
  @inline(never)
  static func fill(
    _ block: inout Block, _ count: Int, _ element: UnsafeRawPointer, _ stride: Int
  ) {
    guard count > 0 else { return }
    block = Block(capacity: count * stride)
    block.count = count
    memcpy(block.base, element, stride)
    var filled = stride
    while filled < count * stride {
      let size = Swift.min(filled, count * stride - filled)
      memcpy(block.base + filled, block.base, size)
      filled += size
    }
  }

  /// Makes the block the only one of its kind, with room for `size` bytes.
  private static func reserve(_ block: inout Block, _ size: Int) {
    if isKnownUniquelyReferenced(&block) && size <= block.capacity { return }
    let next = Block(capacity: Swift.max(size, 2 * block.capacity, 64))
    memcpy(next.base, block.base, Swift.min(size, block.capacity))
    next.count = block.count
    block = next
  }
}
