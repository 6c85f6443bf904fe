//! A real S3 server of the tests' own: moto, kept in a Python environment under `target/tools`.

use super::install::{Need, install};
use super::{Scratch, free_port};
use crate::workspace;
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const MOTO_VERSION: &str = "5.2.5";

const NEED: Need = Need {
    what: "Python 3.10 or newer with venv",
    instead: "TEST_S3_ENDPOINT",
    apt_get: "python3 python3-venv",
    dnf: "python3",
    apk: "python3",
    pacman: "python",
    brew: "python@3.13",
};

/// Importing it takes seconds on a busy machine.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// Starts it and returns `http://127.0.0.1:<port>`.
pub fn start(scratch: &mut Scratch) -> Result<String> {
    let home = workspace::tools().join("moto");
    let python = home.join("bin").join("python");
    ensure_installed(scratch, &home, &python)?;
    let port = free_port()?;
    let mut moto = Command::new(&python);
    moto.args([
        "-m",
        "moto.server",
        "--host",
        "127.0.0.1",
        "--port",
        &port.to_string(),
    ])
    .current_dir(scratch.path());
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    scratch.start("moto", &mut moto, READY_WITHIN, || answers(address))?;
    eprintln!("moto (S3) on {address}");
    Ok(format!("http://{address}"))
}

/// Makes the environment unless it is there and works: a newer Python of the system breaks an older environment.
fn ensure_installed(scratch: &Scratch, home: &Path, python: &Path) -> Result<()> {
    fs::create_dir_all(workspace::tools())?;
    // Two runs at once would install into each other's hands. Held until the file is closed.
    let lock = File::create(workspace::tools().join("moto.lock"))?;
    lock.lock()?;
    let mut version = Command::new(python);
    version.args(["-c", "import moto, moto.server; print(moto.__version__)"]);
    if workspace::output(&mut version).is_ok_and(|found| found.trim() == MOTO_VERSION) {
        return Ok(());
    }
    let usable = || {
        let probe = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";
        workspace::output(Command::new("python3").args(["-c", probe]))
    };
    if usable().is_err() {
        install(&NEED, scratch.is_roots()?)?;
        usable()
            .with_context(|| format!("{} was installed, but `python3` is not it", NEED.what))?;
    }
    eprintln!("installing moto {MOTO_VERSION} into {}", home.display());
    if home.exists() {
        fs::remove_dir_all(home)?;
    }
    workspace::output(Command::new("python3").args(["-m", "venv"]).arg(home))?;
    let package = format!("moto[server]=={MOTO_VERSION}");
    workspace::output(Command::new(python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        &package,
    ]))?;
    Ok(())
}

/// Whether an HTTP server answers there with success.
fn answers(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let patience = Duration::from_secs(5);
        let mut stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(b"GET /moto-api/ HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
        let mut status = [0_u8; 12];
        stream.read_exact(&mut status)?;
        Ok(status.starts_with(b"HTTP/1.") && status.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn answered(response: &'static [u8]) -> bool {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0_u8; 4096];
            assert!(stream.read(&mut request).unwrap() > 0);
            stream.write_all(response).unwrap();
        });
        let ready = answers(address);
        server.join().unwrap();
        ready
    }

    #[test]
    fn ready_is_an_answer_of_success() {
        assert!(answered(b"HTTP/1.1 200 OK\r\n\r\n"));
        assert!(!answered(b"HTTP/1.1 503 Busy\r\n\r\n"));
        assert!(!answered(b"SSH-2.0-Other\r\n"));
    }

    #[test]
    fn nobody_listening_is_not_ready() {
        // A reserved port: one that was merely free could become another test's.
        assert!(!answers(SocketAddr::from((Ipv4Addr::LOCALHOST, 1))));
    }
}
