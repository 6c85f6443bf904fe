//! Clients that leave at every moment, in every way: what was asked for in full is done, kept and charged as if they had
//! stayed, and what was not leaves nothing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use gih_fake_openai::FakeOpenAi;
use serde_json::{Value, json};

use super::chance::{Chance, Seed, figure, seed};
use super::disconnects_client::Client;
use super::provider_patience::{credits, look, patiently};
use crate::support::*;

const CLIENTS: usize = 300;
const CREDITS: i64 = 10_000;
const PRICE: i64 = 8;

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
        .env("GIH_LOG", "info");
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
    let (mut charged, mut complete, mut missing) = (0, 0, 0);
    for client in &clients {
        let found = generations
            .get(&client.prompt)
            .map_or(&[][..], Vec::as_slice);
        let (least, most) = client.expected();
        assert!(found.len() <= most, "{}: {client:?}", found.len());
        if found.len() < least {
            eprintln!("nothing of {client:?}");
            missing += 1;
        }
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
    assert_eq!(credits(&api).await, CREDITS - charged);
    // A hub without the time for its database says so, and nothing was accepted. Here that is hardly ever.
    let log = hub.process.stderr();
    let refused = log
        .lines()
        .filter(|line| line.contains("answered") && line.contains("status=503"));
    let refused = refused.count();
    assert!(
        missing <= refused,
        "{missing} are missing, {refused} were refused"
    );
    assert!(complete > CLIENTS / 3, "only {complete}");
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
            let path = format!("/api/v1/generations?status={status}&limit=1");
            let page = patiently(async || api.get(&path).await).await.ok(200);
            page["data"].as_array().unwrap().is_empty().then_some(())
        })
        .await;
    }
    let mut by_prompt: HashMap<String, Vec<Value>> = HashMap::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/generations?limit=100&cursor={cursor}");
        let page = patiently(async || api.get(&path).await).await.ok(200);
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
    let found = look(api, generation["id"].as_str().unwrap()).await;
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
