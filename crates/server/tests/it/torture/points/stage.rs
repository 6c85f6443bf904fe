//! A hub's place, its provider, its callers, and what must be true of them in the end.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use gih_fake_openai::{Behaviour, FakeOpenAi};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::operator::site::Site;
use crate::support::{Api, Hub, Kind, Options, samples, until};

/// So that what a panic left in nobody's hands ends within the test.
const TIMEOUT: &str = "4s";
const CREDITS: u32 = 100_000;

/// A hub's place, its provider, and what its callers were told.
pub struct Stage {
    pub site: Site,
    pub upstream: FakeOpenAi,
    pub key: String,
    seen: Seen,
}

/// What callers were told, by prompt.
#[derive(Default)]
struct Seen {
    count: usize,
    /// Accepted: the generation's id.
    accepted: HashMap<String, String>,
    /// Answered with images.
    delivered: HashMap<String, Value>,
    /// Told that nothing was taken.
    refused: HashSet<String>,
}

impl Stage {
    pub async fn new(kind: Kind) -> Self {
        let upstream = FakeOpenAi::start().await;
        upstream.set_default(Behaviour::succeed().after(Duration::from_millis(30)));
        let site = Site::of(kind);
        let options = Options::on(kind)
            .upstream(&upstream)
            .env("GIH_WORKERS", 3)
            .env("GIH_LEASE", "1s")
            .env("GIH_GENERATION_TIMEOUT", TIMEOUT);
        let site = Site { options, ..site };
        let hub = site.serve().await;
        let account = hub.account();
        account.grant(CREDITS);
        let key = account.key("live")["key"].as_str().unwrap().to_owned();
        Self {
            site,
            upstream,
            key,
            seen: Seen::default(),
        }
    }

    pub fn with_points(&self, points: &str) -> Site {
        self.site.with("FAILPOINTS", points)
    }

    /// One that nobody used before.
    pub fn prompt(&mut self) -> String {
        self.seen.count += 1;
        format!("prompt {}", self.seen.count)
    }

    /// Keeps what a caller was told; nothing when the hub went away.
    pub fn note(&mut self, prompt: String, answer: Option<(u16, Value)>) {
        if let Some((status, body)) = answer {
            self.seen.note(prompt, status, body);
        }
    }

    /// Calls of every kind at once. All of them end, some for want of a hub.
    pub async fn work(&mut self, hub: &Hub, rounds: usize) {
        let api = hub.with_key(&self.key);
        let mut calls = JoinSet::new();
        for _ in 0..rounds {
            for kind in [Call::Waiting, Call::Preferring, Call::Async, Call::Editing] {
                calls.spawn(kind.make(api.clone(), self.prompt()));
            }
        }
        while let Some(call) = calls.join_next().await {
            let (prompt, answer) = call.unwrap();
            self.note(prompt, answer);
        }
    }

    /// Everything has ended as callers were told, paid for what is there and sent once.
    pub async fn check(self) {
        let hub = self.site.serve().await;
        let api = hub.with_key(&self.key);
        let unfinished = "SELECT count(*) AS number FROM generations WHERE completed_at IS NULL";
        until("every end", async || {
            (self.site.number(unfinished) == 0).then_some(())
        })
        .await;
        for (prompt, id) in &self.seen.accepted {
            let end = api.look(id).await;
            assert!(end["completed_at"].is_string(), "{prompt}: {end}");
            for image in end["images"].as_array().unwrap() {
                api.open(image).await;
            }
            if let Some(told) = self.seen.delivered.get(prompt) {
                assert_eq!(ids(&end["images"]), ids(&told["images"]), "{prompt}");
            }
        }
        for prompt in &self.seen.refused {
            let rows =
                format!("SELECT count(*) AS number FROM generations WHERE prompt = '{prompt}'");
            assert_eq!(self.site.number(&rows), 0, "{prompt} was refused");
        }
        // A cast, because a sum is numeric on Postgres.
        let captured =
            "SELECT CAST(coalesce(sum(captured_credits), 0) AS bigint) AS number FROM generations";
        let captured = self.site.number(captured);
        assert!(captured > 0, "nothing worked at all");
        assert_eq!(api.credits().await, i64::from(CREDITS) - captured);
        let mut sent: HashMap<String, u32> = HashMap::new();
        for call in self.upstream.requests() {
            // A form that broke off before its prompt was no request.
            if let Some(prompt) = call.fields.get("prompt") {
                *sent.entry(prompt.to_string()).or_default() += 1;
            }
        }
        assert!(sent.values().all(|times| *times == 1), "{sent:?}");
        hub.audit();
    }
}

impl Seen {
    fn note(&mut self, prompt: String, status: u16, body: Value) {
        let id = |value: &Value| value.as_str().map(str::to_owned);
        match status {
            200 => {
                self.accepted
                    .insert(prompt.clone(), id(&body["id"]).unwrap());
                self.delivered.insert(prompt, body);
            }
            202 => {
                self.accepted.insert(prompt, id(&body["id"]).unwrap());
            }
            // It may have been accepted, and is not if its row is not there.
            500 => {}
            _ => match id(&body["error"]["generation_id"]) {
                Some(id) => {
                    self.accepted.insert(prompt, id);
                }
                None => {
                    self.refused.insert(prompt);
                }
            },
        }
    }
}

/// Addresses change with the port of each process; ids stay.
fn ids(images: &Value) -> Vec<&Value> {
    let images = images.as_array().unwrap().iter();
    images.map(|image| &image["id"]).collect()
}

/// The ways to ask.
#[derive(Clone, Copy)]
pub enum Call {
    Waiting,
    Preferring,
    Async,
    /// With a reference image.
    Editing,
}

impl Call {
    /// Asks; the status and body, or nothing when the hub went away.
    pub async fn make(self, api: Api, prompt: String) -> (String, Option<(u16, Value)>) {
        let request = api.generation();
        let key = prompt.replace(' ', "-");
        let body = |more: Value| {
            let mut body = json!({"model": "gpt-image-2", "prompt": prompt, "n": 2});
            body.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            body
        };
        let request = match self {
            Self::Waiting => request.json(&body(json!({}))),
            Self::Preferring => request.header("Prefer", "wait=1").json(&body(json!({}))),
            Self::Async => request
                .header("Idempotency-Key", key)
                .json(&body(json!({"async": true}))),
            Self::Editing => request.multipart(
                Form::new()
                    .text("model", "gpt-image-2")
                    .text("prompt", prompt.clone())
                    .part("image", Part::bytes(samples::png(16, 16))),
            ),
        };
        let answer = async {
            let response = request.send().await.ok()?;
            let status = response.status().as_u16();
            Some((status, response.json().await.ok()?))
        };
        let answer = answer.await;
        (prompt, answer)
    }
}
