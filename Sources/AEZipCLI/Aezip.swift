import AEZip
import ArgumentParser

@main struct Aezip: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "aezip")
}
