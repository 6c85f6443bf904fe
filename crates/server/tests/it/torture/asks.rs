//! What a client asks for, and what it hears.

use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::chance::Chance;
use crate::support::{Api, samples};

/// What the provider does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Draws all images.
    Drawn,
    /// Draws one image, however many were asked for.
    Fewer,
    /// Turns it away once, then draws.
    Busy,
    /// Answers with an error.
    Fails,
    /// Refuses the content.
    Rejected,
    /// Breaks off before the first image is whole.
    Breaks,
}

/// With the words for them in prompts. Good ends are the most frequent.
const FATES: [(&str, Fate); 11] = [
    ("drawn", Fate::Drawn),
    ("drawn", Fate::Drawn),
    ("drawn", Fate::Drawn),
    ("drawn", Fate::Drawn),
    ("drawn", Fate::Drawn),
    ("fewer", Fate::Fewer),
    ("busy", Fate::Busy),
    ("busy", Fate::Busy),
    ("fails", Fate::Fails),
    ("rejected", Fate::Rejected),
    ("breaks", Fate::Breaks),
];

/// How long the client stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    Waits,
    /// Takes a 202 after so many seconds.
    Prefers(u8),
    /// Takes a 202 at once.
    Leaves,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// No other ask has it; it tells the upstream what to do.
    pub prompt: String,
    pub fate: Fate,
    pub n: u8,
    pub manner: Manner,
    /// The `Idempotency-Key`, which makes it safe to ask again.
    pub key: Option<String>,
    /// Whether a reference image comes with it.
    pub has_reference: bool,
}

/// What came of asking.
#[derive(Debug)]
pub enum Heard {
    /// There is a generation, and this was said of it: the body.
    Id(String, Value),
    /// Nothing was accepted.
    Refused,
    /// The connection broke before an answer, or the answer is that the outcome is not known.
    Nothing,
}

impl Ask {
    /// One of every kind there is. `number` is its own; the provider takes up to `slowest`.
    pub fn by(chance: &mut Chance, number: usize, slowest: Duration) -> Self {
        let (word, fate) = *chance.one_of(&FATES);
        let millis = chance.below(u64::try_from(slowest.as_millis()).unwrap_or(u64::MAX));
        let manners = [
            Manner::Waits,
            Manner::Waits,
            Manner::Leaves,
            Manner::Leaves,
            Manner::Prefers(0),
            Manner::Prefers(1),
        ];
        Self {
            prompt: prompt(word, millis, number),
            fate,
            n: *chance.one_of(&[1, 1, 1, 2, 3, 4]),
            manner: *chance.one_of(&manners),
            key: (chance.below(2) == 0).then(|| format!("order-{number}")),
            has_reference: chance.below(5) == 0,
        }
    }

    /// A plain one, drawn after this time.
    pub fn plain(number: usize, manner: Manner, takes: Duration) -> Self {
        let millis = u64::try_from(takes.as_millis()).unwrap_or(u64::MAX);
        Self {
            prompt: prompt("drawn", millis, number),
            fate: Fate::Drawn,
            n: 1,
            manner,
            key: None,
            has_reference: false,
        }
    }

    fn request(&self, api: &Api) -> RequestBuilder {
        let is_async = self.manner == Manner::Leaves;
        let request = if self.has_reference {
            let image = Part::bytes(samples::numbered_png(self.n)).file_name("fox.png");
            let form = Form::new()
                .text("model", "gpt-image-2")
                .text("prompt", self.prompt.clone())
                .text("n", self.n.to_string())
                .text("async", is_async.to_string())
                .part("reference_image", image);
            api.generation().multipart(form)
        } else {
            api.generation().json(&json!({
                "model": "gpt-image-2", "prompt": self.prompt, "n": self.n, "async": is_async,
            }))
        };
        let request = match self.manner {
            Manner::Prefers(seconds) => request.header("Prefer", format!("wait={seconds}")),
            Manner::Waits | Manner::Leaves => request,
        };
        match &self.key {
            Some(key) => request.header("Idempotency-Key", key),
            None => request,
        }
    }

    /// Asks, once.
    pub async fn send(&self, api: &Api) -> Heard {
        let answer = async {
            let response = self.request(api).send().await?;
            let status = response.status().as_u16();
            Ok((status, response.bytes().await?))
        };
        let (status, body) = match answer.await {
            Ok(answer) => answer,
            Err(error) => {
                let error: reqwest::Error = error;
                assert!(!error.is_timeout(), "no answer to {self:?}");
                return Heard::Nothing;
            }
        };
        let body: Value = serde_json::from_slice(&body)
            .unwrap_or_else(|error| panic!("{error}: {status} {body:?} to {self:?}"));
        let id = [&body["id"], &body["error"]["generation_id"]];
        let id = id.into_iter().find_map(Value::as_str).map(str::to_owned);
        match (status, id) {
            // The work died before it was known whether it was accepted: the id may never come to be.
            (500, Some(_)) if body["error"]["code"] == "internalError" => Heard::Nothing,
            (200 | 202 | 400 | 409 | 500 | 503, Some(id)) => Heard::Id(id, body),
            (429 | 503, None) => Heard::Refused,
            (status, _) => panic!("{status} {body} to {self:?}"),
        }
    }
}

fn prompt(word: &str, millis: u64, number: usize) -> String {
    format!("{word} {millis} {number}")
}

/// What a prompt tells the upstream to do, and after which time; `None` when it is none of these.
pub fn read_prompt(prompt: &str) -> Option<(Fate, Duration)> {
    let mut words = prompt.split(' ');
    let word = words.next().unwrap_or_default();
    let (_, fate) = FATES.iter().find(|(known, _)| *known == word)?;
    let millis = words.next()?.parse().ok()?;
    Some((*fate, Duration::from_millis(millis)))
}
