//! Clients that leave at every moment, in every way: what was asked for in full is done, kept and charged as if they had
//! stayed, and what was not leaves nothing.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::join_all;
use gih_fake_openai::{Behaviour, Failure, FakeOpenAi, Item};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::chance::{Chance, Seed, figure, seed};
use crate::support::*;

const CLIENTS: usize = 300;
const CREDITS: i64 = 10_000;
const PRICE: i64 = 8;
/// All come within this.
const ARRIVALS_MS: u64 = 3_000;
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

struct Client {
    prompt: String,
    request: Vec<u8>,
    n: usize,
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
    fn new(number: usize, chance: &mut Chance, host: &str, key: &str) -> Self {
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
    fn behaviour(&self, chance: &mut Chance) -> Behaviour {
        let behaviour = match self.drawing {
            Drawing::All => Behaviour::succeed(),
            Drawing::One => Behaviour::items([Item::Good]),
            Drawing::None => Behaviour::fail(Failure::server_error()),
        };
        behaviour.after(Duration::from_millis(chance.below(DRAWING_MS)))
    }

    fn saved(&self) -> usize {
        match self.drawing {
            Drawing::All => self.n,
            Drawing::One => 1,
            Drawing::None => 0,
        }
    }

    /// How many generations it may have made, least and most.
    fn expected(&self) -> (usize, usize) {
        match (self.when, self.leave) {
            (When::Within(_), _) => (0, 0),
            // A reset overtakes what was sent: nobody can say whether it arrived.
            (When::Behind(_), Leave::Reset) => (0, 1),
            _ => (1, 1),
        }
    }

    /// Sends, and leaves.
    async fn run(&self, upstream: &FakeOpenAi, host: &str) -> std::io::Result<()> {
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
                let called = async || (upstream.call_count_for(&self.prompt) > 0).then_some(());
                until("the provider to be called", called).await;
                tokio::time::sleep(time).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_changes_nothing() {
    let seed = Seed(seed());
    join_all(
        [(Kind::Sqlite, 0), (Kind::Postgres, 1)]
            .map(|(kind, more)| on(kind, Chance::new(seed.0 + more))),
    )
    .await;
}

async fn on(kind: Kind, mut chance: Chance) {
    let upstream = FakeOpenAi::start().await;
    // As many uploads as there may be: whoever sends all is to be served.
    let options = Options::on(kind)
        .env("GIH_MAX_UPLOADS", CLIENTS)
        .env("GIH_LOG", "error");
    let hub = Hub::start(options.upstream(&upstream)).await;
    let account = hub.account();
    account.grant(u32::try_from(CREDITS).unwrap());
    let key = account.key("live")["key"].as_str().unwrap().to_owned();
    let api = hub.with_key(&key);
    let clients: Vec<Client> = (0..CLIENTS)
        .map(|number| Client::new(number, &mut chance, hub.host(), &key))
        .collect();
    for client in &clients {
        upstream.enqueue_for(&client.prompt, [client.behaviour(&mut chance)]);
    }
    join_all(clients.iter().map(async |client| {
        // What the hub says to half a request is another test's; it may well close first.
        let result = client.run(&upstream, hub.host()).await;
        assert!(
            result.is_ok() || client.expected().0 == 0,
            "{result:?}: {client:?}"
        );
    }))
    .await;

    let generations = all_ended(&api).await;
    let (mut charged, mut complete) = (0, 0);
    for client in &clients {
        let found = generations
            .get(&client.prompt)
            .map_or(&[][..], Vec::as_slice);
        let (least, most) = client.expected();
        assert!(
            (least..=most).contains(&found.len()),
            "{}: {client:?}",
            found.len()
        );
        assert_eq!(
            upstream.call_count_for(&client.prompt),
            found.len(),
            "{client:?}"
        );
        for generation in found {
            charged += PRICE * i64::try_from(client.saved()).unwrap();
            complete += 1;
            check(&api, client, generation).await;
        }
    }
    assert_eq!(generations.values().map(Vec::len).sum::<usize>(), complete);
    assert_eq!(api.credits().await, CREDITS - charged);
    assert!(complete > CLIENTS / 2, "only {complete}");
    // Neither reference images nor pieces of uploads stay.
    until("uploads to be deleted", async || {
        let left = files(&hub.place.data_dir().join("media/references"))
            + files(&hub.place.data_dir().join("spool"));
        (left == 0).then_some(())
    })
    .await;
    hub.audit();
    assert!(!hub.process.stderr().contains("panicked"));
    let name = if kind == Kind::Sqlite {
        "sqlite"
    } else {
        "postgres"
    };
    figure("client disconnects", name, CLIENTS as u64);
}

/// All generations by prompt, once they have ended.
async fn all_ended(api: &Api) -> HashMap<String, Vec<Value>> {
    for status in ["queued", "running"] {
        until(&format!("nothing to be {status}"), async || {
            let page = api
                .get(&format!("/api/v1/generations?status={status}&limit=1"))
                .await
                .ok(200);
            page["data"].as_array().unwrap().is_empty().then_some(())
        })
        .await;
    }
    let mut by_prompt: HashMap<String, Vec<Value>> = HashMap::new();
    let mut cursor = String::new();
    loop {
        let page = api
            .get(&format!("/api/v1/generations?limit=100&cursor={cursor}"))
            .await
            .ok(200);
        for generation in page["data"].as_array().unwrap() {
            let prompt = generation["prompt"].as_str().unwrap().to_owned();
            by_prompt
                .entry(prompt)
                .or_default()
                .push(generation.clone());
        }
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return by_prompt,
        }
    }
}

/// What the client would have got, had it stayed.
async fn check(api: &Api, client: &Client, generation: &Value) {
    let saved = client.saved();
    let price = |images: usize| PRICE * i64::try_from(images).unwrap();
    let usage = json!({"credits": price(saved), "credits_requested": price(client.n)});
    assert_eq!(generation["usage"], usage, "{client:?}");
    assert_eq!(
        generation["status"],
        if saved > 0 { "succeeded" } else { "failed" }
    );
    let images = generation["images"].as_array().unwrap();
    assert_eq!(images.len(), saved);
    for image in images {
        assert_eq!(samples::dimensions(&api.open(image).await), (1024, 1024));
    }
    let found = api.look(generation["id"].as_str().unwrap()).await;
    assert_eq!(
        (&found["images"], &found["usage"]),
        (&generation["images"], &generation["usage"])
    );
}

/// How many files lie in a folder and below, but for the spool's lock.
fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let count = |path: PathBuf| match path.file_name() {
        _ if path.is_dir() => files(&path),
        Some(name) if name == "lock" => 0,
        _ => 1,
    };
    entries.flatten().map(|entry| count(entry.path())).sum()
}
