//! A real S3 server of the tests' own: moto, kept in a Python environment under `target/tools`.

use super::python::Environment;
use super::{Scratch, free_port};
use anyhow::Result;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

const MOTO: Environment = Environment {
    name: "moto",
    instead: "TEST_S3_ENDPOINT",
    probe: "import moto, moto.server; print(moto.__version__)",
    printed: "5.2.5",
    installs: &[&["moto[server]==5.2.5"]],
};

/// Importing it takes seconds on a busy machine.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// Starts it and returns `http://127.0.0.1:<port>`.
pub fn start(scratch: &mut Scratch) -> Result<String> {
    let python = MOTO.python(scratch)?;
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
