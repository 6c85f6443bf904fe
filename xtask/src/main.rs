//! The developer's door: `cargo xtask migrate | seed | test | torture | rolling | bench | check`. Each command is a file.

mod bench;
mod check;
mod door;
mod rolling;
mod services;
mod test;
mod torture;
mod workspace;

use clap::{Args, Parser, Subcommand};
use std::process::ExitCode;

/// The developer's door to GPT Image Hub.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Bring the database to this build's schema: `gih migrate`, with its arguments
    #[command(disable_help_flag = true)]
    Migrate(Passed),
    /// Add the shipped models that are missing: `gih seed`, with its arguments
    #[command(disable_help_flag = true)]
    Seed(Passed),
    /// Run every test on a throw-away Postgres and S3 server: `cargo xtask test [-- ARGUMENTS OF cargo nextest run]`
    ///
    /// `TEST_DATABASE_URL` (a superuser's `postgres://…`) and `TEST_S3_ENDPOINT` (`http://…`) name servers to use instead,
    /// and paths in `TEST_CHROMEDRIVER`, `TEST_CHROMIUM`, `TEST_AXE` (`axe.min.js`), `TEST_NODE` and `TEST_PYTHON` (with
    /// `requests`) name tools.
    Test(Narrowed),
    /// Run the long tests again and again, each pass with another seed, and print what they came to
    ///
    /// `cargo xtask torture -- kills` runs those with `kills` in their path. Servers are as for `test`.
    Torture(TortureOptions),
    /// Run the previous build and this one on one database; the previous one is built from git into target/rolling
    Rolling {
        /// The revision of the previous build
        #[arg(default_value = "HEAD~1")]
        revision: String,
    },
    /// Measure the hub against yardsticks on this machine, and print what was wanted beside it
    ///
    /// All rows unless some are named. It starts everything that it needs, a Postgres with durable commits among it, and
    /// never fails because of a time.
    Bench(BenchOptions),
    /// Everything but the tests: fmt, clippy, deny, the domain's dependencies, migrations parity, tidiness
    Check(CheckOptions),
}

/// Arguments handed to `gih` as they are.
#[derive(Args)]
struct Passed {
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGUMENTS"
    )]
    arguments: Vec<String>,
}

/// Arguments handed to `cargo nextest run` as they are.
#[derive(Args)]
struct Narrowed {
    #[arg(last = true, value_name = "ARGUMENTS OF cargo nextest run")]
    arguments: Vec<String>,
}

#[derive(Args)]
struct TortureOptions {
    /// Begin passes for so long; ten passes unless said
    #[arg(long)]
    minutes: Option<u64>,
    /// Only tests whose path contains one of these
    #[arg(last = true, value_name = "WORDS")]
    words: Vec<String>,
}

#[derive(Args)]
struct BenchOptions {
    /// End within three minutes: fewer and shorter rounds
    #[arg(long)]
    quick: bool,
    /// Also measure on a million generations, which takes minutes to write
    #[arg(long)]
    million: bool,
    /// How the hub and the tool are built
    #[arg(long, value_name = "PROFILE", default_value = "release", value_parser = ["release", "dev"])]
    profile: String,
    /// The rows to measure, by name
    #[arg(value_name = "ROW")]
    rows: Vec<String>,
}

#[derive(Args)]
struct CheckOptions {
    /// Also look the dependencies up in the advisory database, which needs the network
    #[arg(long)]
    advisories: bool,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Migrate(passed) => door::open("migrate", &passed.arguments),
        Command::Seed(passed) => door::open("seed", &passed.arguments),
        Command::Test(narrowed) => test::run(&narrowed.arguments),
        Command::Torture(options) => torture::run(options.minutes, &options.words),
        Command::Rolling { revision } => rolling::run(&revision),
        Command::Bench(options) => bench::run(&options),
        Command::Check(options) => check::run(options.advisories),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_are_handed_on_untouched() {
        let Command::Migrate(passed) =
            Cli::parse_from(["xtask", "migrate", "--status", "--help"]).command
        else {
            panic!("another command");
        };
        assert_eq!(passed.arguments, ["--status", "--help"]);
        let Command::Test(narrowed) =
            Cli::parse_from(["xtask", "test", "--", "-p", "x", "--", "--nocapture"]).command
        else {
            panic!("another command");
        };
        assert_eq!(narrowed.arguments, ["-p", "x", "--", "--nocapture"]);
    }
}
