//! Measures the hub against yardsticks that run beside it, on one machine and in one run.
//!
//! `cargo xtask bench [--quick] [ROW …]` builds `gih` and this program, starts a Postgres with durable settings, and
//! runs `gih-bench run`. The other subcommands are the processes that a run starts.

// B's modules.
mod million;
mod pgbench;
mod postgres;
mod sqlite;
mod synced_write;
mod syncs;

use clap::{Parser, Subcommand};

/// Measures GPT Image Hub.
#[derive(Parser)]
#[command(name = "gih-bench", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure rows of the table of goals
    Run {
        /// The rows to measure; all unless named
        rows: Vec<String>,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Run { rows } => anyhow::bail!("no row is named like {rows:?}"),
    }
}
