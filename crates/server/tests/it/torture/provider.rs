//! Every fault of the provider, with one image and with four, waiting and async: the exact answer, charge, refund and
//! number of calls.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use gih_fake_openai::{DEFAULT_KEY, FakeOpenAi, RawUpstream};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use super::chance::{figure, has_turn};
use super::provider_cases::{Case, DEADLINE, End, Failed, Rejected, Saved, Way, http_cases};
use super::provider_patience::{credits, draw, look};
use super::provider_raw_cases::{raw_cases, refused_case};
use crate::support::*;

/// The price of an image at 1K.
const PRICE: i64 = 8;
/// What each account has: more than all its generations can cost.
const CREDITS: i64 = 100_000;

/// One generation to be made.
struct Job {
    case: Case,
    n: u8,
    is_async: bool,
}

impl Job {
    fn all(cases: Vec<Case>, kind: Kind) -> Vec<Self> {
        let mut jobs = Vec::new();
        for (number, case) in cases.into_iter().enumerate() {
            for (n, is_async) in [(1, false), (1, true), (4, false), (4, true)] {
                // Waiting on one database and async on the other.
                if has_turn(number + usize::from(is_async), kind == Kind::Sqlite) {
                    let case = case.clone();
                    jobs.push(Self { case, n, is_async });
                }
            }
        }
        // The longest first, so that they run beside each other.
        jobs.sort_by_key(|job| std::cmp::Reverse(job.case.takes));
        jobs
    }

    /// The prompt's first word: this job's own.
    fn word(&self) -> String {
        format!("{}-{}-{}", self.case.name, self.n, self.is_async)
    }

    fn prompt(&self) -> String {
        let more = match self.case.way {
            Way::Raw(_, chars) => "ä".repeat(chars),
            _ => String::new(),
        };
        format!("{} fox{more}", self.word())
    }

    fn end(&self) -> End {
        if self.n == 1 {
            self.case.one
        } else {
            self.case.four
        }
    }

    fn saved(&self) -> usize {
        match self.end() {
            Saved(count) => count,
            Failed(_) | Rejected(_) => 0,
        }
    }
}

/// Who plays the provider.
enum Upstream {
    Http(FakeOpenAi),
    Raw(RawUpstream),
    Nobody,
}

impl Upstream {
    fn prepare(&self, jobs: &[Job]) {
        for job in jobs {
            match (self, &job.case.way) {
                (Self::Http(upstream), Way::Http(behaviours)) => {
                    upstream.enqueue_for(&job.prompt(), behaviours.clone());
                }
                (Self::Raw(upstream), Way::Raw(script, _)) => {
                    upstream.on(&job.word(), script.clone());
                }
                (Self::Nobody, Way::Refused) => {}
                (_, way) => panic!("{way:?} on another stand-in"),
            }
        }
    }

