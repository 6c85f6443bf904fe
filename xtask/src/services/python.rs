//! Python environments of the tests' own, kept under `target/tools`.

use super::Scratch;
use super::install::{Need, install};
use crate::workspace;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

/// An environment with packages in it.
pub struct Environment {
    /// Its folder's name.
    pub name: &'static str,
    /// The variable that names what to use instead.
    pub instead: &'static str,
    /// A program that prints `printed` when all is there. It imports what is used, because a newer Python of the system
    /// breaks an older environment.
    pub probe: &'static str,
    /// What it prints.
    pub printed: &'static str,
    /// Arguments of `pip install`, one after the other.
    pub installs: &'static [&'static [&'static str]],
}

impl Environment {
    /// Its interpreter, after making the environment unless it is there and works.
    pub fn python(&self, scratch: &Scratch) -> Result<PathBuf> {
        let home = workspace::tools().join(self.name);
        let python = home.join("bin").join("python");
        fs::create_dir_all(workspace::tools())?;
        // Two runs at once would install into each other's hands. Held until the file is closed.
        let lock = File::create(workspace::tools().join(format!("{}.lock", self.name)))?;
        lock.lock()?;
        let mut probe = Command::new(&python);
        probe.args(["-c", self.probe]);
        if workspace::output(&mut probe).is_ok_and(|found| found.trim() == self.printed) {
            return Ok(python);
        }
        self.ensure_python(scratch)?;
        eprintln!("installing {} into {}", self.name, home.display());
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        workspace::output(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        for install in self.installs {
            let mut pip = Command::new(&python);
            pip.args(["-m", "pip", "install", "--quiet"]);
            pip.arg("--disable-pip-version-check").args(*install);
            workspace::output(&mut pip)?;
        }
        Ok(python)
    }

    fn ensure_python(&self, scratch: &Scratch) -> Result<()> {
        let usable = || {
            let probe = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";
            workspace::output(Command::new("python3").args(["-c", probe]))
        };
        if usable().is_err() {
            let need = Need {
                what: "Python 3.10 or newer with venv",
                instead: self.instead,
                apt_get: "python3 python3-venv",
                dnf: "python3",
                apk: "python3",
                pacman: "python",
                brew: "python@3.13",
            };
            install(&need, scratch.is_roots()?)?;
            usable()
                .with_context(|| format!("{} was installed, but `python3` is not it", need.what))?;
        }
        Ok(())
    }
}
