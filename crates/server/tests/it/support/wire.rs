//! The wire itself, for what no HTTP client would do.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Hub, PATIENCE};

/// A request that is answered at once.
pub const GET: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

/// A request's head with these lines more.
pub fn post(path: &str, headers: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n")
}

/// A connection spoken to byte by byte.
pub struct Wire {
    /// The connection.
    pub stream: TcpStream,
    /// Came and not looked at yet.
    came: Vec<u8>,
    /// When.
    pub opened: Instant,
}

impl Wire {
    /// A new one.
    pub async fn open(hub: &Hub) -> Self {
        Self {
            stream: TcpStream::connect(hub.host()).await.unwrap(),
            came: Vec::new(),
            opened: Instant::now(),
        }
    }

    /// Sends it as it is.
    pub async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// The next answer, read whole: status line and headers, and the body.
    pub async fn hear(&mut self) -> (String, String) {
        let answer = timeout(PATIENCE, async {
            loop {
                if let Some(answer) = self.answer() {
                    return answer;
                }
                let read = self.stream.read_buf(&mut self.came).await.unwrap();
                let came = String::from_utf8_lossy(&self.came);
                assert!(read > 0, "closed before its answer: {came}");
            }
        });
        answer.await.unwrap()
    }

    fn answer(&mut self) -> Option<(String, String)> {
        let text = String::from_utf8_lossy(&self.came).into_owned();
        let (head, rest) = text.split_once("\r\n\r\n")?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            (name.eq_ignore_ascii_case("content-length")).then(|| value.parse::<usize>().unwrap())
        });
        let length = length.unwrap_or(0);
        if rest.len() < length {
            return None;
        }
        self.came.drain(..head.len() + 4 + length);
        Some((head.to_owned(), rest[..length].to_owned()))
    }

    /// Says it again and again, every half second, until the hub closes the connection; what came until then. `None`:
    /// says nothing.
    pub async fn drip(&mut self, drop: Option<&str>) -> String {
        let mut came = [0; 4096];
        loop {
            assert!(self.opened.elapsed() < PATIENCE, "it was never closed");
            match timeout(Duration::from_millis(500), self.stream.read(&mut came)).await {
                Ok(Ok(0) | Err(_)) => break,
                Ok(Ok(read)) => self.came.extend_from_slice(&came[..read]),
                Err(_) => {
                    if let Some(drop) = drop {
                        // The hub may have closed it by now, which reading tells.
                        let _closed = self.stream.write_all(drop.as_bytes()).await;
                    }
                }
            }
        }
        String::from_utf8_lossy(&self.came).into_owned()
    }
}
