//! One-time passwords: who gives them, and that they are good for choosing another alone.

use super::*;

/// The one-time password that a page or a command shows.
fn shown(body: &str) -> String {
    let (_, rest) = body.split_once("<code id=\"password\">").unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_forgot_a_password_gets_another_and_must_replace_it() {
    let hub = Hub::start(Options::sqlite()).await;
    add_account(&hub, "root@example.com", &["--admin"]);
    add_account(&hub, "ann@example.com", &[]);
    let ann = cookie_of(&hub, "ann@example.com").await;
    assert_eq!(get(&hub, "/keys", &ann).await.0, 200);

    let browser = Browser::open().await;
    sign_in(&browser, &hub, "root@example.com").await;
    browser.goto(&at(&hub, "/admin/accounts")).await;
    browser.click("ann@example.com").await;
    browser.click("New one-time password…").await;
    browser.click("Set one-time password").await;
    browser.sees("it is shown this once").await;
    let password = browser.script(
        "return document.querySelector('#password').textContent",
        &[],
    );
    let password = password.await.as_str().unwrap().to_owned();
    browser.reload().await;
    browser.sees_no("it is shown this once").await;
    browser.goto(&at(&hub, "/admin/acts")).await;
    browser.sees("Set password").await;
    browser.click("Sign out").await;
    assert_eq!(
        get(&hub, "/keys", &ann).await.0,
        303,
        "her session has ended"
    );

    try_password(&browser, &hub, "ann@example.com", PASSWORD).await;
    browser.sees("do not match an account").await;
    try_password(&browser, &hub, "ann@example.com", &password).await;
    // Wherever they go, this comes first.
    browser.is_at("/account").await;
    browser.sees("You signed in with a one-time password").await;
    for path in ["/keys", "/playground", "/generations", "/credits.csv"] {
        browser.goto(&at(&hub, path)).await;
        browser.is_at("/account").await;
    }
    browser.fill("Current password", &password).await;
    browser.fill("New password", PASSWORD).await;
    browser.click("Change password").await;
    browser.sees("Your password is changed").await;
    browser.click("API keys").await;
    browser.is_at("/keys").await;
    browser.sees_no("one-time password").await;
    hub.audit();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_gives_a_password_too() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        add_account(&hub, "ann@example.com", &[]);
        let ann = cookie_of(&hub, "ann@example.com").await;
        let set = ["account", "password", "--email", "ann@example.com"];
        let given = hub.gih_json(&set);
        let password = given["password"].as_str().unwrap();
        assert_eq!(get(&hub, "/keys", &ann).await.0, 303);
        let form = format!("email=ann%40example.com&password={password}");
        let begun = post_whole(&hub, "/sign-in", "", &form).await;
        assert_eq!(begun.status, 303, "{begun:?}");

        // One of their own choice is no temporary one.
        let stdin = [&set[..], &["--password-stdin", "--json"]].concat();
        let told = hub.gih_with_stdin(&stdin, PASSWORD).succeed().json();
        assert_eq!(told["password"], serde_json::Value::Null);
        let ann = cookie_of(&hub, "ann@example.com").await;
        assert_eq!(get(&hub, "/keys", &ann).await.0, 200);

        let unknown = hub.gih(&["account", "password", "--email", "bob@example.com"]);
        assert_eq!(unknown.code, Some(1));
        assert!(
            unknown
                .stderr
                .contains("there is no account with the email bob@example.com"),
            "{unknown:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_one_time_password_asks_for_nothing() {
    let hub = Hub::start(Options::sqlite()).await;
    add_account(&hub, "root@example.com", &["--admin"]);
    let root = cookie_of(&hub, "root@example.com").await;
    let form = "email=bob%40example.com&type=FREE&admin=yes";
    let (status, body) = post(&hub, "/admin/accounts", &root, form).await;
    assert_eq!(status, 200, "{body}");
    let form = format!("email=bob%40example.com&password={}", shown(&body));
    let begun = post_whole(&hub, "/sign-in", "", &form).await;
    let cookie = begun.headers.get("set-cookie").unwrap().to_str().unwrap();
    let bob = cookie.split(';').next().unwrap().to_owned();
    let key = "name=shop&mode=test&expires=never";
    let play = "model=gpt-image-2&prompt=fox&size=1K&aspect_ratio=auto&quality=auto&n=1";
    for (path, form) in [
        ("/keys", key),
        ("/playground?mode=test", play),
        ("/admin/accounts", "email=eve%40example.com&type=PRO"),
    ] {
        let answer = post_whole(&hub, path, &bob, form).await;
        assert_eq!(answer.status, 303, "{path}: {answer:?}");
        assert_eq!(answer.header("location"), Some("/account"), "{path}");
    }
    let (_, accounts) = get(&hub, "/admin/accounts", &root).await;
    assert!(!accounts.contains("eve@example.com"));
    assert_eq!(get(&hub, "/account", &bob).await.0, 200);
}
