//! Whether what clients were told, what the provider was sent, the account's list, its balance and its files agree.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde_json::Value;

use super::asks::{Ask, Fate};
use super::crowd::{Crowd, GRANTED, credits, told};
use super::upstream::Upstream;
use crate::operator::work::PRICE;
use crate::support::{Api, Hub, samples, until};

/// Image files that are read at once in the end.
const READERS: usize = 8;

/// What it came to.
#[derive(Debug, Default)]
pub struct Reckoning {
    pub generations: u64,
    pub succeeded: u64,
    /// Sent, and ended by a reaper because the answer could not be had any more; refunded.
    pub interrupted: u64,
    pub images: u64,
    /// Canceled before they were sent, because a process was shutting down; refunded.
    pub canceled: u64,
    /// Whose clients lost the answer, and found them in the list.
    pub found_in_list: u64,
    /// Acknowledged, and not there.
    pub lost: u64,
    /// One ask, two generations.
    pub doubled: u64,
    /// One ask, two calls that the provider accepted.
    pub sent_twice: u64,
}

impl Crowd {
    /// Lets everything end, and holds what was told and sent against the account's own list, its balance and its files.
    /// On a hub that is left alone from now on.
    pub async fn reckon(&mut self, hub: &Hub, upstream: &Upstream) -> Reckoning {
        let api = self.api(hub);
        let generations = until("every generation to end", async || {
            let all = list(&api).await;
            all.iter()
                .all(|generation| generation.get("completed_at").is_some())
                .then_some(all)
        })
        .await;
        // Those who may ask again do, and hear of what is there now, or of nothing that was ever accepted.
        let before = generations.len();
        let calls = self.ask(std::slice::from_ref(&api), 0, Duration::ZERO);
        let again = calls.len();
        self.hear(calls).await;
        let generations = until("the last generations to end", async || {
            let all = list(&api).await;
            all.iter()
                .all(|generation| generation.get("completed_at").is_some())
                .then_some(all)
        })
        .await;
        assert!(generations.len() <= before + again);
        let reckoning = self.compare(&generations, upstream);
        let captured: i64 = generations.iter().map(credits).sum();
        assert_eq!(
            api.credits().await,
            i64::from(GRANTED) - captured,
            "the balance is what was granted less what was captured"
        );
        open_all(&api, &generations).await;
        reckoning
    }

    fn compare(&self, generations: &[Value], upstream: &Upstream) -> Reckoning {
        let mut reckoning = Reckoning::default();
        let by_id: HashMap<&str, &Value> = generations
            .iter()
            .map(|generation| (generation["id"].as_str().unwrap(), generation))
            .collect();
        assert_eq!(by_id.len(), generations.len(), "the list names one twice");
        let mut by_prompt: BTreeMap<&str, &Value> = BTreeMap::new();
        for generation in generations {
            let prompt = generation["prompt"].as_str().unwrap();
            if let Some(twice) = by_prompt.insert(prompt, generation) {
                eprintln!("doubled: {twice} and {generation}");
                reckoning.doubled += 1;
            }
        }
        for client in &self.clients {
            let ask = &client.ask;
            let found = by_prompt.get(ask.prompt.as_str()).copied();
            if let Some(id) = &client.id {
                let of_id = by_id.get(id.as_str());
                if of_id.is_none() {
                    eprintln!("lost: {id} of {ask:?}");
                    reckoning.lost += 1;
                    continue;
                }
                assert_eq!(
                    of_id.map(|one| &one["prompt"]),
                    found.map(|one| &one["prompt"])
                );
            }
            let sent = upstream.sent(&ask.prompt);
            if sent.accepted > 1 {
                eprintln!("sent twice: {sent:?} of {ask:?}");
                reckoning.sent_twice += 1;
                continue;
            }
            let Some(found) = found else {
                assert_eq!(sent.accepted, 0, "sent without a generation: {ask:?}");
                continue;
            };
            if let Some(end) = &client.end {
                assert_eq!(told(end), told(found), "the end changed: {ask:?}");
            }
            let images = check_end(ask, found, sent.accepted);
            reckoning.generations += 1;
            reckoning.found_in_list += u64::from(client.id.is_none());
            reckoning.canceled += u64::from(found["status"] == "canceled");
            reckoning.images += images;
            reckoning.succeeded += u64::from(images > 0);
            reckoning.interrupted += u64::from(is_interrupted(found));
        }
        assert_eq!(
            (reckoning.lost, reckoning.doubled, reckoning.sent_twice),
            (0, 0, 0),
            "see above"
        );
        assert_eq!(
            reckoning.generations,
            generations.len() as u64,
            "nobody asked for some"
        );
        reckoning
    }
}

/// The end fits what was asked, and what the provider did; how many images there are.
fn check_end(ask: &Ask, end: &Value, accepted: u32) -> u64 {
    let images = end["images"].as_array().unwrap().len();
    assert_eq!(
        credits(end),
        PRICE * i64::try_from(images).unwrap(),
        "{end}"
    );
    assert_eq!(
        end["usage"]["credits_requested"],
        PRICE * i64::from(ask.n),
        "{end}"
    );
    assert_eq!(end["status"] == "succeeded", images > 0, "{ask:?} {end}");
    assert!(images == 0 || accepted == 1, "drawn unasked: {ask:?} {end}");
    let most = match ask.fate {
        Fate::Drawn | Fate::Busy => ask.n,
        Fate::Fewer => 1,
        Fate::Fails | Fate::Rejected | Fate::Breaks => 0,
    };
    assert!(images <= usize::from(most), "{ask:?} {end}");
    if end["status"] == "canceled" {
        assert_eq!(
            (accepted, &end["error"]["code"]),
            (0, &"serviceUnavailable".into())
        );
    } else if images == 0 && !is_interrupted(end) {
        assert_eq!(most, 0, "failed for no reason: {ask:?} {end}");
        let code = match ask.fate {
            Fate::Rejected => "contentRejected",
            _ => "generationFailed",
        };
        assert_eq!(end["error"]["code"], code, "{ask:?} {end}");
    }
    images as u64
}

/// Settled by a reaper.
fn is_interrupted(generation: &Value) -> bool {
    let message = generation["error"]["message"].as_str();
    message.is_some_and(|message| message.contains("interrupted"))
}

/// The account's generations, page by page.
pub async fn list(api: &Api) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/generations?limit=100{cursor}");
        let mut page = api.get(&path).await.ok(200);
        let Value::Array(data) = page["data"].take() else {
            panic!("{page}");
        };
        all.extend(data);
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// Every image is there and whole.
async fn open_all(api: &Api, generations: &[Value]) {
    let images = generations
        .iter()
        .flat_map(|generation| generation["images"].as_array().unwrap());
    let mut files = stream::iter(images)
        .map(|image| api.open(image))
        .buffer_unordered(READERS);
    // The provider draws few different ones, and decoding takes long.
    let mut whole: HashSet<Bytes> = HashSet::new();
    while let Some(file) = files.next().await {
        if !whole.contains(&file) {
            samples::dimensions(&file);
            whole.insert(file);
        }
    }
}
