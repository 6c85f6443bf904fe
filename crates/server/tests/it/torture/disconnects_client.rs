//! A client that leaves: what it asks for, how, and at which moment it goes.

use std::fmt;
use std::time::Duration;

use gih_fake_openai::{Behaviour, Failure, FakeOpenAi, Item};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::chance::Chance;
use crate::support::*;

/// All come within this.
const ARRIVALS_MS: u64 = 5_000;
/// The provider takes at most so long.
const DRAWING_MS: u64 = 800;
/// Within an answer nothing takes as long.
const PAUSE: Duration = Duration::from_millis(500);
const BOUNDARY: &str = "a-boundary";

/// How a client leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Leave {
    Close,
    /// Sends no more, and reads on.
    HalfClose,
    /// RST.
    Reset,
}

/// When it leaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    /// After so many bytes of the request, which are not all.
    Within(usize),
    /// So long after the whole request.
    Behind(Duration),
    /// So long after the provider was called.
    Seen(Duration),
    /// After so many bytes of the answer, or its end.
    Answered(usize),
}

/// What the provider does.
#[derive(Clone, Copy, Debug)]
enum Drawing {
    All,
    One,
    None,
}

/// A client.
pub struct Client {
    pub prompt: String,
    request: Vec<u8>,
    pub n: usize,
    arrives: Duration,
    /// The request is sent in so many pieces.
    pieces: usize,
    leave: Leave,
    when: When,
    drawing: Drawing,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            prompt,
            leave,
            when,
            pieces,
            drawing,
            ..
        } = self;
        let request = String::from_utf8_lossy(&self.request);
        write!(
            f,
            "{prompt:?}: {leave:?} {when:?}, {pieces} pieces, {drawing:?}, {request}"
        )
    }
}

impl Client {
    /// One by chance.
    pub fn new(number: usize, chance: &mut Chance, host: &str, key: &str) -> Self {
        let prompt = format!("client {number} of {}", chance.next());
        let n = 1 + usize::try_from(chance.below(2)).unwrap();
        let request = request(chance, host, key, &prompt, n);
        let leave = *chance.one_of(&[Leave::Close, Leave::HalfClose, Leave::Reset]);
        let mut ms = |below| Duration::from_millis(chance.below(below));
        let (arrives, soon, later) = (ms(ARRIVALS_MS), ms(50), ms(DRAWING_MS));
        let when = match chance.below(10) {
            0..=2 => When::Within(usize::try_from(chance.below(request.len() as u64)).unwrap()),
            3 => When::Within(request.len() - 1),
            4 => When::Behind(Duration::ZERO),
            5 => When::Behind(soon),
            6 => When::Behind(later),
            7 => When::Seen(later),
            _ => When::Answered(usize::try_from(chance.below(900)).unwrap()),
        };
        Self {
            prompt,
            request,
            n,
            arrives,
            pieces: usize::try_from(1 + chance.below(4)).unwrap(),
            leave,
            when,
            drawing: *chance.one_of(&[Drawing::All, Drawing::All, Drawing::One, Drawing::None]),
        }
    }

    /// What the provider will do, after some time.
    pub fn behaviour(&self, chance: &mut Chance) -> Behaviour {
        let behaviour = match self.drawing {
            Drawing::All => Behaviour::succeed(),
            Drawing::One => Behaviour::items([Item::Good]),
            Drawing::None => Behaviour::fail(Failure::server_error()),
        };
        behaviour.after(Duration::from_millis(chance.below(DRAWING_MS)))
    }

    /// How many images the provider draws for it.
    pub fn saved(&self) -> usize {
        match self.drawing {
            Drawing::All => self.n,
            Drawing::One => 1,
            Drawing::None => 0,
        }
    }

    /// How many generations it may have made, least and most.
    pub fn expected(&self) -> (usize, usize) {
        match (self.when, self.leave) {
            (When::Within(_), _) => (0, 0),
            // A reset overtakes what was sent: nobody can say whether it arrived.
            (When::Behind(_), Leave::Reset) => (0, 1),
            _ => (1, 1),
        }
    }

