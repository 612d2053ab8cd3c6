import CPlatform

/// An array whose allocation can fail without taking the host process down, aligned for kernels.
///
/// For trivial element types only: elements are neither initialized one by one nor destroyed.
final class Memory<Element> {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  /// - Throws: ``AEZipError/outOfMemory(bytes:)``.
  init(_ count: Int, zeroed: Bool = false) throws(AEZipError) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
    guard !overflow, count >= 0, let raw = aez_allocate(bytes) else {
      throw .outOfMemory(bytes: overflow ? Int.max : bytes)
    }
    if zeroed { memset(raw, 0, bytes) }
    base = raw.bindMemory(to: Element.self, capacity: max(count, 1))
    self.count = count
  }

  deinit { free(base) }

  subscript(index: Int) -> Element {
    get { base[index] }
    set { base[index] = newValue }
  }
}

/// Bytes that grow, for output of unknown size. Growing can fail without a trap.
final class ByteBuffer {
  private(set) var base: UnsafeMutablePointer<UInt8>
  private(set) var count = 0
  private var capacity: Int

  /// - Throws: ``AEZipError/outOfMemory(bytes:)``.
  init(capacity: Int = 4096) throws(AEZipError) {
    guard let raw = malloc(max(capacity, 64)) else { throw .outOfMemory(bytes: capacity) }
    base = raw.bindMemory(to: UInt8.self, capacity: max(capacity, 64))
    self.capacity = max(capacity, 64)
  }

  convenience init(_ bytes: [UInt8]) throws(AEZipError) {
    try self.init(capacity: bytes.count)
    try append(bytes)
  }

  deinit { free(base) }

  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  /// Room for `extra` bytes after the present ones; follow with ``commit(_:)``.
  func reserve(_ extra: Int) throws(AEZipError) -> UnsafeMutablePointer<UInt8> {
    if extra > capacity - count {
      let wanted = max(count + extra, capacity + capacity / 2)
      guard let raw = realloc(base, wanted) else { throw .outOfMemory(bytes: wanted) }
      base = raw.bindMemory(to: UInt8.self, capacity: wanted)
      capacity = wanted
    }
    return base + count
  }

  /// Makes `extra` bytes written after ``reserve(_:)`` part of the buffer.
  func commit(_ extra: Int) { count += extra }

  func append(_ bytes: UnsafeRawBufferPointer) throws(AEZipError) {
    guard bytes.count > 0 else { return }
    memcpy(try reserve(bytes.count), bytes.baseAddress!, bytes.count)
    commit(bytes.count)
  }

  func append(_ bytes: [UInt8]) throws(AEZipError) {
    guard bytes.count > 0 else { return }
    let target = try reserve(bytes.count)
    for index in 0..<bytes.count { target[index] = bytes[index] }
    commit(bytes.count)
  }

  func removeAll() { count = 0 }

  /// Forgets what follows the first `count` bytes.
  func shorten(to count: Int) { self.count = min(count, self.count) }

  /// Replaces each byte by its image.
  func map(_ images: [UInt8]) {
    for index in 0..<count { base[index] = images[Int(base[index])] }
  }
}

extension Array {
  /// As the standard library's, which takes 100 bytes of code wherever it is used.
  @inline(never)
  mutating func append(_ element: __owned Element) { self.Swift::append(element) }
}
