//! `gih`, the GPT Image Hub: one binary that serves, and administers what it serves.

mod audits;
mod cli;
mod clock;
mod collector;
mod commands;
mod console;
mod faults;
mod hub;
mod ids;
mod metrics;
mod open_files;
mod output;
mod passwords;
mod readiness;
mod serve;
mod settings;
mod spool;
mod tasks;
mod telemetry;
mod throttle;
mod workers;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let _faults = fail::FailScenario::setup();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            // One line, causes included: what an operator greps for.
            let lines = format!("{error:#}");
            let line: Vec<&str> = lines.split_whitespace().collect();
            eprintln!("gih: {}", line.join(" "));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: cli::Cli) -> anyhow::Result<ExitCode> {
    if let Some(cli::Command::Doctor) = cli.command {
        let output = output::Output { is_json: cli.json };
        // It is asked because something is wrong, which may be the settings.
        return block_on(commands::doctor::run(cli.config, output));
    }
    let source = settings::Source::read(settings::environment()?, cli.config.as_deref())?;
    let settings = settings::Settings::read(&source)?;
    telemetry::start(&settings.log)?;
    block_on(commands::run(cli, settings))
}

fn block_on(command: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let code = runtime.block_on(command);
    // Blocking work that nobody waits for any more must not keep the process.
    runtime.shutdown_background();
    code
}
