//! The whole story of a person: from the first page to a key that nobody can use any more.

use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn from_sign_up_to_a_revoked_key_on_sqlite() {
    story(Options::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn from_sign_up_to_a_revoked_key_on_postgres() {
    story(Options::postgres()).await;
}

async fn story(options: Options) {
    let (upstream, hub, _) = live(options, 0).await;
    let browser = Browser::open().await;
    let admin = Browser::open().await;

    // They come by the documentation.
    browser.goto(&at(&hub, "/")).await;
    browser.click("Sign in").await;
    browser.click("Sign up").await;
    browser.fill("Email", "ann@example.com").await;
    browser.fill("Password", PASSWORD).await;
    browser.click("Sign up").await;
    // What a new account needs first.
    browser.is_at("/keys").await;

    // A key, copied: shown once, and never again.
    browser.sees("No API keys yet").await;
    let secret = make_key(&browser, &hub, "web shop", LIVE_KEY).await;
    browser.click_near("it is shown this once", "Copy").await;
    browser.sees("Copied").await;
    assert_eq!(browser.clipboard().await, secret);
    let api = hub.with_key(&secret);
    assert_eq!(api.credits().await, 0);
    browser.reload().await;
    browser.sees_no("it is shown this once").await;
    let html = browser.script("return document.documentElement.outerHTML", &[]);
    assert!(!html.await.as_str().unwrap().contains(&secret));
    browser.sees("web shop").await;

    // An admin grants credits.
    add_account(&hub, "root@example.com", &["--admin"]);
    sign_in(&admin, &hub, "root@example.com").await;
    admin.click("Admin").await;
    admin.click("Accounts").await;
    admin.fill("Email", "ann").await;
    admin.click("Search").await;
    admin.click("ann@example.com").await;
    admin.fill("Credits", "100").await;
    admin.click("Grant credits").await;
    admin.sees("The credits are there.").await;

    // The playground, with a reference image.
    let (name, reference) = ("fox & hound.png", samples::png(320, 200));
    let file = browser.folder().join(name);
    std::fs::write(&file, &reference).unwrap();
    browser.goto(&at(&hub, "/playground?mode=live")).await;
    browser.fill("Prompt", "A fox and a hound at tea").await;
    browser.click("16:9").await;
    browser.click_near("Images", "2").await;
    browser.upload("#reference_image", &[&file]).await;
    browser.sees(name).await;
    shows(&browser, "#files img", 1).await;
    browser.click("Generate · 16 credits").await;
    shows(&browser, ".made img", 2).await;
    browser.sees("balance 84").await;
    let sent = upstream.requests().pop().unwrap();
    assert_eq!(sent.path, "/v1/images/edits");
    assert_eq!(sent.fields["prompt"], "A fox and a hound at tea");
    assert_eq!(sent.fields["n"], "2");
    assert_eq!(sent.files.len(), 1, "{sent:?}");
    assert_eq!(sent.files[0].sha256, samples::sha256(&reference));

    // A result as the next call's reference.
    browser.click("Use as reference: image 2 of 2").await;
    shows(&browser, "#files img", 2).await;
    browser.click(&format!("Remove {name}")).await;
    browser.sees_no(name).await;
    shows(&browser, "#files img", 1).await;
    browser.click_near("Images", "1").await;
    browser.click("Generate · 8 credits").await;
    shows(&browser, ".made img", 3).await;
    browser.sees("balance 76").await;
    assert_eq!(upstream.requests().pop().unwrap().files.len(), 1);

    // The gallery, one generation, and its cost.
    browser.click("Generations").await;
    shows(&browser, ".gallery img", 2).await;
    browser
        .goto(&at(
            &hub,
            "/generations?mode=live&status=succeeded&key=console",
        ))
        .await;
    shows(&browser, ".gallery img", 2).await;
    let first = browser.script(
        "return document.querySelectorAll('.gallery .preview')[1].href",
        &[],
    );
    let first = first.await.as_str().unwrap().to_owned();
    browser.goto(&first).await;
    shows(&browser, ".pictures img", 2).await;
    browser.sees("A fox and a hound at tea").await;
    for step in [
        "Accepted and charged",
        "Started",
        "Sent to the provider",
        "Succeeded",
    ] {
        browser.sees(step).await;
    }
    browser.sees("16 (8 credits × 2)").await;
    browser.click("Run again").await;
    assert_eq!(browser.value("Prompt").await, "A fox and a hound at tea");
    browser.click("Credits").await;
    browser.sees("76").await;

    // The key works, until it is revoked.
    api.draw(json!({"n": 1})).await.ok(200);
    browser.click("API keys").await;
    browser.click("Revoke web shop").await;
    browser.sees("gets 401 at once").await;
    browser.click("Revoke key").await;
    browser.sees("The key is revoked").await;
    assert!(!browser.offers("Revoke web shop").await);
    assert_eq!(api.get("/api/v1/credits").await.status, 401);
    assert_eq!(api.draw(json!({"n": 1})).await.status, 401);

    browser.click("Sign out").await;
    browser.is_at("/sign-in").await;
    browser.is_content().await;
    admin.is_content().await;
    hub.audit();
}
