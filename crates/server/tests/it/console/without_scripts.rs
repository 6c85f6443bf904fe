//! The pages in a browser that runs no scripts.

use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_work_without_scripts() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = Browser::open().await;
    let off = json!({"value": true});
    browser
        .devtools("Emulation.setScriptExecutionDisabled", off)
        .await;
    sign_up(&browser, &hub, "ann@example.com").await;
    let secret = make_key(&browser, &hub, "shop", TEST_KEY).await;
    assert_eq!(hub.with_key(&secret).credits().await, 1000);

    browser.goto(&at(&hub, "/playground?mode=test")).await;
    browser.fill("Prompt", "A fox without scripts").await;
    let file = browser.folder().join("fox.png");
    std::fs::write(&file, samples::png(64, 64)).unwrap();
    browser.upload("#reference_image", &[&file]).await;
    browser.click("Generate").await;
    browser.sees("A fox without scripts").await;
    until("the end", async || {
        browser.reload().await;
        browser.text().await.contains("Succeeded").then_some(())
    })
    .await;
    shows(&browser, ".pictures img", 1).await;
    assert_eq!(hub.with_key(&secret).credits().await, 992);

    browser.click("Run again").await;
    assert_eq!(browser.value("Prompt").await, "A fox without scripts");
    browser.click("Generations").await;
    browser.has(".gallery .preview").await;
    browser.click("API keys").await;
    browser.click("Rotate shop").await;
    browser.click("Rotate key").await;
    browser.sees("it is shown this once").await;
    browser.click("Revoke shop").await;
    browser.click("Revoke key").await;
    browser.sees("The key is revoked").await;
    assert_eq!(
        hub.with_key(&secret).get("/api/v1/credits").await.status,
        401
    );
    browser.click("Sign out").await;
    browser.is_at("/sign-in").await;
}
