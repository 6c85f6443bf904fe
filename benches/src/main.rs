//! Measures the hub against yardsticks that run beside it, on one machine and in one run.
//!
//! `cargo xtask bench [--quick] [--million] [ROW …]` builds `gih` and this program, starts a Postgres with durable
//! settings, and runs `gih-bench run`. The other subcommands are the processes that a run starts: each is a process of
//! its own, so that its CPU can be told from the others'.
//!
//! - A **row** is a line of the table of goals: [`rows::ALL`] has them all, with their goals.
//! - In a **round** the hub and the row's yardsticks take turns. Ratios are taken within a round, and a row's figure is
//!   the median of its rounds, with the least and the greatest.
//! - The **yardsticks** are the least that the work takes: "store" calls the provider, decodes the image and writes it to
//!   disk; the pass-through only forwards; pgbench, or SQLite in a process, keeps the books in as few statements as can
//!   be; a synced write makes one small file durable.
//! - The **limit of the parts** is what all cores could do if each request cost no more CPU than "store", the database's
//!   yardstick, the load generator and the provider do together.
//! - Nothing fails on a time. A row fails when a request is answered with another status than it should be.
//!
//! The report is a table on stdout, and `target/bench.json`. Times on a shared machine vary: compare ratios, and look at
//! the spread before believing a difference.

mod bench;
mod http;
mod hub;
mod load;
mod measure;
mod million;
mod pass_through;
mod pgbench;
mod picture;
mod postgres;
mod process;
mod procfs;
mod report;
mod rows;
mod run;
mod serve;
mod spread;
mod sqlite;
mod store;
mod synced_write;
mod syncs;
mod upstream;
mod yardstick;

use clap::{Parser, Subcommand};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Measures GPT Image Hub against yardsticks.
#[derive(Parser)]
#[command(name = "gih-bench", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure rows of the table of goals
    Run(run::Options),
    /// Put a load on a URL and print what came of it as JSON
    Load(load::Job),
    /// Serve the provider's part: answers made beforehand
    Upstream(upstream::Options),
    /// Serve the yardstick that only forwards
    PassThrough(pass_through::Options),
    /// Serve the yardstick that decodes images and writes them to disk
    Store(store::Options),
    /// Do the work of the books in SQLite and print what came of it as JSON
    #[command(name = sqlite::SUBCOMMAND)]
    SqliteYardstick {
        /// Where the database is made
        folder: PathBuf,
        /// How long
        seconds: u32,
    },
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(options) => run::run(&options),
        Command::Load(job) => load::work(&job).and_then(|outcome| print(&outcome)),
        Command::Upstream(options) => upstream::run(&options),
        Command::PassThrough(options) => pass_through::run(options),
        Command::Store(options) => store::run(options),
        Command::SqliteYardstick { folder, seconds } => {
            sqlite::work(&folder, seconds).and_then(|figures| print(&figures))
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gih-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stdout)] // what the subcommand is run for
fn print(figures: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(figures)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
