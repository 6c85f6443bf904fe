//! Starting a browser, and ending it without trace.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::Session;
use crate::support::process::Process;

/// For root in a container, without a screen, without any traffic of its own, and without work for what no page shows.
const FLAGS: [&str; 16] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-gpu-compositing",
    "--disable-software-rasterizer",
    "--disable-features=InitialWebUI,MediaRouter,OptimizationHints,Translate,WebUIReloadButton",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
];

/// A page or a script that takes longer has failed.
const TIMEOUT: Duration = Duration::from_mins(2);

/// A tool that tests need. A missing one is a failure and never a skipped test.
pub fn tool(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) if !path.is_empty() => path.into(),
        _ => panic!("this test needs tools: run `cargo xtask test`, or set {variable} to a path"),
    }
}

/// The driver's process, what it keeps on disk, and which Chromium it has started.
pub(super) struct Driver {
    process: Process,
    chromium: Option<u64>,
    folder: tempfile::TempDir,
}

impl Driver {
    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It has closed with its session. If that failed, it is not the driver's child alone that must go.
        if let Some(pid) = self.chromium {
            let is_ours = || {
                let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                let line = String::from_utf8_lossy(&line).into_owned();
                line.contains(&*self.folder.path().to_string_lossy())
            };
            if is_ours() {
                let pid = pid.to_string();
                let _gone = Command::new("kill").args(["-KILL", &pid]).status();
            }
        }
        self.process.kill();
    }
}

/// How often the driver is started: it takes a port that is free for IPv6, and exits when another program has it for IPv4.
const TRIES: u32 = 5;

/// A driver with this home, and its port.
async fn start_driver(home: &Path) -> (Process, String) {
    for _ in 1..TRIES {
        if let Ok(started) = try_driver(home).await {
            return started;
        }
    }
    try_driver(home).await.unwrap()
}

async fn try_driver(home: &Path) -> Result<(Process, String), tokio::task::JoinError> {
    let mut command = Command::new(tool("TEST_CHROMEDRIVER"));
    command
        .args(["--port=0", "--log-level=WARNING"])
        .env("HOME", home)
        .env("LANG", "C.UTF-8")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CACHE_HOME")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let starting = tokio::task::spawn_blocking(move || {
        let mut process = Process::of(command);
        let port = process.line("ChromeDriver was started successfully on port ");
        (process, port)
    });
    starting.await
}

/// A driver on a port of its own, and a session with a fresh profile.
pub(super) async fn open(languages: &str) -> (Session, Driver) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    let (process, port) = start_driver(&home).await;
    let mut driver = Driver {
        process,
        chromium: None,
        folder,
    };
    let address = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
    let session = Session::open(address, capabilities(&driver, languages), 2 * TIMEOUT)
        .await
        .unwrap_or_else(|error| panic!("no browser: {error}"));
    driver.chromium = session.capabilities["goog:processID"].as_u64();
    (session, driver)
}

fn capabilities(driver: &Driver, languages: &str) -> Value {
    let folder = driver.folder.path();
    let mut flags = FLAGS.map(str::to_owned).to_vec();
    flags.push(format!(
        "--user-data-dir={}",
        folder.join("profile").display()
    ));
    flags.push(format!("--accept-lang={languages}"));
    let milliseconds = u64::try_from(TIMEOUT.as_millis()).unwrap();
    let chromium = tool("TEST_CHROMIUM");
    json!({
        "browserName": browser_name(&chromium),
        "timeouts": {"implicit": 0, "pageLoad": milliseconds, "script": milliseconds},
        "goog:loggingPrefs": {"browser": "ALL"},
        "goog:chromeOptions": {
            "binary": chromium,
            "args": flags,
            "prefs": {
                "intl.accept_languages": languages,
                "intl.selected_languages": languages,
                "credentials_enable_service": false,
                "profile.password_manager_leak_detection": false,
                "download.default_directory": folder,
                "download.prompt_for_download": false,
            },
        },
    })
}

/// What the driver calls the browser at this path: it starts one that has no windows in another way.
fn browser_name(chromium: &Path) -> &'static str {
    let name = chromium.file_name().unwrap_or_default();
    if name.to_string_lossy().ends_with("headless-shell") {
        "chrome-headless-shell"
    } else {
        "chrome"
    }
}
