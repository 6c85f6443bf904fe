//! HTTP by hand: requests that no library would send, and what comes back.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// Nothing here is to take longer; the hub gives a head 15 s.
const PATIENCE: Duration = Duration::from_secs(14);
/// No answer here is longer.
const MAX_BODY_BYTES: u64 = 1024 * 1024;

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Reads one; `None` when nothing comes any more.
    fn read(from: &mut impl io::BufRead, is_head: bool) -> io::Result<Option<Self>> {
        loop {
            let line = line(from)?;
            if line.is_empty() {
                return Ok(None);
            }
            let odd = || io::Error::other(format!("an odd beginning of an answer: {line:?}"));
            let rest = line
                .strip_prefix("HTTP/1.1 ")
                .or_else(|| line.strip_prefix("HTTP/1.0 "));
            let status = rest
                .and_then(|rest| rest.get(..3)?.parse::<u16>().ok())
                .ok_or_else(odd)?;
            let mut headers = Vec::new();
            loop {
                let line = self::line(from)?;
                match line.trim_end().split_once(':') {
                    Some((name, value)) => {
                        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
                    }
                    None if line == "\r\n" => break,
                    None => return Err(io::Error::other(format!("an odd header: {line:?}"))),
                }
            }
            if status < 200 {
                continue;
            }
            let mut reply = Self {
                status,
                headers,
                body: Vec::new(),
            };
            if !is_head && status != 204 && status != 304 {
                let length = reply
                    .header("content-length")
                    .and_then(|length| length.parse().ok());
                let length: u64 =
                    length.ok_or_else(|| io::Error::other(format!("no length: {reply:?}")))?;
                assert!(length <= MAX_BODY_BYTES, "{length} bytes: {reply:?}");
                let read = from.take(length).read_to_end(&mut reply.body)?;
                if read as u64 != length {
                    return Err(io::Error::other(format!("half an answer: {reply:?}")));
                }
            }
            return Ok(Some(reply));
        }
    }
}

fn line(from: &mut impl io::BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.take(16 * 1024).read_until(b'\n', &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A client that keeps its connection.
pub struct Wire {
    host: String,
    kept: Option<BufReader<TcpStream>>,
    /// The request before, on the kept connection.
    before: Vec<u8>,
}

impl Wire {
    pub fn new(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            kept: None,
            before: Vec::new(),
        }
    }

    /// A whole request in good HTTP, and its answer.
    pub fn ask(&mut self, request: &[u8], is_head: bool) -> io::Result<Reply> {
        if let Some(kept) = self.kept.take() {
            match self.on(kept, request, is_head) {
                Ok(Some(reply)) => return Ok(reply),
                Err(error) if is_silence(&error) => {
                    let before = self.before[..self.before.len().min(2_000)].escape_ascii();
                    return Err(io::Error::other(format!(
                        "no answer ({error}) after {before}"
                    )));
                }
                // The hub may have closed it meanwhile, with or without a word.
                Ok(None) | Err(_) => {}
            }
        }
        let fresh = BufReader::new(connect(&self.host)?);
        let reply = self.on(fresh, request, is_head)?;
        reply.ok_or_else(|| io::Error::other("closed without an answer"))
    }

    fn on(
        &mut self,
        mut stream: BufReader<TcpStream>,
        request: &[u8],
        is_head: bool,
    ) -> io::Result<Option<Reply>> {
        stream.get_mut().write_all(request)?;
        let reply = Reply::read(&mut stream, is_head)?;
        let closes = reply
            .as_ref()
            .is_none_or(|reply| reply.header("connection") == Some("close"));
        if !closes {
            self.kept = Some(stream);
            request.clone_into(&mut self.before);
        }
        Ok(reply)
    }
}

/// Anything, on a connection of its own whose client says nothing more after it; all that comes back.
pub fn say(host: &str, bytes: &[u8]) -> io::Result<Vec<Reply>> {
    let mut stream = connect(host)?;
    // The hub may have had enough before all is sent.
    let _refused_early = stream
        .write_all(bytes)
        .and_then(|()| stream.shutdown(Shutdown::Write));
    let mut all = Vec::new();
    match stream.take(MAX_BODY_BYTES).read_to_end(&mut all) {
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => return Err(error),
        _ => {}
    }
    let mut rest = &all[..];
    let mut replies = Vec::new();
    while let Some(reply) = Reply::read(&mut rest, false)? {
        replies.push(reply);
    }
    Ok(replies)
}

fn is_silence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

fn connect(host: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(host)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}
