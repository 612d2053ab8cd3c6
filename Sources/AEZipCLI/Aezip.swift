import ArgumentParser
import Glibc

/// The command: parses the arguments, runs one of its parts, and turns errors into exit codes.
@main struct Aezip: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aezip",
    abstract: "Compresses tables of numbers with a bound on the error of every value.",
    discussion: """
      Examples:
        aezip compress flights.csv --rel 1e-3
        aezip decompress flights.csv.aez -o again.csv
        aezip info flights.csv.aez
        aezip verify flights.csv.aez --against flights.csv
        aezip train flights.csv -o flights.aezm
        aezip score other.csv --model flights.aezm

      Tables are .npy (numpy), .csv with a header line, .f32 and .f64 (raw).

      Exit codes: 0 done, 64 wrong arguments, 65 bad data, 66 no input,
      73 the output exists or cannot be created, 74 reading or writing failed,
      130 interrupted.
      """,
    version: "aezip \(versionText)",
    subcommands: [
      Compress.self, Decompress.self, Info.self, Verify.self, Train.self, Encode.self, Decode.self,
      Score.self, Reconstruct.self, Recommend.self, Search.self, Sample.self,
    ])

  static let versionText = "0.1.0"

  static func main() {
    Signals.install()
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let failure as Failure {
      Signals.removeTemporaryFile()
      Log.write(failure.line + "\n")
      Glibc.exit(failure.status.rawValue)
    } catch is BrokenPipe {
      Signals.removeTemporaryFile()
      signal(SIGPIPE, SIG_DFL)
      raise(SIGPIPE)
    } catch {
      Signals.removeTemporaryFile()
      report(usageError: error)
    }
  }

  /// Help and the version go to standard output; a wrong argument is told like every other error.
  private static func report(usageError error: any Error) -> Never {
    guard !exitCode(for: error).isSuccess else { exit(withError: error) }
    let named = CommandLine.arguments.dropFirst().first ?? ""
    let isPart = configuration.subcommands.contains { $0._commandName == named }
    // Choices come a line each.
    let text = message(for: error).split(separator: "\n").enumerated().map { index, line in
      let choice = line.drop { " -".contains($0) }
      return index == 0 ? String(line) : index == 1 ? " \(choice)" : ", \(choice)"
    }.joined()
    Log.write("aezip: \(text); see 'aezip \(isPart ? named + " " : "")--help'\n")
    Glibc.exit(ExitStatus.usage.rawValue)
  }
}
