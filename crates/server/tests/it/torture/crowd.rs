//! A crowd of clients of one account, and what they are told.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinHandle;

use super::asks::{Ask, Heard};
use super::chance::Chance;
use crate::support::{Api, Hub};

/// What the crowd's account is granted: more than it can spend.
pub const GRANTED: u32 = 10_000_000;

/// A client's side of one ask.
pub struct Client {
    pub ask: Arc<Ask>,
    /// Its generation, once it heard of one.
    pub id: Option<String>,
    /// The end as an answer told it.
    pub end: Option<Value>,
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
    pub(super) clients: Vec<Client>,
    account_key: String,
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
}

/// Whether an answer says that the generation ended without images.
fn is_failure(body: &Value) -> bool {
    let code = body["error"]["code"].as_str();
    code.is_some_and(|code| matches!(code, "generationFailed" | "contentRejected"))
}

/// What never changes about an end, whether an answer tells it or the list: the error's code, or credits and images.
pub fn told(end: &Value) -> (Option<&str>, Option<i64>, Vec<&str>) {
    let images = end["images"].as_array().into_iter().flatten();
    let images: Vec<&str> = images.filter_map(|image| image["id"].as_str()).collect();
    let charged = (!images.is_empty()).then(|| credits(end));
    (end["error"]["code"].as_str(), charged, images)
}

/// What was finally charged.
pub fn credits(generation: &Value) -> i64 {
    generation["usage"]["credits"].as_i64().unwrap()
}
