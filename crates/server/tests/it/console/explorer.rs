//! The explorer: what is sent from it, and the curl that it says to be the same.

use std::process::Command;
use std::time::Duration;

use serde_json::json;

use super::*;

/// A prompt out of which a shell, curl and JSON would each read something.
const PROMPT: &str = r#"@fox;type=text/plain 'and' "hound" $HOME `id` \n <fox.png"#;

/// The explorer with this key in its field.
async fn open(hub: &Hub, key: &str) -> Browser {
    let browser = Browser::open().await;
    browser.goto(&at(hub, "/api-explorer")).await;
    browser.fill("API key", key).await;
    browser
}

/// Copies the curl of the call that says this, and runs it in the browser's folder as a person with this key would.
async fn run_curl(browser: &Browser, near: &str, key: &str) {
    browser.click_near(near, "Copy curl").await;
    browser.sees("Copied").await;
    let curl = browser.clipboard().await;
    let output = Command::new("sh")
        .args(["-c", &curl])
        .current_dir(browser.folder())
        .env("GIH_KEY", key)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.starts_with("HTTP/1.1 200"), "{curl}\n{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_and_its_curl_are_the_same() {
    let (upstream, hub, api) = live(Options::sqlite(), 100).await;
    let browser = open(&hub, api.key()).await;

    let body = json!({"model": "gpt-image-2", "prompt": PROMPT, "n": 1});
    browser.fill("JSON", &body.to_string()).await;
    browser.click_near("--data-raw", "Send").await;
    shows(&browser, ".result .images img", 1).await;
    run_curl(&browser, "--data-raw", api.key()).await;

    browser.click("multipart/form-data").await;
    let name = r#"fox; "x" 'y'.png"#;
    let file = browser.folder().join(name);
    let picture = samples::png(64, 64);
    std::fs::write(&file, &picture).unwrap();
    browser.fill("prompt", PROMPT).await;
    browser
        .upload("[data-name=reference_image]:enabled", &[&file])
        .await;
    browser.click_near("--form-string", "Send").await;
    until("the third call", async || {
        (upstream.requests().len() == 3).then_some(())
    })
    .await;
    shows(&browser, ".result .images img", 1).await;
    run_curl(&browser, "--form-string", api.key()).await;

    let calls = upstream.requests();
    assert_eq!(calls.len(), 4);
    for call in &calls {
        assert_eq!(call.fields["prompt"], PROMPT, "{call:?}");
    }
    for call in &calls[2..] {
        assert_eq!(call.files.len(), 1, "{call:?}");
        assert_eq!(call.files[0].sha256, samples::sha256(&picture));
    }
    assert_eq!(api.credits().await, 100 - 4 * 8);
    browser.is_content().await;
    hub.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_no_header_can_have_is_told_and_another_one_works() {
    let hub = Hub::start(Options::sqlite()).await;
    let api = hub.account().test();
    let browser = open(&hub, "gih_test_Cz3o…").await;
    browser.click_near("/api/v1/credits", "Send").await;
    browser.sees("No answer after").await;
    browser.fill("API key", api.key()).await;
    browser.click_near("/api/v1/credits", "Send").await;
    browser.sees("200 OK").await;
    browser.sees_no("No answer after").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_that_copies_has_its_name_back_after_two_presses() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = open(&hub, "").await;
    browser.click_near("/api/v1/credits", "Copy curl").await;
    browser.click("Copied").await;
    // Each press is told for two seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!browser.offers("Copied").await);
}
