//! A crowd of clients of one account, what they were told, and whether it all holds in the end.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::asks::{Ask, Fate, Heard};
use super::chance::Chance;
use super::upstream::Upstream;
use crate::operator::work::PRICE;
use crate::support::{Api, Hub, samples, until};

/// What the crowd's account is granted: more than it can spend.
pub const GRANTED: u32 = 10_000_000;
/// Image files that are read at once in the end.
const READERS: usize = 8;

/// A client's side of one ask.
struct Client {
    ask: Arc<Ask>,
    /// Its generation, once it heard of one.
    id: Option<String>,
    /// The end as an answer told it.
    end: Option<Value>,
}

impl Client {
    /// Whether it will ask again: under its key it may, for as long as it has heard of no end.
    fn asks_again(&self) -> bool {
        self.ask.key.is_some() && self.end.is_none()
    }
}

/// A moment within this time.
pub fn within(chance: &mut Chance, time: Duration) -> Duration {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(chance.below(micros.max(1)))
}

/// Asks under way: whose, and what will be heard.
pub type Calls = Vec<(usize, JoinHandle<Heard>)>;

/// Clients of one account.
pub struct Crowd {
    pub chance: Chance,
    /// How long the provider takes at most.
    pub slowest: Duration,
    clients: Vec<Client>,
    account_key: String,
}

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
}

impl Crowd {
    /// The crowd of a new account of this hub.
    pub fn of(hub: &Hub, chance: Chance, slowest: Duration) -> Self {
        let account = hub.account();
        account.grant(GRANTED);
        let account_key = account.key("live")["key"].as_str().unwrap().to_owned();
        Self {
            chance,
            slowest,
            clients: Vec::new(),
            account_key,
        }
    }

    /// The hub's API with the account's key.
    pub fn api(&self, hub: &Hub) -> Api {
        hub.with_key(&self.account_key)
    }

    /// So many new asks, each at a moment within `spread`, and once more those that are to be asked again.
    pub fn ask(&mut self, apis: &[Api], new: usize, spread: Duration) -> Calls {
        for _ in 0..new {
            let ask = Ask::by(&mut self.chance, self.clients.len(), self.slowest);
            self.clients.push(Client {
                ask: Arc::new(ask),
                id: None,
                end: None,
            });
        }
        let first_new = self.clients.len() - new;
        let asking = self.clients.iter().enumerate();
        let asking: Vec<_> = asking
            .filter(|(index, client)| *index >= first_new || client.asks_again())
            .map(|(index, client)| (index, Arc::clone(&client.ask)))
            .collect();
        asking
            .into_iter()
            .map(|(index, ask)| {
                let api = self.chance.one_of(apis).clone();
                let pause = within(&mut self.chance, spread);
                let call = tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    ask.send(&api).await
                });
                (index, call)
            })
            .collect()
    }

    /// Hears what came of these.
    pub async fn hear(&mut self, calls: Calls) {
        for (index, call) in calls {
            let heard = call.await.unwrap();
            let client = &mut self.clients[index];
            let Heard::Id(id, body) = heard else { continue };
            let known = client.id.get_or_insert_with(|| id.clone());
            assert_eq!(
                *known, id,
                "one key, two generations: {:?} {body}",
                client.ask
            );
            let is_end = body["status"] == "succeeded" || is_failure(&body);
            if let Some(end) = client.end.as_ref().filter(|_| is_end) {
                assert_eq!(told(end), told(&body), "an end changed: {:?}", client.ask);
            }
            if is_end {
                client.end = Some(body);
            }
        }
    }

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
            let twice = by_prompt.insert(prompt, generation);
            assert!(twice.is_none(), "doubled: {twice:?} and {generation}");
        }
        for client in &self.clients {
            let ask = &client.ask;
            let found = by_prompt.get(ask.prompt.as_str()).copied();
            if let Some(id) = &client.id {
                let of_id = by_id.get(id.as_str());
                assert!(of_id.is_some(), "lost: {id} of {ask:?}");
                assert_eq!(
                    of_id.map(|one| &one["prompt"]),
                    found.map(|one| &one["prompt"])
                );
            }
            let sent = upstream.sent(&ask.prompt);
            assert!(sent.accepted <= 1, "sent twice: {sent:?} of {ask:?}");
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

fn credits(generation: &Value) -> i64 {
    generation["usage"]["credits"].as_i64().unwrap()
}

/// Settled by a reaper.
fn is_interrupted(generation: &Value) -> bool {
    let message = generation["error"]["message"].as_str();
    message.is_some_and(|message| message.contains("interrupted"))
}

/// Whether an answer says that the generation ended without images.
fn is_failure(body: &Value) -> bool {
    let code = body["error"]["code"].as_str();
    code.is_some_and(|code| matches!(code, "generationFailed" | "contentRejected"))
}

/// What never changes about an end, whether an answer tells it or the list: the error's code, or credits and images.
fn told(end: &Value) -> (Option<&str>, Option<i64>, Vec<&str>) {
    let images = end["images"].as_array().into_iter().flatten();
    let images: Vec<&str> = images.filter_map(|image| image["id"].as_str()).collect();
    let charged = (!images.is_empty()).then(|| credits(end));
    (end["error"]["code"].as_str(), charged, images)
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
