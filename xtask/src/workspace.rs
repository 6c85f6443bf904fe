//! Where the workspace is, and how its tools are run.

use anyhow::{Context, Result, bail};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace's root folder: this crate's parent.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// Where tools that the checks and tests need are kept between runs.
pub fn tools() -> PathBuf {
    root().join("target").join("tools")
}

/// The cargo that started us.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// A program that cargo installs: from the path or our tools when `is_right` likes what its `--version` says, or else
/// built into our tools. A debug build takes a fraction of the time, and these programs do little work.
pub fn installed(name: &str, version: &str, is_right: impl Fn(&str) -> bool) -> Result<PathBuf> {
    let ours = tools().join("bin").join(name);
    for program in [ours.clone(), PathBuf::from(name)] {
        if output(Command::new(&program).arg("--version")).is_ok_and(|found| is_right(&found)) {
            return Ok(program);
        }
    }
    let mut install = cargo();
    install
        .args(["install", "--locked", "--debug", name, "--version", version])
        .arg("--root")
        .arg(tools())
        // Lines and variables of a tool that is not ours help nobody.
        .env("CARGO_PROFILE_DEV_DEBUG", "false");
    run(&mut install)?;
    Ok(ours)
}

/// Runs a command with our own input and output; anything but success is an error that names the command.
pub fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    eprintln!("$ {line}");
    let status = command
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}`: {status}");
    }
    Ok(())
}

/// The whole standard output of a command that must succeed.
pub fn output(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output = command
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        bail!(
            "`{line}`: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{line}` wrote something else than UTF-8"))
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let mut line = Path::new(command.get_program())
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace_manifest() {
        assert!(root().join("Cargo.toml").is_file());
        assert!(root().join("xtask").join("Cargo.toml").is_file());
    }

    #[test]
    fn a_failing_command_is_an_error_that_names_it() {
        let error = run(Command::new("sh").args(["-c", "exit 3"]))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("sh -c exit 3") && error.contains('3'),
            "{error}"
        );
        let error = output(Command::new("sh").args(["-c", "echo broken >&2; exit 1"]))
            .unwrap_err()
            .to_string();
        assert!(error.contains("broken"), "{error}");
        assert_eq!(
            output(Command::new("sh").args(["-c", "echo fine"])).unwrap(),
            "fine\n"
        );
    }
}
