//! One HTTP/1.1 connection of the load generator. It does the least that a client must, because its CPU is the rows' too.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use std::fmt::Write;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What is read at a time. Large answers are thrown away in pieces of this.
const BUFFER_BYTES: usize = 256 * 1024;
/// As much of a body's start is kept: all of an answer that a row or an error looks at.
const KEPT_BYTES: usize = 4096;

/// A request, ready to be sent again and again.
#[derive(Clone)]
pub struct Request {
    /// `host:port`
    pub address: String,
    /// Head and body; one file may be in it several times without being so in memory.
    pub pieces: Vec<Bytes>,
}

impl Request {
    /// A request to an `http://` URL: `GET` without a body, `POST` with one. The body is of that content type.
    pub fn new(url: &str, key: Option<&str>, body: &[Bytes], content_type: &str) -> Result<Self> {
        let place = url
            .strip_prefix("http://")
            .with_context(|| format!("{url} is not http://"))?;
        let start = place.find('/').unwrap_or(place.len());
        let (address, path) = place.split_at(start);
        let path = if path.is_empty() { "/" } else { path };
        let method = if body.is_empty() { "GET" } else { "POST" };
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n");
        if let Some(key) = key {
            write!(head, "authorization: Bearer {key}\r\n")?;
        }
        if !body.is_empty() {
            let length: usize = body.iter().map(Bytes::len).sum();
            write!(
                head,
                "content-type: {content_type}\r\ncontent-length: {length}\r\n"
            )?;
        }
        head += "\r\n";
        let mut pieces = vec![Bytes::from(head)];
        pieces.extend_from_slice(body);
        // A small body goes out with its head, in one packet.
        if let [head, body] = &pieces[..]
            && body.len() < BUFFER_BYTES
        {
            pieces = vec![[&head[..], &body[..]].concat().into()];
        }
        Ok(Self {
            address: address.to_owned(),
            pieces,
        })
    }
}

/// Sends one request on a connection of its own.
pub fn once(request: &Request) -> Result<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        Connection::open(&request.address)
            .await?
            .call(request)
            .await
    })
}

/// What came back: the status, and the start of the body.
pub struct Answer {
    pub status: u16,
    pub start: Vec<u8>,
}

/// A connection, kept alive between requests.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// The server said that it closes the connection.
    pub is_closing: bool,
}

impl Connection {
    /// Connects.
    pub async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; BUFFER_BYTES],
            is_closing: false,
        })
    }

    /// Sends a request and reads the answer to its end.
    pub async fn call(&mut self, request: &Request) -> Result<Answer> {
        let sent = self.send(&request.pieces).await;
        match self.read().await {
            Ok(answer) => Ok(answer),
            // A server may answer and close before it has read all; only without an answer the sending is at fault.
            Err(error) => Err(sent.err().map_or(error, anyhow::Error::from)),
        }
    }

    async fn send(&mut self, pieces: &[Bytes]) -> std::io::Result<()> {
        for piece in pieces {
            self.stream.write_all(piece).await?;
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<Answer> {
        let mut filled = 0;
        let (head, head_bytes) = loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            if read == 0 {
                bail!("the connection was closed instead of an answer");
            }
            filled += read;
            let text = &self.buffer[..filled];
            if let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") {
                break (Head::read(&text[..end])?, end + 4);
            }
            if filled == self.buffer.len() {
                bail!("the head of an answer is longer than {BUFFER_BYTES} bytes");
            }
        };
        self.is_closing = head.is_closing;
        let body = &self.buffer[head_bytes..filled];
        let start = body[..body.len().min(KEPT_BYTES)].to_vec();
        let mut missing = head
            .body_bytes
            .checked_sub(body.len())
            .context("an answer is longer than its content-length")?;
        while missing > 0 {
            let room = missing.min(BUFFER_BYTES);
            let read = self.stream.read(&mut self.buffer[..room]).await?;
            if read == 0 {
                bail!("the connection was closed {missing} bytes before the end of an answer");
            }
            missing -= read;
        }
        Ok(Answer {
            status: head.status,
            start,
        })
    }
}

/// What the load generator must know of an answer's head.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    body_bytes: usize,
    is_closing: bool,
}

impl Head {
    fn read(head: &[u8]) -> Result<Self> {
        let head = std::str::from_utf8(head)?;
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.and_then(|status| status.parse().ok());
        let mut body_bytes = None;
        let mut is_closing = false;
        for line in lines {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            if name.eq_ignore_ascii_case("content-length") {
                body_bytes = value.trim().parse().ok();
            } else if name.eq_ignore_ascii_case("connection") {
                is_closing = value.trim().eq_ignore_ascii_case("close");
            }
        }
        Ok(Self {
            status: status.with_context(|| format!("an answer begins with {head:?}"))?,
            body_bytes: body_bytes
                .with_context(|| format!("an answer has no content-length: {head:?}"))?,
            is_closing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read() {
        let head = b"HTTP/1.1 202 Accepted\r\nContent-Length: 12\r\nconnection: close";
        let expected = Head {
            status: 202,
            body_bytes: 12,
            is_closing: true,
        };
        assert_eq!(Head::read(head).unwrap(), expected);
        assert!(Head::read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked").is_err());
        assert!(Head::read(b"nonsense").is_err());
    }

    #[test]
    fn a_small_request_is_one_piece() {
        let body = [Bytes::from_static(b"{}")];
        let request = Request::new(
            "http://127.0.0.1:9/v1",
            Some("k"),
            &body,
            "application/json",
        )
        .unwrap();
        assert_eq!(request.address, "127.0.0.1:9");
        assert_eq!(request.pieces.len(), 1);
        let text = String::from_utf8(request.pieces[0].to_vec()).unwrap();
        assert!(text.starts_with("POST /v1 HTTP/1.1\r\n"), "{text}");
        assert!(text.contains("authorization: Bearer k\r\n"), "{text}");
        assert!(text.ends_with("content-length: 2\r\n\r\n{}"), "{text}");
        let get = Request::new("http://127.0.0.1:9", None, &[], "").unwrap();
        assert!(get.pieces[0].starts_with(b"GET / HTTP/1.1\r\n"));
    }
}
