//! A stand-in below HTTP: answers with bytes as they are told, and breaks connections where it is told.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The longest request read: a prompt of 32,000 characters, every one escaped, and some.
const MAX_REQUEST_BYTES: usize = 1024 * 1024;
/// How long what was sent gets to arrive before the connection ends.
const BEFORE_THE_END: Duration = Duration::from_millis(30);

/// What becomes of one connection once its prompt is known. After the last step it is closed.
#[derive(Clone, Debug)]
pub struct Script {
    reads_all: bool,
    steps: Vec<Step>,
}

/// One step of an answer.
#[derive(Clone, Debug)]
pub enum Step {
    /// These bytes are sent.
    Send(Bytes),
    /// Nothing happens for so long.
    Wait(Duration),
    /// The connection is reset (RST).
    Reset,
    /// Nothing more comes, and nothing ends.
    Stall,
}

impl Script {
    /// Reads the whole request before the steps.
    pub fn new(steps: impl Into<Vec<Step>>) -> Self {
        Self {
            reads_all: true,
            steps: steps.into(),
        }
    }

    /// Sends these bytes and closes.
    pub fn answer(bytes: impl Into<Bytes>) -> Self {
        Self::new([Step::Send(bytes.into())])
    }

    /// The same, with no more of the request read than tells its prompt.
    #[must_use]
    pub fn unread(self) -> Self {
        Self {
            reads_all: false,
            ..self
        }
    }
}

/// A running stand-in that serves JSON requests on the runtime that it was started on; stops when dropped.
///
/// Scripts are found by the first word of the prompt.
pub struct RawUpstream {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    scripts: HashMap<String, Script>,
    counts: HashMap<String, usize>,
}

impl RawUpstream {
    /// Starts one on a free port of this machine.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                tokio::spawn(async move {
                    // Broken connections are what it is for.
                    let _broken = serve(stream, &state).await;
                });
            }
        });
        Ok(Self {
            address,
            state,
            serving,
        })
    }

    /// The address before `/images/generations`; ends with `/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What becomes of every call whose prompt begins with this word.
    pub fn on(&self, word: &str, script: Script) {
        lock(&self.state).scripts.insert(word.to_owned(), script);
    }

    /// Forgets what was told about a word.
    pub fn forget(&self, word: &str) {
        let mut state = lock(&self.state);
        state.scripts.remove(word);
        state.counts.remove(word);
    }

    /// How many calls came whose prompt begins with this word.
    pub fn call_count_for(&self, word: &str) -> usize {
        lock(&self.state).counts.get(word).copied().unwrap_or(0)
    }
}

impl Drop for RawUpstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut request = Vec::new();
    let word = loop {
        read(&mut stream, &mut request).await?;
        if let Some(word) = first_word(&request) {
            break word;
        }
    };
    let script = {
        let mut state = lock(state);
        *state.counts.entry(word.clone()).or_default() += 1;
        state.scripts.get(&word).cloned()
    };
    let script = script.ok_or_else(|| io::Error::other(format!("no script for {word:?}")))?;
    while script.reads_all && !is_whole(&request) {
        read(&mut stream, &mut request).await?;
    }
    for step in script.steps {
        match step {
            Step::Send(bytes) => stream.write_all(&bytes).await?,
            Step::Wait(time) => tokio::time::sleep(time).await,
            Step::Reset => {
                tokio::time::sleep(BEFORE_THE_END).await;
                return stream.set_zero_linger();
            }
            Step::Stall => std::future::pending().await,
        }
    }
    stream.shutdown().await
}

async fn read(stream: &mut TcpStream, request: &mut Vec<u8>) -> io::Result<()> {
    if request.len() > MAX_REQUEST_BYTES || stream.read_buf(request).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// The first word of the prompt of a JSON body, once it is there.
fn first_word(request: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(request);
    let (_, prompt) = text.split_once("\"prompt\":\"")?;
    let end = prompt.find([' ', '"'])?;
    Some(prompt[..end].to_owned())
}

fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse::<usize>().ok());
    request.len() >= end + 4 + length.unwrap_or(0)
}

/// Nothing done under the lock can leave the state half changed, so a panic elsewhere does not matter.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
