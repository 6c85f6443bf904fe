//! A storage that fails as it is told: a proxy before the tests' S3 server.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gih_fake_openai::COLOURS;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The longest head, and the longest body: a part of 5 MiB and some.
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// An error is answered: 500, or 503 as when S3 wants less at once.
    Status(u16),
    /// It is read, and nothing is answered.
    Hang,
    /// It is answered rightly, so much later.
    Slow(Duration),
    /// Half of a write is read and half of an object is sent, then the connection is reset.
    Half,
    /// It is done, and the connection is reset instead of the answer.
    Lost,
}

/// A fault and how many more requests it meets.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub fault: Fault,
    pub times: u32,
}

/// What a plan is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Writing the image of this size that came at this place of its answer.
    Write { size: (u32, u32), index: usize },
    /// A step of writing an image in parts, by its method and what its query has.
    Step(&'static str, &'static str),
    /// Reading what lies behind this path's end.
    Read(String),
}

/// The proxy; stops when dropped.
pub struct StorageProxy {
    pub url: String,
    plans: Arc<Mutex<HashMap<Target, Plan>>>,
    serving: JoinHandle<()>,
}

impl StorageProxy {
    /// Before the S3 server at `http://HOST:PORT`.
    pub async fn start(endpoint: &str) -> Self {
        let host = endpoint.trim_start_matches("http://").trim_end_matches('/');
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let plans = Arc::new(Mutex::new(HashMap::new()));
        let (host, shared) = (host.to_owned(), Arc::clone(&plans));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (host, plans) = (host.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    // Whoever gave up does not want the rest.
                    let _gone = serve(stream, &host, &plans).await;
                });
            }
        });
        Self {
            url,
            plans,
            serving,
        }
    }

    pub fn plan(&self, target: Target, plan: Plan) {
        self.plans.lock().unwrap().insert(target, plan);
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        self.plans.lock().unwrap().clear();
    }
}

impl Drop for StorageProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One request; the client makes a connection for each, because each is closed.
async fn serve(
    mut client: TcpStream,
    host: &str,
    plans: &Mutex<HashMap<Target, Plan>>,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        more(&mut client, &mut bytes, MAX_HEAD_BYTES).await?;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| {
            line.strip_prefix("content-length:")?
                .trim()
                .parse::<usize>()
                .ok()
        })
        .unwrap_or(0);
    // As much as tells which image it is.
    while bytes.len() < end + length.min(512) {
        more(&mut client, &mut bytes, MAX_BODY_BYTES).await?;
    }
    let fault = fault(&head, &bytes[end..], plans);
    let is_write = !head.starts_with("GET ") && !head.starts_with("HEAD ");
    let wanted = match fault {
        Some(Fault::Half) if is_write => length / 2,
        _ => length,
    };
    while bytes.len() < end + wanted {
        more(&mut client, &mut bytes, MAX_BODY_BYTES).await?;
    }
    match fault {
        Some(Fault::Status(status)) => {
            let body = "<Error><Code>Fault</Code><Message>On purpose.</Message></Error>";
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            return client.write_all(answer.as_bytes()).await;
        }
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Half) if is_write => return client.set_zero_linger(),
        Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
        Some(Fault::Half | Fault::Lost) | None => {}
    }
    let answer = forward(&head, &bytes[end..], host).await?;
    let sent = match fault {
        Some(Fault::Lost) => 0,
        Some(Fault::Half) => answer.len() / 2,
        _ => answer.len(),
    };
    client.write_all(&answer[..sent]).await?;
    if sent < answer.len() {
        // What was sent gets to arrive.
        tokio::time::sleep(Duration::from_millis(50)).await;
        return client.set_zero_linger();
    }
    client.shutdown().await
}

async fn more(client: &mut TcpStream, bytes: &mut Vec<u8>, limit: usize) -> io::Result<()> {
    if bytes.len() > limit || client.read_buf(bytes).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// The fault that this request meets.
fn fault(head: &str, body: &[u8], plans: &Mutex<HashMap<Target, Plan>>) -> Option<Fault> {
    let (method, rest) = head.split_once(' ')?;
    let (path, query) = {
        let address = rest.split(' ').next()?;
        address.split_once('?').unwrap_or((address, ""))
    };
    if !path.contains("/generations/") {
        return None;
    }
    let image = (method == "PUT").then(|| image(body)).flatten();
    let mut plans = plans.lock().unwrap();
    let plan = plans.iter_mut().find_map(|(target, plan)| {
        let hit = match target {
            Target::Write { size, index } => image == Some((*size, *index)),
            Target::Step(wanted, part) => method == *wanted && query.contains(part),
            Target::Read(end) => method == "GET" && path.ends_with(end.as_str()),
        };
        (hit && plan.times > 0).then_some(plan)
    })?;
    plan.times -= 1;
    Some(plan.fault)
}

/// Size and place in its answer of an image that the stand-in drew.
fn image(png: &[u8]) -> Option<((u32, u32), usize)> {
    let number = |from: usize| {
        Some(u32::from_be_bytes(
            png.get(from..from + 4)?.try_into().ok()?,
        ))
    };
    let size = (number(16)?, number(20)?);
    let palette = png.windows(4).position(|four| four == b"PLTE")? + 4;
    let colour = png.get(palette..palette + 3)?;
    Some((size, COLOURS.iter().position(|known| known == colour)?))
}

/// The S3 server's whole answer.
async fn forward(head: &str, body: &[u8], host: &str) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(host).await?;
    let kept = head
        .trim_end()
        .lines()
        .filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let mut request = kept.collect::<Vec<_>>().join("\r\n");
    request.push_str("\r\nConnection: close\r\n\r\n");
    server.write_all(request.as_bytes()).await?;
    server.write_all(body).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(answer)
}
