//! The tools of a person who looks at pages and runs their examples: a browser, axe, Node.js, and Python with `requests`.

use super::install::{Need, install};
use super::python::Environment;
use super::{Scratch, is_set, on_path};
use crate::workspace;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;

/// What drives the browser: a path of chromedriver.
const CHROMEDRIVER: &str = "TEST_CHROMEDRIVER";
/// The browser: a path of Chromium, of the driver's own version.
const CHROMIUM: &str = "TEST_CHROMIUM";
/// The path of `axe.min.js`, which finds what people with disabilities cannot use.
const AXE: &str = "TEST_AXE";
/// Runs the documentation's examples in JavaScript: a path of Node.js 18 or newer.
const NODE: &str = "TEST_NODE";
/// Runs those in Python: a path of an interpreter that has `requests`.
const PYTHON: &str = "TEST_PYTHON";

const DRIVERS: [&str; 3] = [
    "chromedriver",
    "/usr/lib/chromium/chromedriver",
    "/usr/lib/chromium-browser/chromedriver",
];
/// First Debian's without windows, which takes half as long: the program itself, because the script before it would be taken
/// for the browser's process.
const BROWSERS: [&str; 6] = [
    "/usr/lib/chromium/chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const NODES: [&str; 2] = ["node", "nodejs"];
/// The first with `fetch` and `FormData`, without which examples would be longer.
const NODE_MAJOR: u32 = 18;

const EXAMPLES: Environment = Environment {
    name: "examples",
    instead: PYTHON,
    probe: "import requests; print(requests.__version__)",
    printed: "2.34.2",
    installs: &[&["requests==2.34.2"]],
};

/// The package that carries axe-core; what it needs itself (a browser of its own) is left out.
const AXE_CORE: Environment = Environment {
    name: "axe",
    instead: AXE,
    probe: "from importlib.metadata import version; print(version('axe-playwright-python'))",
    printed: "0.1.8",
    installs: &[&["--no-deps", "axe-playwright-python==0.1.8"]],
};

/// Finds or installs the tools that the environment does not name already; the variables that name them.
pub fn for_tests(scratch: &Scratch) -> Result<Vec<(&'static str, String)>> {
    let mut settings = Vec::new();
    for (name, find) in [
        (
            CHROMEDRIVER,
            chromedriver as fn(&Scratch) -> Result<PathBuf>,
        ),
        (CHROMIUM, chromium),
        (AXE, axe),
        (NODE, node),
        (PYTHON, |scratch| EXAMPLES.python(scratch)),
    ] {
        if is_set(name) {
            eprintln!("{name} is set: using that tool");
        } else {
            settings.push((name, find(scratch)?.display().to_string()));
        }
    }
    Ok(settings)
}

fn chromedriver(scratch: &Scratch) -> Result<PathBuf> {
    find_or_install(scratch, CHROMEDRIVER, || first(&DRIVERS))
}

fn chromium(scratch: &Scratch) -> Result<PathBuf> {
    find_or_install(scratch, CHROMIUM, || first(&BROWSERS))
}

/// Both come together: a driver drives its own version alone.
fn find_or_install(
    scratch: &Scratch,
    instead: &'static str,
    find: impl Fn() -> Option<PathBuf>,
) -> Result<PathBuf> {
    if let Some(path) = find() {
        return Ok(path);
    }
    let need = Need {
        what: "Chromium with its driver",
        instead,
        apt_get: "chromium-headless-shell chromium-driver",
        dnf: "chromium chromedriver",
        apk: "chromium chromium-chromedriver",
        pacman: "chromium",
        brew: "chromium chromedriver",
    };
    install(&need, scratch.is_roots()?)?;
    find().with_context(|| {
        format!(
            "{} was installed and is not found: set {instead}",
            need.what
        )
    })
}

fn node(scratch: &Scratch) -> Result<PathBuf> {
    let find = || first(&NODES).filter(is_new_enough);
    if let Some(path) = find() {
        return Ok(path);
    }
    let need = Need {
        what: "Node.js 18 or newer",
        instead: NODE,
        apt_get: "nodejs",
        dnf: "nodejs",
        apk: "nodejs",
        pacman: "nodejs",
        brew: "node",
    };
    install(&need, scratch.is_roots()?)?;
    find().with_context(|| format!("{} was installed, but `node` is not it", need.what))
}

fn is_new_enough(node: &PathBuf) -> bool {
    let version = workspace::output(Command::new(node).arg("--version"));
    version.is_ok_and(|version| major(&version).is_some_and(|major| major >= NODE_MAJOR))
}

/// 20 of `v20.11.1`.
fn major(version: &str) -> Option<u32> {
    let (major, _) = version.trim().strip_prefix('v')?.split_once('.')?;
    major.parse().ok()
}

fn axe(scratch: &Scratch) -> Result<PathBuf> {
    let python = AXE_CORE.python(scratch)?;
    // Found and not imported: what it needs is not there.
    let probe = "from importlib.util import find_spec; \
                 print(find_spec('axe_playwright_python').submodule_search_locations[0])";
    let folder = workspace::output(Command::new(python).args(["-c", probe]))?;
    let axe = PathBuf::from(folder.trim()).join("axe.min.js");
    if !axe.is_file() {
        bail!("{} is not there: set {AXE}", axe.display());
    }
    Ok(axe)
}

/// The first of these that is there: names on the path, or paths.
fn first(names: &[&str]) -> Option<PathBuf> {
    names.iter().find_map(|name| on_path(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_looked_up_and_paths_taken() {
        assert_eq!(
            first(&["no-such-program-anywhere", "/bin/sh"]),
            Some(PathBuf::from("/bin/sh"))
        );
        assert!(first(&["sh"]).is_some_and(|path| path.is_absolute()));
        assert_eq!(first(&["/no/such/path"]), None);
    }

    #[test]
    fn versions_of_node_are_read() {
        assert_eq!(major("v20.11.1\n"), Some(20));
        assert_eq!(major("v8.0.0"), Some(8));
        assert_eq!(major("not found"), None);
    }
}
