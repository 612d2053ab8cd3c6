/// SHA-256 (FIPS 180-4), for the identity of models.
struct Sha256 {
  /// The 32 bytes of the digest.
  static func digest(_ message: UnsafeRawBufferPointer) -> [UInt8] {
    var state: [UInt32] = []
    var constants: [UInt32] = []
    // The fractions of square and cube roots of the first primes.
    var prime: UInt32 = 2
    while constants.count < 64 {
      var divisor: UInt32 = 2
      while prime % divisor != 0 { divisor += 1 }
      if divisor == prime {
        if state.count < 8 { state.append(rootFraction(prime, power: 2)) }
        constants.append(rootFraction(prime, power: 3))
      }
      prime += 1
    }
    var position = 0
    while position + 64 <= message.count {
      block(UnsafeRawBufferPointer(rebasing: message[position..<position + 64]), &state, constants)
      position += 64
    }
    // The rest, a bit 1, zeros, and the length in bits.
    var end = [UInt8](message[position...])
    end.append(0x80)
    while end.count % 64 != 56 { end.append(0) }
    for shift in 0..<8 {
      end.append(UInt8(truncatingIfNeeded: (message.count &* 8) >> (56 - 8 * shift)))
    }
    end.withUnsafeBytes { end in
      for start in 0..<end.count / 64 {
        block(
          UnsafeRawBufferPointer(rebasing: end[start * 64..<start * 64 + 64]), &state, constants)
      }
    }
    var digest: [UInt8] = []
    for word in state {
      for shift in 0..<4 {
        digest.append(UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * shift)))
      }
    }
    return digest
  }

  /// The first 32 bits of the fraction of a number's square or cube root, bit after bit.
  private static func rootFraction(_ number: UInt32, power: Int) -> UInt32 {
    // The largest r with (r / 2^32)^power <= number; r has up to 37 bits.
    var root: UInt64 = 0
    for bit in (0..<37).reversed() {
      let next = root | 1 << UInt64(bit)
      // Products of up to 111 bits, compared with number * 2^(32 * power).
      let square = next.multipliedFullWidth(by: next)
      if power == 2 {
        if square.high < UInt64(number) || square.high == UInt64(number) && square.low == 0 {
          root = next
        }
      } else {
        let low = square.low.multipliedFullWidth(by: next)
        let high = square.high &* next &+ low.high
        if high >> 32 < UInt64(number) { root = next }
      }
    }
    return UInt32(truncatingIfNeeded: root)
  }

  private static func block(
    _ bytes: UnsafeRawBufferPointer, _ state: inout [UInt32], _ constants: [UInt32]
  ) {
    func rotated(_ x: UInt32, _ count: UInt32) -> UInt32 { x >> count | x << (32 - count) }
    var w: [UInt32] = []
    for index in 0..<64 {
      if index < 16 {
        w.append(
          UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)))
      } else {
        let a = w[index - 15]
        let b = w[index - 2]
        let first = rotated(a, 7) ^ rotated(a, 18) ^ a >> 3
        let second = rotated(b, 17) ^ rotated(b, 19) ^ b >> 10
        w.append(w[index - 16] &+ first &+ w[index - 7] &+ second)
      }
    }
    var s = state
    for index in 0..<64 {
      let (a, e) = (s[0], s[4])
      let first = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
      let choice = e & s[5] ^ ~e & s[6]
      let one = s[7] &+ first &+ choice &+ constants[index] &+ w[index]
      let second = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
      let majority = a & s[1] ^ a & s[2] ^ s[1] & s[2]
      for place in (1..<8).reversed() { s[place] = s[place - 1] }
      s[4] = s[4] &+ one
      s[0] = one &+ second &+ majority
    }
    for index in 0..<8 { state[index] = state[index] &+ s[index] }
  }
}
