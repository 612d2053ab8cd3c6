/// Codes records after several plans and keeps what is smallest. Plans are made from samples, and now and
/// then more effort finds a worse one, chiefly where few codes are not zero or records are few: so a level
/// also tries what lower ones do.
struct PlanRace {
  private var coder: ChunkEncoder
  private let records: UnsafeRawBufferPointer
  private let values: Int
  private var best: ChunkEncoder.Result?
  private var plans: [CodedPlan] = []
  /// Of the columns, for all that is to be crossed.
  private var order: List<Int>?

  /// Values of a chunk up to which all lower levels' plans are tried at loose bounds.
  private static let fewValues = 640_000
  /// And at any.
  private static let veryFewValues = 250_000
  /// Up to which levels 3 and 1 also pack them: how a few hundred bytes pack best is found by luck.
  private static let fewestValues = 65536

  private init(_ coder: ChunkEncoder, _ records: UnsafeRawBufferPointer) {
    (self.coder, self.records) = (coder, records)
    values = records.count / coder.layout.recordSize * coder.layout.fields.count
  }

  static func smallest(
    _ coder: ChunkEncoder, _ records: UnsafeRawBufferPointer
  ) throws(AEZipError) -> ChunkEncoder.Result {
    // Without a bound fewer bytes can mean larger errors.
    guard coder.level > 1, !coder.bounds.contains(.infinity) else {
      return try coder.encodeAll(records)
    }
    var race = PlanRace(coder, records)
    if coder.level < 7 { return try race.runBriefly() }
    return try race.run()
  }

  private var isFew: Bool { values <= Self.fewValues }

  /// Whether few of the codes are not zero.
  private func isLoose(_ result: ChunkEncoder.Result, valuesPerByte: Int) -> Bool {
    let size = result.payload.count
    if isFew { return size < values / 4 }
    return size < values / valuesPerByte && result.tallies.contains { $0.largestError > 0 }
  }

  /// Up to level 6: the level's own plan first, which tells whether others are worth their time.
  private mutating func runBriefly() throws(AEZipError) -> ChunkEncoder.Result {
    let level = min(coder.level, 4)
    let own = try coder.encodeAll(records)
    let isLoose = isLoose(own, valuesPerByte: 20)
    if isFew && (isLoose || values <= Self.veryFewValues) {
      try codeBelow(level, .none)
      // What is in another order cannot be crossed with it.
      order = own.plan?.order
      if let order, order.count > 0 { try codeBelow(level, .asReckoned) }
    } else if isLoose {
      order = own.plan?.order
      for below in 1..<min(level, 3) { try code(below, .asReckoned) }
      if level == 3 { try cross(2, again: false) }
    } else if level < 4 {
      try codeBelow(level, .none)
    } else {
      return own
    }
    take(own, isNew: true)
    try cross(Effort.ofPlan(level).level, again: isFew && isLoose)
    if values <= Self.fewestValues {
      if level > 3, let plan = best!.plan {
        coder.level = 3
        try code(level, after: plan)
      }
      coder.level = 1
      try code(1)
    }
    return best!
  }

  /// All that the levels below do.
  @inline(never)
  private mutating func codeBelow(
    _ level: Int, _ arrangement: ChunkEncoder.Arrangement
  ) throws(AEZipError) {
    for below in 1..<level {
      try code(below, arrangement)
      try cross(below, again: true)
    }
  }

  /// From level 7 on: all that the level below does, and more.
  private mutating func run() throws(AEZipError) -> ChunkEncoder.Result {
    let hasOrders = coder.layout.fields.count > 1
    var brief = coder
    brief.level = 6
    take(try Self.smallest(brief, records), isNew: true)
    try code(6, .none)
    if hasOrders { try code(6, .pivoted) }
    order = best!.plan?.order
    let isLoose = isLoose(best!, valuesPerByte: 10)
    if isLoose {
      for below in 1..<6 where isFew || below != 3 {
        try code(below, .asReckoned)
        if isFew || below == 2 { try cross(isFew ? below : 6, again: isFew) }
      }
      try cross(6, again: isFew)
    }
    for level in 7...coder.level {
      if level == 7 {
        try code(7, .none)
        if hasOrders {
          try code(7, .pivoted)
          try code(7, .falling)
        }
      } else {
        order = best!.plan?.order
        try code(level, .asReckoned)
      }
      try cross(level, again: isLoose)
    }
    return best!
  }

  /// Codes the records after a plan of a level, or one that is given, and keeps the smaller.
  @inline(never)
  private mutating func code(
    _ level: Int, _ arrangement: ChunkEncoder.Arrangement = .none, after given: CodedPlan? = nil
  ) throws(AEZipError) {
    var other = coder
    other.planLevel = level
    other.arrangement = arrangement
    // What is to be crossed has one order.
    if arrangement == .asReckoned && !Effort(level: level).reckonsOrder { other.order = order }
    take(try other.encodeAll(records, after: given), isNew: given == nil)
  }

  private mutating func take(_ trial: ChunkEncoder.Result, isNew: Bool) {
    if isNew, let plan = trial.plan { plans.append(plan) }
    if best == nil || trial.payload.count < best!.payload.count { best = trial }
  }

  /// Codes them after the best prediction of each column: what is best for each is most often best for
  /// all. The second time it is known what some take beside the best of others.
  @inline(never)
  private mutating func cross(_ level: Int, again: Bool) throws(AEZipError) {
    for _ in 0..<(again ? 2 : 1) {
      guard let crossed = best!.plan?.best(with: plans) else { return }
      try code(level, after: crossed)
    }
  }
}
