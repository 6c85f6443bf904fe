//! The program says where it listens, and counts.

#![allow(clippy::unwrap_used)] // tests may stop at the first surprise

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// Ends with the test, whatever comes of it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn ask(host: &str, request: &str) -> String {
    let mut socket = TcpStream::connect(host).unwrap();
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn says_where_it_listens_and_counts_calls() {
    let child = Command::new(env!("CARGO_BIN_EXE_fake-openai"))
        .args([
            "--bind",
            "127.0.0.1:0",
            "--key",
            "sk-mine",
            "--delay",
            "1ms",
        ])
        .stdout(Stdio::piped())
        .spawn();
    let mut program = Running(child.unwrap());
    let mut line = String::new();
    let stdout = program.0.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let host = line.strip_prefix("listening on http://").unwrap();
    let host = host.strip_suffix("/v1\n").unwrap();

    let body = r#"{"model":"gpt-image-2","prompt":"a cat"}"#;
    let length = body.len();
    let drawn = ask(
        host,
        &format!(
            "POST /v1/images/generations HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             authorization: Bearer sk-mine\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        ),
    );
    assert!(drawn.starts_with("HTTP/1.1 200 "), "{drawn}");
    let calls = ask(
        host,
        "GET /calls HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    );
    assert!(calls.contains("\"calls\":1"), "{calls}");
}
