//! The playground when things go wrong on the way: whatever a person presses then, nothing is paid twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// A way to a hub that loses an answer when it is told to.
struct Way {
    url: String,
    loses: Arc<AtomicBool>,
}

impl Way {
    async fn to(hub: &Hub) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let loses = Arc::new(AtomicBool::new(false));
        let (host, shared) = (hub.host().to_owned(), Arc::clone(&loses));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let hub = TcpStream::connect(&host).await.unwrap();
                tokio::spawn(carry(client, hub, Arc::clone(&shared)));
            }
        });
        Self { url, loses }
    }

    /// The next answer that says 202 is not brought back but for its first bytes: the connection ends.
    fn lose_the_next(&self) {
        self.loses.store(true, Ordering::SeqCst);
    }

    /// Whether it has happened.
    fn has_lost_it(&self) -> bool {
        !self.loses.load(Ordering::SeqCst)
    }
}

async fn carry(client: TcpStream, hub: TcpStream, loses: Arc<AtomicBool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_hub, mut to_hub) = hub.into_split();
    let there = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_hub).await });
    let mut bytes = [0; 16 * 1024];
    while let Ok(length @ 1..) = from_hub.read(&mut bytes).await {
        let is_accepted = bytes[..length].starts_with(b"HTTP/1.1 202 ");
        if is_accepted && loses.swap(false, Ordering::SeqCst) {
            // Without a single byte the browser would send again by itself.
            let _gone = to_client.write_all(&bytes[..10]).await;
            break;
        }
        if to_client.write_all(&bytes[..length]).await.is_err() {
            break;
        }
    }
    there.abort();
}

/// A browser at the playground in test mode, signed up there, with a picture of so many bytes chosen.
async fn at_playground(hub: &Hub, url: &str, file_bytes: usize) -> Browser {
    let browser = Browser::open().await;
    sign_up(&browser, hub, "ann@example.com").await;
    // Cookies do not ask for the port.
    browser.goto(&format!("{url}/playground?mode=test")).await;
    browser.fill("Prompt", "A fox on its way").await;
    let file = browser.folder().join("fox.png");
    std::fs::write(&file, samples::png_of_bytes(file_bytes)).unwrap();
    browser.upload("#reference_image", &[&file]).await;
    shows(&browser, "#files img", 1).await;
    browser
}

