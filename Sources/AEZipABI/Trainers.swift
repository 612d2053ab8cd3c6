#if !AEZ_EMBEDDED
  import AEZip
#endif
import CAez

/// Trains a model of records in memory.
@_cdecl("aez_train") @implementation
public func aez_train(
  _ layout: UnsafePointer<aez_layout>?, _ source: UnsafeRawPointer?, _ recordCount: UInt64,
  _ options: UnsafePointer<aez_train_options>?, _ progress: aez_progress_fn?,
  _ context: UnsafeMutableRawPointer?, _ model: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  model?.pointee = nil
  return entry(error) { () throws(AEZipError) in
    let model = try required(model, "model")
    let layout = try Layout(layout)
    var options = try TrainingOptions(options)
    let source = try records(source, recordCount, recordSize: layout.recordSize)
    var ranges = FieldRanges(layout: layout)
    try ranges.add(source)
    options.bounds = try layout.trainingBounds(ranges: ranges)
    let trained = try Autoencoder.train(
      source, layout: layout, options: options, progress: report(progress, context))
    try ModelHandle.hand(trained, to: model)
  }
}

/// What an `aez_trainer *` points to.
private final class TrainerHandle {
  let trainer: Trainer
  let recordSize: Int
  var isFinished = false

  init(_ trainer: Trainer, recordSize: Int) {
    self.trainer = trainer
    self.recordSize = recordSize
  }

  static func of(_ pointer: OpaquePointer?) throws(AEZipError) -> TrainerHandle {
    let pointer = UnsafeRawPointer(try required(pointer, "trainer"))
    let handle = Unmanaged<TrainerHandle>.fromOpaque(pointer).takeUnretainedValue()
    guard !handle.isFinished else {
      throw .invalidArgument("the trainer is finished; open another one")
    }
    return handle
  }
}

/// Starts a training of records that come in parts.
@_cdecl("aez_trainer_open") @implementation
public func aez_trainer_open(
  _ layout: UnsafePointer<aez_layout>?, _ options: UnsafePointer<aez_train_options>?,
  _ trainer: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  trainer?.pointee = nil
  return entry(error) { () throws(AEZipError) in
    let trainer = try required(trainer, "trainer")
    let layout = try Layout(layout)
    var options = try TrainingOptions(options)
    options.bounds = try layout.trainingBounds(ranges: nil)
    let handle = TrainerHandle(
      try Trainer(layout: layout, options: options), recordSize: layout.recordSize)
    trainer.pointee = OpaquePointer(Unmanaged.passRetained(handle).toOpaque())
  }
}

/// Adds records.
@_cdecl("aez_trainer_append") @implementation
public func aez_trainer_append(
  _ trainer: OpaquePointer?, _ source: UnsafeRawPointer?, _ recordCount: UInt64,
  _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  entry(error) { () throws(AEZipError) in
    let handle = try TrainerHandle.of(trainer)
    try handle.trainer.add(try records(source, recordCount, recordSize: handle.recordSize))
  }
}

/// Trains.
@_cdecl("aez_trainer_finish") @implementation
public func aez_trainer_finish(
  _ trainer: OpaquePointer?, _ progress: aez_progress_fn?, _ context: UnsafeMutableRawPointer?,
  _ model: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<aez_error>?
) -> aez_status {
  model?.pointee = nil
  return entry(error) { () throws(AEZipError) in
    let model = try required(model, "model")
    let handle = try TrainerHandle.of(trainer)
    handle.isFinished = true
    try ModelHandle.hand(
      try handle.trainer.finish(progress: report(progress, context)), to: model)
  }
}

/// Frees the trainer, finished or not.
@_cdecl("aez_trainer_free") @implementation
public func aez_trainer_free(_ trainer: OpaquePointer?) {
  guard let trainer else { return }
  Unmanaged<TrainerHandle>.fromOpaque(UnsafeRawPointer(trainer)).release()
}

/// The caller's callback as the core calls it: true to go on.
private func report(
  _ progress: aez_progress_fn?, _ context: UnsafeMutableRawPointer?
) -> ((TrainingProgress) -> Bool)? {
  guard let progress else { return nil }
  return {
    var state = aez_progress()
    state.struct_size = MemoryLayout<aez_progress>.size
    state.epoch = Int32(clamping: $0.epoch)
    state.epoch_count = Int32(clamping: $0.epochCount)
    state.train_loss = $0.trainLoss
    state.validation_loss = $0.validationLoss
    return progress(context, &state) == 0
  }
}
