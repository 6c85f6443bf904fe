//! Wrong passwords, wrong accounts, and what a stranger learns of them.

use super::*;

const NO_MATCH: &str = "Email and password do not match an account.";

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_told_as_an_unknown_account_is() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        add_account(&hub, "ann@example.com", &[]);
        let browser = Browser::open().await;
        for email in ["ann@example.com", "nobody@example.com"] {
            try_password(&browser, &hub, email, "not the password").await;
            browser.sees(NO_MATCH).await;
            assert_eq!(browser.value("Email").await, email);
            assert_eq!(browser.value("Password").await, "");
            assert_eq!(browser.focused().await.1, "Password");
            let session = browser.cookie("gih_session").await;
            assert!(session.is_none(), "{session:?}");
            browser.is_content().await;
        }
        browser.is_accessible().await;
        // Nothing of what was typed is in the address, and the right one works afterwards.
        assert!(browser.url().await.ends_with("/sign-in"));
        sign_in(&browser, &hub, "ANN@example.com").await;
        browser.is_content().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_is_slowed_down_and_locks_nobody_out() {
    let hub = Hub::start(Options::sqlite()).await;
    add_account(&hub, "ann@example.com", &[]);
    // The owner has signed in here before.
    let owner = Browser::open().await;
    sign_in(&owner, &hub, "ann@example.com").await;
    owner.click("Sign out").await;
    owner.is_at("/sign-in").await;

    let stranger = Browser::open().await;
    let mut tries = 0;
    loop {
        try_password(&stranger, &hub, "ann@example.com", "not the password").await;
        stranger.has("#wrong").await;
        tries += 1;
        if stranger.text().await.contains("Too many tries.") {
            break;
        }
        assert!(tries < 50, "nothing slows a stranger down");
    }
    // Also with the right password: else the answer would tell that it is the right one.
    try_password(&stranger, &hub, "ann@example.com", PASSWORD).await;
    stranger.sees("Too many tries.").await;
    sign_in(&owner, &hub, "ann@example.com").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_at_sign_up_are_told_beside_their_field() {
    let hub = Hub::start(Options::sqlite()).await;
    let browser = Browser::open().await;
    sign_up(&browser, &hub, "ann@example.com").await;
    browser.click("Sign out").await;
    browser.is_at("/sign-in").await;
    // What the browser itself would hold back comes from other programs.
    let send = "const form = document.querySelector('main form'); form.noValidate = true; form.requestSubmit();";
    for (email, password, field) in [
        ("ann@example.com", PASSWORD, "email"),
        ("Ann@Example.com", PASSWORD, "email"),
        ("no address", PASSWORD, "email"),
        ("bob@example.com", "short", "password"),
    ] {
        browser.goto(&at(&hub, "/sign-up")).await;
        browser.fill("Email", email).await;
        browser.fill("Password", password).await;
        browser.script(send, &[]).await;
        browser.has(&format!("#{field}[aria-invalid=true]")).await;
        browser.has(&format!("#{field}-wrong")).await;
        assert_eq!(browser.value("Email").await, email);
        browser.is_accessible().await;
    }
    browser.is_content().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_hub_makes_no_accounts() {
    let hub = Hub::start(Options::sqlite().env("GIH_SIGN_UP", "closed")).await;
    let browser = Browser::open().await;
    browser.goto(&at(&hub, "/sign-in")).await;
    assert!(!browser.offers("Sign up").await);
    browser.goto(&at(&hub, "/sign-up")).await;
    browser.sees("makes accounts for people itself").await;
    assert!(!browser.offers("Sign up").await);
    // A form from elsewhere, or from before.
    let request = hub
        .without_key()
        .request(reqwest::Method::POST, "/sign-up")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("email=bob%40example.com&password=four+small+words+only");
    assert_eq!(send(request).await.status, 403);
    try_password(&browser, &hub, "bob@example.com", PASSWORD).await;
    browser.sees(NO_MATCH).await;
}
