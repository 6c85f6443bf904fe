//! `cargo xtask test`: every test of the workspace, on servers and with tools of its own.

use crate::services::{self, Scratch};
use crate::workspace;
use anyhow::{Result, bail};

/// Brings up what the environment does not name already, runs the tests, and removes what it brought up.
pub fn run(arguments: &[String]) -> Result<()> {
    let mut scratch = Scratch::new()?;
    let mut settings = services::for_tests(&mut scratch)?;
    settings.extend(services::tools::for_tests(&scratch)?);
    let mut failed = Vec::new();
    for command in plan(arguments) {
        if let Err(error) = workspace::run(
            workspace::cargo()
                .args(command)
                .envs(settings.iter().cloned()),
        ) {
            failed.push(error.to_string());
        }
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    Ok(())
}

/// The cargo commands to run. Without arguments: everything, to the end even when a test fails. `cargo test` takes
/// doc tests only apart from `--all-targets`. With arguments: one `cargo test` with them, over the workspace unless
/// they choose packages, since cargo quietly ignores `--package` beside `--workspace`.
fn plan(arguments: &[String]) -> Vec<Vec<String>> {
    let words = |line: &str| line.split(' ').map(String::from).collect::<Vec<_>>();
    if arguments.is_empty() {
        return vec![
            words("test --workspace --all-targets --no-fail-fast"),
            words("test --workspace --doc --no-fail-fast"),
        ];
    }
    let for_cargo = arguments.iter().take_while(|argument| *argument != "--");
    let chosen = for_cargo
        .into_iter()
        .any(|argument| argument.starts_with("-p") || argument.starts_with("--package"));
    let mut command = words(if chosen { "test" } else { "test --workspace" });
    command.extend_from_slice(arguments);
    vec![command]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(arguments: &[&str]) -> Vec<String> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        plan(&arguments)
            .iter()
            .map(|command| command.join(" "))
            .collect()
    }

    #[test]
    fn without_arguments_every_target_and_every_doc_test_runs() {
        let expected = [
            "test --workspace --all-targets --no-fail-fast",
            "test --workspace --doc --no-fail-fast",
        ];
        assert_eq!(planned(&[]), expected);
    }

    #[test]
    fn arguments_narrow_one_run() {
        assert_eq!(planned(&["-p", "xtask"]), ["test -p xtask"]);
        assert_eq!(
            planned(&["--package=xtask", "plan"]),
            ["test --package=xtask plan"]
        );
        assert_eq!(planned(&["refund"]), ["test --workspace refund"]);
        assert_eq!(planned(&["--", "-p"]), ["test --workspace -- -p"]);
    }
}