/// One generation, and its price of 8 off the 1,000 test credits.
async fn is_paid_once(browser: &Browser, hub: &Hub) {
    browser.goto(&at(hub, "/credits?mode=test")).await;
    browser.sees("992").await;
    browser.goto(&at(hub, "/generations?mode=test")).await;
    shows(browser, ".gallery img", 1).await;
    hub.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canceled_upload_is_not_charged_and_the_next_press_is_paid_once() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = at_playground(&hub, &hub.url, 400_000).await;
    let speed = |bytes_per_second: i32| {
        json!({"offline": false, "latency": 0, "downloadThroughput": -1,
               "uploadThroughput": bytes_per_second})
    };
    browser.devtools("Network.enable", json!({})).await;
    let slow = speed(20_000);
    browser
        .devtools("Network.emulateNetworkConditions", slow)
        .await;
    browser.click("Generate · 8 credits").await;
    browser.sees("Uploading").await;
    browser.click("Cancel upload").await;
    browser.sees("Nothing was charged").await;
    assert!(!browser.offers("Cancel upload").await);

    browser
        .devtools("Network.emulateNetworkConditions", speed(-1))
        .await;
    browser.click("Generate · 8 credits").await;
    shows(&browser, ".made img", 1).await;
    browser.sees("balance 992").await;
    is_paid_once(&browser, &hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_uploaded_cannot_be_canceled_any_more() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = at_playground(&hub, &hub.url, 1_000).await;
    // The hub's machine takes the bytes, the hub does not answer yet.
    hub.process.signal("STOP");
    browser.click("Generate · 8 credits").await;
    browser.sees("Uploaded, being checked").await;
    assert!(!browser.offers("Cancel upload").await);
    hub.process.signal("CONT");
    shows(&browser, ".made img", 1).await;
    browser.sees("balance 992").await;
    is_paid_once(&browser, &hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_whose_answer_is_lost_is_paid_once_when_pressed_again() {
    let hub = Hub::start(Options::sqlite()).await;
    let way = Way::to(&hub).await;
    let browser = at_playground(&hub, &way.url, 1_000).await;
    way.lose_the_next();
    browser.click("Generate · 8 credits").await;
    browser.sees("Press again: it is paid once").await;
    assert!(way.has_lost_it());
    browser.click("Generate · 8 credits").await;
    shows(&browser, ".made img", 1).await;
    browser.sees("balance 992").await;
    is_paid_once(&browser, &hub).await;

    // What is asked for after that is another generation, the same though it is.
    browser.back().await;
    browser.back().await;
    browser.fill("Prompt", "A fox that has arrived").await;
    browser.click("Generate · 8 credits").await;
    browser.sees("balance 984").await;
    hub.audit();
}

/// A browser at the playground in test mode, signed up, with a prompt.
async fn with_prompt(hub: &Hub) -> Browser {
    let browser = Browser::open().await;
    sign_up(&browser, hub, "ann@example.com").await;
    browser.goto(&at(hub, "/playground?mode=test")).await;
    browser.fill("Prompt", "A fox that has its price").await;
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn another_price_than_was_shown_is_said_before_it_is_paid() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = with_prompt(&hub).await;
    hub.gih_json(&["model", "set", "gpt-image-2", "--price", "1K=80"]);
    browser.click("Generate · 8 credits").await;
    browser.sees("this costs 80 credits now, not 8").await;
    browser.click("Generate · 80 credits").await;
    shows(&browser, ".made img", 1).await;
    browser.sees("balance 920").await;
    browser.sees_no("not 8").await;
    hub.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn credits_that_come_meanwhile_can_be_spent_at_once() {
    let hub = Hub::start(Options::sqlite()).await;
    hub.gih_json(&["model", "set", "gpt-image-2", "--price", "1K=1200"]);
    let browser = with_prompt(&hub).await;
    browser.sees("200 credits are missing").await;
    browser.click("Generate · 1,200 credits").await;
    browser.sees("200 credits are missing").await;
    let grant = [
        "credits",
        "grant",
        "--email",
        "ann@example.com",
        "--credits",
        "300",
        "--mode",
        "test",
    ];
    hub.gih_json(&grant);
    browser.click("Generate · 1,200 credits").await;
    shows(&browser, ".made img", 1).await;
    browser.sees("balance 100").await;
    hub.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_presses_while_the_balance_is_looked_up_are_one() {
    let hub = Hub::start(Options::sqlite()).await;
    hub.gih_json(&["model", "set", "gpt-image-2", "--price", "1K=1200"]);
    let browser = with_prompt(&hub).await;
    browser.sees("200 credits are missing").await;
    let grant = "credits grant --email ann@example.com --credits 3000 --mode test";
    hub.gih_json(&grant.split(' ').collect::<Vec<_>>());
    // The second look is answered long after the first press was paid.
    let press = "const ask = window.fetch;
        let looks = 0;
        window.fetch = async (...asked) => {
            if (String(asked[0]).startsWith('/playground?mode=')) {
                looks += 1;
                if (looks === 2) await new Promise((go) => setTimeout(go, 4000));
            }
            return ask(...asked);
        };
        for (const press of [1, 2]) document.querySelector('form[data-play]').requestSubmit();";
    browser.script(press, &[]).await;
    shows(&browser, ".made img", 1).await;
    browser.sees("balance 2,800").await;
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    browser.reload().await;
    browser.sees("balance 2,800 → 1,600").await;
    hub.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_key_and_a_double_click_are_one_press() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = with_prompt(&hub).await;
    // As a browser tells what a person does, also after the first press was accepted.
    let gestures = [
        "form.elements.prompt.dispatchEvent(new KeyboardEvent('keydown', \
            { key: 'Enter', ctrlKey: true, repeat: COUNT > 1, bubbles: true }))",
        "document.querySelector('#go').dispatchEvent(new MouseEvent('click', \
            { detail: COUNT, bubbles: true, cancelable: true }))",
    ];
    for (done, gesture) in gestures.into_iter().enumerate() {
        for count in ["1", "2"] {
            let press = "const form = document.querySelector('form[data-play]');".to_owned();
            browser
                .script(&(press + &gesture.replace("COUNT", count)), &[])
                .await;
            shows(&browser, ".made img", done + 1).await;
        }
    }
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    browser.reload().await;
    browser.sees("balance 984 → 976").await;
    hub.audit();
}
