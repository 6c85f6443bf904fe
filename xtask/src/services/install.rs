//! Installing what tests need through the system's own package manager, or saying what to type.

use super::on_path;
use crate::workspace;
use anyhow::{Result, bail};
use std::process::{Command, Stdio};

/// Something to install, under the names each package manager knows it by.
#[derive(Debug)]
pub struct Need {
    /// What it is, for people.
    pub what: &'static str,
    /// The variable that names a server to use instead.
    pub instead: &'static str,
    pub apt_get: &'static str,
    pub dnf: &'static str,
    pub apk: &'static str,
    pub pacman: &'static str,
    pub brew: &'static str,
}

/// Who may install.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    Root,
    /// `sudo` asks for no password.
    Sudo,
    None,
}

const MANAGERS: [&str; 5] = ["apt-get", "dnf", "apk", "pacman", "brew"];

/// Installs it, or fails with the command to type.
pub fn install(need: &Need, root: bool) -> Result<()> {
    let Some(manager) = MANAGERS
        .into_iter()
        .find(|manager| on_path(manager).is_some())
    else {
        bail!(
            "{} is missing: install it, or set {}",
            need.what,
            need.instead
        );
    };
    let right = if root {
        Right::Root
    } else if sudo_is_free() {
        Right::Sudo
    } else {
        Right::None
    };
    let commands = match plan(need, manager, right) {
        Ok(commands) => commands,
        Err(line) => bail!(
            "{} is missing: type `{line}`, or set {}",
            need.what,
            need.instead
        ),
    };
    eprintln!("{} is missing: installing it", need.what);
    for command in commands {
        // Package managers talk a lot on standard output, which is the tests'; and nobody is there to answer.
        workspace::run(
            Command::new(&command[0])
                .args(&command[1..])
                .stdin(Stdio::null())
                .stdout(std::io::stderr()),
        )?;
    }
    Ok(())
}

fn sudo_is_free() -> bool {
    on_path("sudo").is_some()
        && Command::new("sudo")
            .args(["-n", "true"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
}

/// The commands to run, or the line to type for who may not. Homebrew wants no root and refuses it.
fn plan(need: &Need, manager: &str, right: Right) -> Result<Vec<Vec<String>>, String> {
    let lines = match manager {
        "apt-get" => vec![
            "env DEBIAN_FRONTEND=noninteractive apt-get update".to_owned(),
            format!(
                "env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {}",
                need.apt_get
            ),
        ],
        "dnf" => vec![format!("dnf install -y {}", need.dnf)],
        "apk" => vec![format!("apk add --no-cache {}", need.apk)],
        "pacman" => vec![format!("pacman -Sy --noconfirm --needed {}", need.pacman)],
        _ => vec![format!("brew install {}", need.brew)],
    };
    let prefix = match (manager == "brew", right) {
        (true, Right::Root) => return Err(lines.join(" && ")),
        (true, _) | (false, Right::Root) => "",
        (false, Right::Sudo) => "sudo -n ",
        (false, Right::None) => {
            let typed: Vec<String> = lines.iter().map(|line| format!("sudo {line}")).collect();
            return Err(typed.join(" && "));
        }
    };
    Ok(lines
        .iter()
        .map(|line| {
            format!("{prefix}{line}")
                .split(' ')
                .map(String::from)
                .collect()
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEED: Need = Need {
        what: "Thing",
        instead: "TEST_THING",
        apt_get: "thing thing-extra",
        dnf: "thing-server",
        apk: "thing",
        pacman: "thing",
        brew: "thing@1",
    };

    fn lines(manager: &str, right: Right) -> Vec<String> {
        plan(&NEED, manager, right)
            .unwrap()
            .iter()
            .map(|command| command.join(" "))
            .collect()
    }

    #[test]
    fn root_installs_and_never_waits_for_an_answer() {
        let expected = [
            "env DEBIAN_FRONTEND=noninteractive apt-get update",
            "env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends thing thing-extra",
        ];
        assert_eq!(lines("apt-get", Right::Root), expected);
        assert_eq!(lines("dnf", Right::Root), ["dnf install -y thing-server"]);
    }

    #[test]
    fn sudo_goes_before_every_command() {
        assert!(
            lines("apt-get", Right::Sudo)
                .iter()
                .all(|line| line.starts_with("sudo -n env "))
        );
    }

    #[test]
    fn who_may_not_install_is_told_what_to_type() {
        assert_eq!(
            plan(&NEED, "apk", Right::None).unwrap_err(),
            "sudo apk add --no-cache thing"
        );
    }

    #[test]
    fn homebrew_is_for_anybody_but_root() {
        assert_eq!(lines("brew", Right::None), ["brew install thing@1"]);
        assert_eq!(
            plan(&NEED, "brew", Right::Root).unwrap_err(),
            "brew install thing@1"
        );
    }
}
