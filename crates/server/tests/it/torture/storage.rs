//! A bucket that fails, stalls, is slow or does half of a thing, on each of four images: what is charged is what can be
//! opened.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use gih_fake_openai::{Behaviour, FakeOpenAi, Item};
use reqwest::Method;
use serde_json::{Value, json};

use super::chance::{figure, has_turn};
use super::provider_patience::{credits, draw, look};
use super::storage_proxy::{Fault, Plan, StorageProxy, Target};
use crate::media::in_bucket;
use crate::support::*;

const PRICE: i64 = 8;
const CREDITS: i64 = 10_000;
/// How long a generation may run: long enough for what heals, and nobody wants to wait for what does not.
const DEADLINE: Duration = Duration::from_secs(45);
/// All come within this, and not at once: a busy machine is another test's.
const ARRIVALS: Duration = Duration::from_secs(4);
/// So often is for good.
const ALWAYS: u32 = u32::MAX;
/// Long enough that half of it is something.
const IMAGE_BYTES: usize = 40_000;
const SLOW: Duration = Duration::from_secs(1);

/// What happens to which of four images.
struct Case {
    fault: Fault,
    /// How often. The client of the bucket tries three times by itself, so four is once more than that.
    times: u32,
    indexes: Vec<usize>,
}

impl Case {
    /// How many images are saved.
    fn saved(&self) -> usize {
        let heals = self.times < ALWAYS || matches!(self.fault, Fault::Slow(time) if time <= SLOW);
        if heals { 4 } else { 4 - self.indexes.len() }
    }
}

fn cases() -> Vec<Case> {
    let faults = [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Hang,
        Fault::Slow(SLOW),
        Fault::Slow(Duration::from_mins(1)),
        Fault::Half,
        Fault::Lost,
    ];
    let sets: [&[usize]; 12] = [
        &[0],
        &[1],
        &[2],
        &[3],
        &[0, 1],
        &[0, 2],
        &[0, 3],
        &[1, 2],
        &[1, 3],
        &[2, 3],
        &[1, 2, 3],
        &[0, 1, 2, 3],
    ];
    let mut cases = Vec::new();
    for fault in faults {
        // What hangs is given up by the client of the bucket only after half a minute.
        let heals_in_time = !matches!(fault, Fault::Hang | Fault::Slow(_));
        for indexes in sets {
            let times: &[u32] = match indexes.len() {
                _ if !heals_in_time => &[ALWAYS],
                1 => &[1, 4, ALWAYS],
                2 => &[4, ALWAYS],
                _ => &[1, ALWAYS],
            };
            cases.extend(times.iter().map(|&times| Case {
                fault,
                times,
                indexes: indexes.to_vec(),
            }));
        }
    }
    cases
}

