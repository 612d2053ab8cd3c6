import CPlatform

/// A trained autoencoder: immutable, so threads may share it.
///
///     records ─ standardize ─► network up to the latents ─► network from the latents ─► records
///
/// Its ``digest`` names it in containers.
public final class Autoencoder: Sendable {
  public let kind: AutoencoderKind
  /// The records that it was trained on.
  public let layout: Layout
  let standardizer: Standardizer
  let network: Network
  /// How the weights of each edge are kept.
  let precisions: [Precision]
  /// Losses after each epoch; empty in closed form.
  public let history: [EpochLoss]
  /// Losses of the finished model, its weights rounded, over trained and held-out records.
  public let finalLoss: EpochLoss
  /// Records that it was trained on and held-out ones.
  public let recordCount: Int
  /// Mean squared error of each field at training; empty if not known.
  let fieldErrors: [Double]
  /// How records at the bounds of the training are coded; nil if it had none: ``ModelPlan``.
  nonisolated(unsafe) let plan: ByteBuffer?
  /// SHA-256 of what its decoder consists of: Format.md, section 4.4.
  public let digest: [UInt8]
  let kernels = Kernels()

  init(
    kind: AutoencoderKind, layout: Layout, standardizer: Standardizer, network: Network,
    precisions: [Precision], history: [EpochLoss], finalLoss: EpochLoss, recordCount: Int,
    fieldErrors: [Double] = [], plan: ByteBuffer? = nil
  ) {
    self.kind = kind
    self.layout = layout
    self.standardizer = standardizer
    self.network = network
    self.precisions = precisions
    self.history = history
    self.finalLoss = finalLoss
    self.recordCount = recordCount
    self.fieldErrors = fieldErrors
    self.plan = plan
    digest = Self.content(kind, standardizer, network, precisions, plan).withUnsafeBytes {
      Sha256.digest($0)
    }
  }

  private static func content(
    _ kind: AutoencoderKind, _ standardizer: Standardizer, _ network: Network,
    _ precisions: [Precision], _ plan: ByteBuffer?
  ) -> [UInt8] {
    let decoder = ModelContent.decoder(kind, standardizer, network, precisions)
    return plan == nil ? decoder : decoder + [UInt8](plan!.bytes)
  }

  /// The model section of a file: what the digest is taken of.
  var decoderContent: [UInt8] { Self.content(kind, standardizer, network, precisions, plan) }

  /// The same model with a plan.
  func with(_ plan: ByteBuffer) -> Autoencoder {
    Autoencoder(
      kind: kind, layout: layout, standardizer: standardizer, network: network,
      precisions: precisions, history: history, finalLoss: finalLoss, recordCount: recordCount,
      fieldErrors: fieldErrors, plan: plan)
  }

  public var fieldCount: Int { network.shape.fieldCount }
  public var latentCount: Int { network.shape.latentCount }
  /// Widths of all layers, input, latents and output among them.
  public var widths: [Int] { network.shape.widths }
  /// Of all layers, the input's (identity) among them.
  public var activations: [Activation] { network.shape.activations }

  /// Trains a model on records in memory.
  ///
  /// - Parameters:
  ///   - progress: called after each epoch; false stops and throws ``AEZipError/cancelled``.
  /// - Throws: ``AEZipError/invalidArgument(_:_:_:name:)`` naming the option,
  ///   ``AEZipError/outOfMemory(bytes:)``, ``AEZipError/cancelled``.
  public static func train(
    _ records: UnsafeRawBufferPointer, layout: Layout, options: TrainingOptions,
    progress: ((TrainingProgress) -> Bool)? = nil
  ) throws(AEZipError) -> Autoencoder {
    let trainer = try Trainer(layout: layout, options: options)
    try trainer.add(records)
    return try trainer.finish(progress: progress)
  }
}

/// Mean losses a field after an epoch.
public struct EpochLoss: Sendable {
  public var train: Double
  /// Of held-out records; NaN if there are none.
  public var validation: Double
}