    /// Sends, and leaves.
    pub async fn run(&self, upstream: &FakeOpenAi, host: &str) -> std::io::Result<()> {
        tokio::time::sleep(self.arrives).await;
        let mut stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let end = match self.when {
            When::Within(bytes) => bytes,
            _ => self.request.len(),
        };
        for piece in self.request[..end].chunks(self.request.len().div_ceil(self.pieces)) {
            stream.write_all(piece).await?;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        match self.when {
            When::Within(_) => {}
            When::Behind(time) => tokio::time::sleep(time).await,
            When::Seen(time) => {
                let mut one = [0];
                let called = async {
                    let called = async || (upstream.call_count_for(&self.prompt) > 0).then_some(());
                    until("the provider to be called", called).await;
                };
                tokio::select! {
                    () = called => tokio::time::sleep(time).await,
                    // Answered before: accepted already, or refused.
                    read = stream.peek(&mut one) => drop(read?),
                }
            }
            When::Answered(bytes) => {
                let mut answer = vec![0; bytes + 1];
                let mut read = stream.read(&mut answer).await?;
                // All has come when nothing more does.
                while read < answer.len()
                    && let Ok(more) = timeout(PAUSE, stream.read(&mut answer[read..])).await
                    && let more @ 1.. = more?
                {
                    read += more;
                }
                let beginning = &answer[..read.min(9)];
                assert_eq!(beginning, &b"HTTP/1.1 "[..beginning.len()], "{self:?}");
                assert!(read > 0, "{self:?}");
            }
        }
        match self.leave {
            Leave::Close => drop(stream),
            Leave::Reset => stream.set_zero_linger()?,
            Leave::HalfClose => {
                stream.shutdown().await?;
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).await?;
                // Whoever reads on is answered.
                let waits = matches!(self.when, When::Behind(_) | When::Seen(_));
                assert!(
                    !waits || answer.starts_with(b"HTTP/1.1 "),
                    "{self:?}: {answer:?}"
                );
            }
        }
        Ok(())
    }
}

/// A whole request in one of the ways there are.
fn request(chance: &mut Chance, host: &str, key: &str, prompt: &str, n: usize) -> Vec<u8> {
    let fields = |is_async: bool| {
        json!({"model": "gpt-image-2", "prompt": prompt, "n": n, "async": is_async}).to_string()
    };
    let (headers, body) = match chance.below(6) {
        0 | 1 => (
            "Content-Type: application/json\r\n".to_owned(),
            fields(false).into_bytes(),
        ),
        2 => (
            "Content-Type: application/json\r\n".to_owned(),
            fields(true).into_bytes(),
        ),
        3 => {
            let headers = "Content-Type: application/json\r\nPrefer: wait=1\r\n".to_owned();
            (headers, fields(false).into_bytes())
        }
        4 => {
            let fields = fields(false);
            let (first, second) = fields.split_at(fields.len() / 2);
            let body = format!(
                "{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
                first.len(),
                second.len()
            );
            let headers = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
            return [head(host, key, headers), body].concat().into_bytes();
        }
        _ => {
            let text = |name: &str, value: &str| {
                format!(
                    "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                )
            };
            let file = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"image[]\"; filename=\"a.png\"\r\n\r\n"
            );
            let texts = [
                text("model", "gpt-image-2"),
                text("prompt", prompt),
                text("n", &n.to_string()),
            ]
            .concat();
            let end = format!("\r\n--{BOUNDARY}--\r\n");
            let body = [
                texts.as_bytes(),
                file.as_bytes(),
                &samples::png(64, 64),
                end.as_bytes(),
            ]
            .concat();
            (
                format!("Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"),
                body,
            )
        }
    };
    let headers = format!("{headers}Content-Length: {}\r\n", body.len());
    [head(host, key, &headers).into_bytes(), body].concat()
}

fn head(host: &str, key: &str, headers: &str) -> String {
    format!(
        "POST /api/v1/images/generations HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n{headers}\r\n"
    )
}