/// A size of one's own at 1K, by which the proxy tells the cases apart.
fn size(number: usize) -> (u32, u32) {
    let number = u32::try_from(number).unwrap();
    (832 + 16 * (number % 40), 832 + 16 * (number / 40))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_charged_can_be_opened() {
    join_all([Kind::Sqlite, Kind::Postgres].map(on)).await;
}

async fn on(kind: Kind) {
    let upstream = FakeOpenAi::start().await;
    upstream.set_default(Behaviour::items([Item::Bytes(IMAGE_BYTES); 4]));
    let (options, _bucket) = in_bucket(Options::on(kind).upstream(&upstream));
    let endpoint = options
        .env
        .iter()
        .find(|(name, _)| name == "AWS_ENDPOINT_URL");
    let storage = StorageProxy::start(&endpoint.unwrap().1).await;
    let options = options
        .env("AWS_ENDPOINT_URL", &storage.url)
        .env("GIH_GENERATION_TIMEOUT", format!("{}s", DEADLINE.as_secs()))
        .env("GIH_LOG", "warn");
    let hub = Hub::start(options).await;
    let api = hub.account().grant(u32::try_from(CREDITS).unwrap()).live();

    let all = cases();
    // In pairs, of which one waits. Each fault has 12 or 28 cases: the second summand shifts the turns from fault to fault,
    // so that each database has its share of those in which every image fails.
    let has_turn = |number| has_turn(number / 2 + number / 28, kind == Kind::Sqlite);
    let cases: Vec<(usize, &Case)> = (all.iter().enumerate())
        .filter(|&(number, _)| has_turn(number))
        .collect();
    for &(number, case) in &cases {
        for &index in &case.indexes {
            let plan = Plan {
                fault: case.fault,
                times: case.times,
            };
            storage.plan(
                Target::Write {
                    size: size(number),
                    index,
                },
                plan,
            );
        }
    }
    let started = Instant::now();
    let gap = ARRIVALS / u32::try_from(cases.len()).unwrap();
    let running = cases
        .iter()
        .enumerate()
        .map(async |(turn, &(number, case))| {
            tokio::time::sleep(gap * u32::try_from(turn).unwrap()).await;
            one(&api, number, case).await
        });
    let ends = join(join_all(running), in_parts(&upstream, &storage, &api)).await;
    let (mut images, parts) = ends;
    images.push(parts);
    assert!(started.elapsed() < ARRIVALS + DEADLINE + PATIENCE);
    let charged: usize = images
        .iter()
        .map(|end| end["images"].as_array().unwrap().len())
        .sum();
    assert_eq!(
        credits(&api).await,
        CREDITS - PRICE * i64::try_from(charged).unwrap()
    );
    assert_eq!(upstream.call_count(), cases.len() + 1);

    // A storage that is well again changes no end, and everything that was named is still there.
    storage.heal();
    for end in &images {
        let now = look(&api, end["id"].as_str().unwrap()).await;
        assert_eq!(
            (&now["status"], &now["images"], &now["usage"]),
            (&end["status"], &end["images"], &end["usage"])
        );
    }
    let made = images.iter().find_map(|end| end["images"].get(0));
    reading(&storage, &api, made.unwrap()).await;
    hub.audit();
    assert!(!hub.process.stderr().contains("panicked"));
    let name = if kind == Kind::Sqlite {
        "sqlite"
    } else {
        "postgres"
    };
    figure("storage fault cases", name, images.len() as u64);
}

/// One generation of four images; its end.
async fn one(api: &Api, number: usize, case: &Case) -> Value {
    let (width, height) = size(number);
    let what = format!(
        "{:?} {} times on {:?}",
        case.fault, case.times, case.indexes
    );
    // Every other one waits.
    let is_async = number.is_multiple_of(2);
    let asked =
        json!({"n": 4, "size": format!("{width}x{height}"), "async": is_async, "prompt": what});
    let answer = draw(api, asked).await;
    let body = answer.json();
    let id = match (answer.status, &body["error"]["generation_id"]) {
        (200 | 202, _) => &body["id"],
        (500, id) => id,
        _ => panic!("{what}: {answer:?}"),
    };
    let end = loop {
        let found = look(api, id.as_str().unwrap()).await;
        if found.get("completed_at").is_some() {
            break found;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    let images = end["images"].as_array().unwrap();
    assert_eq!(images.len(), case.saved(), "{what}: {end}");
    let usage = json!({"credits": PRICE * i64::try_from(images.len()).unwrap(), "credits_requested": 4 * PRICE});
    assert_eq!(end["usage"], usage, "{what}");
    let mut different = BTreeSet::new();
    for image in images {
        let bytes = api.open(image).await;
        assert_eq!(
            (bytes.len(), samples::dimensions(&bytes)),
            (IMAGE_BYTES, (width, height)),
            "{what}"
        );
        different.insert(bytes);
    }
    assert_eq!(different.len(), images.len(), "{what}: an image twice");
    let (status, error) = if images.is_empty() {
        let message = crate::provider::FAILED;
        (
            "failed",
            json!({"message": message, "code": "generationFailed"}),
        )
    } else {
        ("succeeded", Value::Null)
    };
    assert_eq!(
        (&end["status"], &end["error"]),
        (&json!(status), &error),
        "{what}"
    );
    if !is_async {
        let (status, field) = if images.is_empty() {
            (500, "error")
        } else {
            (200, "images")
        };
        assert_eq!(answer.status, status, "{what}");
        assert!(images.is_empty() || body[field] == end[field], "{what}");
    }
    end
}

/// Images so large that they go up in parts: each step of that fails more often than the bucket's client tries.
async fn in_parts(upstream: &FakeOpenAi, storage: &StorageProxy, api: &Api) -> Value {
    const LARGE: usize = 6 << 20;
    let prompt = "in parts";
    upstream.enqueue_for(prompt, [Behaviour::items([Item::Bytes(LARGE); 2])]);
    let steps = [
        ("POST", "uploads", Fault::Status(500), 3),
        ("PUT", "partNumber=2", Fault::Half, 4),
        ("POST", "uploadId=", Fault::Lost, 1),
    ];
    for (method, step, fault, times) in steps {
        storage.plan(Target::Step(method, step), Plan { fault, times });
    }
    let body = draw(api, json!({"n": 2, "prompt": prompt})).await.ok(200);
    assert_eq!(body["usage"]["credits"], 2 * PRICE, "{body}");
    for image in body["images"].as_array().unwrap() {
        assert_eq!(api.open(image).await.len(), LARGE);
    }
    look(api, body["id"].as_str().unwrap()).await
}

/// Reading: an image comes whole, or it is told that it does not.
async fn reading(storage: &StorageProxy, api: &Api, image: &Value) {
    let url = image["url"].as_str().unwrap();
    let (_, name) = url.rsplit_once('/').unwrap();
    let whole = api.open(image).await;
    let faulty = |fault, times| storage.plan(Target::Read(name.to_owned()), Plan { fault, times });
    for fault in [
        Fault::Status(500),
        Fault::Status(503),
        Fault::Lost,
        Fault::Half,
    ] {
        // Once is mended on the way.
        faulty(fault, 1);
        assert_eq!(api.open(image).await, whole, "{fault:?}");
        faulty(fault, ALWAYS);
        let response = api.request(Method::GET, url).send().await.unwrap();
        if response.status() == 200 {
            let broken = response.bytes().await;
            assert!(
                broken.is_err(),
                "{fault:?}: a part was sent as if it were all"
            );
            continue;
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer::checked(status, headers, response.bytes().await.unwrap());
        answer.error(503, "serviceUnavailable", json!({}));
        assert!(answer.header("retry-after").is_some());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    faulty(Fault::Status(404), ALWAYS);
    api.get(url).await.error(404, "notFound", json!({}));
    storage.heal();
    assert_eq!(api.open(image).await, whole);
}
