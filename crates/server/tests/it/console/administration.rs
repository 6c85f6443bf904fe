//! Forms of admins that are sent twice, or say what makes no sense.

use super::*;

/// A hub with an admin and an account: the admin's cookie, and the account's page.
async fn hub_with_admin(options: Options) -> (Hub, String, String) {
    let hub = Hub::start(options).await;
    add_account(&hub, "root@example.com", &["--admin"]);
    let ann = hub.gih_json(&["account", "create", "--email", "ann@example.com"]);
    let root = cookie_of(&hub, "root@example.com").await;
    let page = format!("/admin/accounts/{}", ann["id"].as_str().unwrap());
    (hub, root, page)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_grants_is_paid_once_and_says_so() {
    on_both(async |options| {
        let (hub, root, page) = hub_with_admin(options).await;
        let key = hub.gih_json(&[
            "key",
            "create",
            "--email",
            "ann@example.com",
            "--name",
            "k",
            "--mode",
            "live",
        ]);
        let api = hub.with_key(key["key"].as_str().unwrap());
        let grant = format!("{page}/grant");
        let form = |credits: &str| format!("credits={credits}&mode=live&reference=console-1");
        for _ in 0..2 {
            assert_eq!(post(&hub, &grant, &root, &form("100")).await.0, 303);
            assert_eq!(api.credits().await, 100);
        }
        // Its answer was lost, and it was changed since.
        let (status, body) = post(&hub, &grant, &root, &form("500")).await;
        assert_eq!(status, 400);
        assert!(
            body.contains("has granted 100 live credits already"),
            "{body}"
        );
        assert!(
            !body.contains("console-1\""),
            "the form has a new reference"
        );
        // Another expiry is another grant too.
        let form = format!("{}&expires=2099-01-01", form("100"));
        let (status, body) = post(&hub, &grant, &root, &form).await;
        assert_eq!(status, 400);
        assert!(body.contains("which never expire"), "{body}");
        assert_eq!(api.credits().await, 100);
        hub.audit();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_database_takes_is_refused_beside_its_field() {
    on_both(async |options| {
        let (hub, root, page) = hub_with_admin(options).await;
        let grant = format!("{page}/grant");
        let (status, body) = post(&hub, &grant, &root, "credits=1&mode=live&note=a%00b").await;
        assert_eq!(status, 400, "{body}");
        assert!(body.contains("note-wrong"), "{body}");
        let (status, body) = get(&hub, "/admin/accounts?q=%00", &root).await;
        assert_eq!(status, 200, "{body}");
        let model =
            "name=a%00b&price_1K=8&reference_image_limit=16&provider=openai&provider_model=x";
        let (status, body) = post(&hub, "/admin/models/gpt-image-2", &root, model).await;
        assert_eq!(status, 400, "{body}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tries_too_often_is_told_when_to_come_again() {
    let hub = Hub::start(Options::sqlite()).await;
    let form = "email=nobody%40example.com&password=not+the+password";
    let mut answer = post_whole(&hub, "/sign-in", "", form).await;
    for _ in 0..30 {
        if answer.status == 429 {
            break;
        }
        answer = post_whole(&hub, "/sign-in", "", form).await;
    }
    assert_eq!(answer.status, 429, "{answer:?}");
    let seconds = answer.header("retry-after").unwrap().to_owned();
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(
        body.contains(&format!("Wait {seconds} seconds")),
        "{seconds}: {body}"
    );
}
