//! How sessions begin and end.

use serde_json::Value;

use super::*;

/// The cookie that stands for a session.
async fn session(browser: &Browser) -> Value {
    browser.cookie("gih_session").await.expect("not signed in")
}

/// Puts another session's cookie into a browser, as somebody who stole it would.
async fn steal(browser: &Browser, hub: &Hub, cookie: &Value) {
    browser.goto(&at(hub, "/sign-in")).await;
    let mut cookie = cookie.clone();
    cookie.as_object_mut().unwrap().retain(|part, _| {
        ["name", "value", "path", "httpOnly", "sameSite"].contains(&part.as_str())
    });
    browser.set_cookie(cookie).await;
}

/// The session must be of no use.
async fn is_signed_out(browser: &Browser, hub: &Hub) {
    for path in [
        "/keys",
        "/credits",
        "/generations",
        "/playground",
        "/account",
        "/admin",
    ] {
        browser.goto(&at(hub, path)).await;
        let url = browser.url().await;
        assert!(url.contains("/sign-in?next="), "{path} led to {url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_new_at_each_sign_in_and_ended_at_sign_out() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        add_account(&hub, "ann@example.com", &[]);
        let browser = Browser::open().await;
        is_signed_out(&browser, &hub).await;
        sign_in(&browser, &hub, "ann@example.com").await;
        let first = session(&browser).await;
        assert_eq!(first["httpOnly"], true, "{first}");
        assert_eq!(first["sameSite"], "Lax", "{first}");
        let seen = browser.script("return document.cookie", &[]).await;
        assert!(!seen.as_str().unwrap().contains("gih_session"), "{seen}");

        browser.click("Sign out").await;
        browser.is_at("/sign-in").await;
        assert!(browser.cookie("gih_session").await.is_none());
        steal(&browser, &hub, &first).await;
        is_signed_out(&browser, &hub).await;

        // What was planted before signing in is not taken over.
        steal(&browser, &hub, &first).await;
        sign_in(&browser, &hub, "ann@example.com").await;
        assert_ne!(session(&browser).await["value"], first["value"]);

        // Back to where they were going.
        browser.click("Sign out").await;
        browser.is_at("/sign-in").await;
        browser.goto(&at(&hub, "/credits?mode=test")).await;
        browser.fill("Email", "ann@example.com").await;
        browser.fill("Password", PASSWORD).await;
        browser.click_near("Email", "Sign in").await;
        browser.is_at("/credits?mode=test").await;
        browser.is_content().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_the_password_signs_all_other_browsers_out() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        add_account(&hub, "ann@example.com", &[]);
        let (one, two) = {
            let one = Browser::open().await;
            let two = Browser::open().await;
            (one, two)
        };
        for browser in [&one, &two] {
            sign_in(browser, &hub, "ann@example.com").await;
        }
        let before = session(&one).await;
        let other = "another four small words";
        one.goto(&at(&hub, "/account")).await;
        one.fill("Current password", "not the password").await;
        one.fill("New password", other).await;
        one.click("Change password").await;
        one.has("#current-wrong").await;
        one.fill("Current password", PASSWORD).await;
        one.fill("New password", other).await;
        one.click("Change password").await;
        one.sees("password is changed").await;

        // This browser goes on with a session of its own; everything from before is over.
        one.goto(&at(&hub, "/keys")).await;
        one.is_at("/keys").await;
        assert_ne!(session(&one).await["value"], before["value"]);
        is_signed_out(&two, &hub).await;
        steal(&two, &hub, &before).await;
        is_signed_out(&two, &hub).await;
        try_password(&two, &hub, "ann@example.com", PASSWORD).await;
        two.sees("do not match").await;
        try_password(&two, &hub, "ann@example.com", other).await;
        two.is_at("/generations").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocking_an_account_ends_its_sessions_and_its_keys() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        add_account(&hub, "ann@example.com", &[]);
        add_account(&hub, "root@example.com", &["--admin"]);
        let ann = Browser::open().await;
        let root = Browser::open().await;
        sign_in(&ann, &hub, "ann@example.com").await;
        let api = hub.with_key(&make_key(&ann, &hub, "shop", TEST_KEY).await);
        assert_eq!(api.credits().await, 1000);

        sign_in(&root, &hub, "root@example.com").await;
        root.goto(&at(&hub, "/admin/accounts")).await;
        root.click("ann@example.com").await;
        root.click("Block…").await;
        root.click("Block account").await;
        root.sees("Blocked since").await;
        is_signed_out(&ann, &hub).await;
        assert_eq!(api.get("/api/v1/credits").await.status, 401);
        try_password(&ann, &hub, "ann@example.com", PASSWORD).await;
        ann.sees("This account is blocked.").await;
        try_password(&ann, &hub, "ann@example.com", "not the password").await;
        ann.sees("do not match").await;

        root.click("Unblock…").await;
        root.click("Unblock account").await;
        root.sees_no("Blocked since").await;
        sign_in(&ann, &hub, "ann@example.com").await;
        assert_eq!(api.credits().await, 1000);

        // Who did what to whom, and when.
        root.goto(&at(&hub, "/admin/acts")).await;
        let text = root.text().await;
        for word in [
            "root@example.com",
            "ann@example.com",
            "\tblocked",
            "\tunblocked",
        ] {
            assert!(text.contains(word), "{word}: {text}");
        }
        // Nobody else sees these pages, nor that they are there.
        ann.goto(&at(&hub, "/admin/acts")).await;
        ann.sees("page is for admins").await;
        root.is_content().await;
    })
    .await;
}