    fn calls(&self, job: &Job) -> usize {
        match self {
            Self::Http(upstream) => upstream.call_count_for(&job.prompt()),
            Self::Raw(upstream) => upstream.call_count_for(&job.word()),
            Self::Nobody => 0,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_is_answered_charged_refunded_and_counted() {
    let ready = &Barrier::new(2 * 3);
    join_all([Kind::Sqlite, Kind::Postgres].map(|kind| on(kind, ready))).await;
}

async fn on(kind: Kind, ready: &Barrier) {
    let upstream = FakeOpenAi::start().await;
    let options = options(kind, &upstream.base_url());
    let http = all(options, Upstream::Http(upstream), http_cases(), 20, ready);
    let upstream = RawUpstream::start().await.unwrap();
    let options = self::options(kind, &upstream.base_url());
    let raw = all(options, Upstream::Raw(upstream), raw_cases(), 12, ready);
    // A port that nobody listens on, and that nobody else can take meanwhile.
    let port = tokio::net::TcpSocket::new_v4().unwrap();
    port.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let options = self::options(kind, &format!("http://{}/v1", port.local_addr().unwrap()));
    let refused = all(options, Upstream::Nobody, vec![refused_case()], 4, ready);
    let ((http, raw), refused) = join(join(http, raw), refused).await;
    let name = if kind == Kind::Sqlite {
        "sqlite"
    } else {
        "postgres"
    };
    figure("provider fault cases", name, http + raw + refused);
}

fn options(kind: Kind, base_url: &str) -> Options {
    Options::on(kind)
        .env("OPENAI_API_KEY", DEFAULT_KEY)
        .env("OPENAI_BASE_URL", base_url)
        .env("GIH_GENERATION_TIMEOUT", format!("{}s", DEADLINE.as_secs()))
        .env("GIH_LOG", "warn")
}

/// Runs all cases on one hub, as many at once as there are accounts; how many generations that were. Begins when every hub
/// is `ready`: making accounts holds this task up, and calls of another hub would stand still meanwhile, on connections
/// that it closes after 15 s without a request.
async fn all(
    options: Options,
    upstream: Upstream,
    cases: Vec<Case>,
    accounts: usize,
    ready: &Barrier,
) -> u64 {
    let jobs = Job::all(cases, options.kind);
    let hub = Hub::start(options).await;
    upstream.prepare(&jobs);
    let count = jobs.len();
    let of = |job: &Job| PRICE * i64::from(job.n);
    let charged: i64 = jobs.iter().map(of).sum();
    let kept: i64 = jobs
        .iter()
        .map(|job| PRICE * i64::try_from(job.saved()).unwrap())
        .sum();
    let alarms =
        |job: &&Job| matches!(job.end(), Failed(message) if message == crate::provider::ACCOUNT);
    let alarms = jobs.iter().filter(alarms).count();
    let jobs = Arc::new(Mutex::new(VecDeque::from(jobs)));
    let lanes = (0..accounts).map(|_| {
        let api = hub.account().grant(u32::try_from(CREDITS).unwrap()).live();
        let (jobs, upstream) = (Arc::clone(&jobs), &upstream);
        async move {
            let mut balance = CREDITS;
            loop {
                let Some(job) = jobs.lock().unwrap().pop_front() else {
                    break;
                };
                balance = run(&api, upstream, &job, balance).await;
            }
        }
    });
    let lanes: Vec<_> = lanes.collect();
    ready.wait().await;
    join_all(lanes).await;

    let sum = |cause: &str| {
        let sum = "SELECT CAST(COALESCE(SUM(amount), 0) AS bigint) AS number FROM ledger_entries";
        hub.place.numbers(&format!("{sum} WHERE cause = '{cause}'"))
    };
    assert_eq!(sum("charge"), [-charged]);
    assert_eq!(sum("refund"), [charged - kept]);
    hub.audit();
    // What needs the operator is an error in the log; what does not is none.
    let log = hub.process.stderr();
    let errors = log.lines().filter(|line| line.contains(" ERROR "));
    assert_eq!(errors.count(), alarms);
    assert!(!log.contains("panicked"), "{log}");
    count as u64
}

/// One generation from its request to its end; the balance after it.
async fn run(api: &Api, upstream: &Upstream, job: &Job, before: i64) -> i64 {
    let (word, price) = (job.word(), PRICE * i64::from(job.n));
    let saved = job.saved();
    let charged = PRICE * i64::try_from(saved).unwrap();
    let balance = before - charged;
    let asked = json!({"prompt": job.prompt(), "n": job.n, "async": job.is_async});
    let started = Instant::now();
    let answer = draw(api, asked).await;
    let id = if job.is_async {
        accepted(api, &answer, price)
    } else {
        ended(api, &answer, job, balance)
    };
    let found = end(api, &id).await;
    let took = started.elapsed();
    assert!(took >= job.case.takes, "{word} after {took:?}");
    // Never beyond the deadline, but for what a busy machine adds.
    assert!(
        took < DEADLINE + Duration::from_secs(20),
        "{word} after {took:?}"
    );
    assert_eq!(upstream.calls(job), job.case.calls, "{word}");
    let usage = json!({"credits": charged, "credits_requested": price});
    assert_eq!(found["usage"], usage, "{word}");
    assert_eq!(found["balance"]["credits"], balance, "{word}");
    assert_eq!(
        (&found["n"], &found["prompt"]),
        (&json!(job.n), &json!(job.prompt()))
    );
    let error = match job.end() {
        Failed(message) => json!({"message": message, "code": "generationFailed"}),
        Rejected(message) => json!({"message": message, "code": "contentRejected"}),
        Saved(_) => Value::Null,
    };
    let status = if saved > 0 { "succeeded" } else { "failed" };
    assert_eq!(
        (&found["status"], &found["error"]),
        (&json!(status), &error),
        "{word}"
    );
    let images = found["images"].as_array().unwrap();
    assert_eq!(images.len(), saved, "{word}");
    for image in images {
        let bytes = api.open(image).await;
        match &image["url"].as_str().unwrap().rsplit_once('.').unwrap().1 {
            &"png" => drop(samples::dimensions(&bytes)),
            &"jpg" => assert_eq!(bytes, samples::jpeg(16, 16)),
            other => assert_eq!((bytes, *other), (samples::webp(16, 16).into(), "webp")),
        }
    }
    assert_eq!(credits(api).await, balance, "{word}");
    balance
}

/// The answer to a waiting call, to the letter; its generation's id.
fn ended(api: &Api, answer: &Answer, job: &Job, balance: i64) -> String {
    let word = job.word();
    let (status, code, message) = match job.end() {
        Saved(saved) => {
            let body = answer.ok(200);
            let id = body["id"].as_str().unwrap().to_owned();
            assert_eq!(body["images"].as_array().unwrap().len(), saved, "{word}");
            let expected = json!({
                "object": "image_generation", "id": id, "status": "succeeded", "model": "gpt-image-2",
                "aspect_ratio": "auto", "quality": "1K", "images": body["images"],
                "usage": {"credits": PRICE * i64::try_from(saved).unwrap()},
                "balance": {"credits": balance, "account_type": "PRO", "next_expiration": null},
            });
            assert_eq!(body, expected, "{word}");
            return id;
        }
        Failed(message) => (500, "generationFailed", message),
        Rejected(message) => (400, "contentRejected", message),
    };
    let id = answer.json()["error"]["generation_id"]
        .as_str()
        .unwrap_or_else(|| panic!("{word}: {answer:?}"))
        .to_owned();
    let more =
        json!({"generation_id": id, "poll_url": format!("{}/api/v1/generations/{id}", api.url)});
    assert_eq!(answer.error(status, code, more), message, "{word}");
    assert_eq!(answer.header("x-should-retry"), Some("false"), "{word}");
    id
}

/// The answer to an async call, to the letter; its generation's id.
fn accepted(api: &Api, answer: &Answer, price: i64) -> String {
    let body = answer.ok(202);
    let id = body["id"].as_str().unwrap().to_owned();
    let poll_url = format!("{}/api/v1/generations/{id}", api.url);
    assert_eq!(answer.header("location"), Some(poll_url.as_str()));
    assert!(answer.header("retry-after").is_some());
    let expected = json!({
        "object": "image_generation", "id": id, "status": body["status"], "model": "gpt-image-2",
        "aspect_ratio": "auto", "quality": "1K", "created_at": body["created_at"], "images": [],
        "usage": {"credits": 0, "credits_requested": price}, "poll_url": poll_url,
    });
    assert_eq!(body, expected);
    assert!(["queued", "running"].contains(&body["status"].as_str().unwrap()));
    id
}

/// The generation once it has ended, asked for seldom: many ask at once.
async fn end(api: &Api, id: &str) -> Value {
    let started = Instant::now();
    loop {
        let found = look(api, id).await;
        if found.get("completed_at").is_some() {
            return found;
        }
        assert_eq!(found["usage"]["credits"], 0);
        assert!(started.elapsed() < PATIENCE, "{found}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
