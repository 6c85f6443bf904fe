//! No page shows another account's anything, and no form changes it.

use reqwest::Method;
use serde_json::json;

use super::*;

/// Signs in without a browser; the cookie of the session.
async fn cookie_of(hub: &Hub, email: &str) -> String {
    let request = hub
        .without_key()
        .request(Method::POST, "/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!(
            "email={}&password={}",
            email.replace('@', "%40"),
            PASSWORD.replace(' ', "+")
        ));
    let answer = send(request).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let cookies = answer.headers.get_all("set-cookie").iter();
    let cookies: Vec<&str> = cookies
        .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap())
        .collect();
    cookies.join("; ")
}

/// The status of an address for who has this cookie, and the body.
async fn ask(hub: &Hub, method: Method, path: &str, cookie: &str) -> (u16, String) {
    let request = hub.without_key().request(method, path);
    let answer = send(
        request
            .header("cookie", cookie)
            .header("accept", "text/html,application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("overlap=24h"),
    )
    .await;
    (
        answer.status,
        String::from_utf8_lossy(&answer.body).into_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_sees_and_changes_nothing_of_another() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        for email in ["ann@example.com", "bob@example.com"] {
            add_account(&hub, email, &[]);
        }
        let key = hub.gih_json(&[
            "key",
            "create",
            "--email",
            "ann@example.com",
            "--name",
            "the shop of ann",
            "--mode",
            "test",
        ]);
        let api = hub.with_key(key["key"].as_str().unwrap());
        let made = api
            .draw(json!({"n": 1, "prompt": "ann's secret fox"}))
            .await
            .ok(200);
        let (ann, bob) = (
            cookie_of(&hub, "ann@example.com").await,
            cookie_of(&hub, "bob@example.com").await,
        );
        let generation = made["id"].as_str().unwrap();
        let image = made["images"][0]["id"].as_str().unwrap();
        let key_id = key["id"].as_str().unwrap();

        let hers = [
            format!("/generations/{generation}"),
            format!("/generations/{generation}/status"),
            format!("/thumbnails/{image}"),
            format!("/images/{image}"),
            format!("/images/{image}?download=1"),
            format!("/keys/{key_id}/revoke"),
            format!("/keys/{key_id}/rotate"),
        ];
        for path in &hers {
            assert_eq!(ask(&hub, Method::GET, path, &ann).await.0, 200, "{path}");
            let (status, body) = ask(&hub, Method::GET, path, &bob).await;
            assert_eq!(status, 404, "{path}");
            assert!(!body.contains("ann"), "{path}: {body}");
            // To a stranger it is as if nobody had signed in.
            let (status, _) = ask(&hub, Method::GET, path, "").await;
            assert!(matches!(status, 303 | 401), "{path}: {status}");
        }
        // Lists, and what is filled in by an address.
        for path in [
            "/generations?mode=test".to_owned(),
            format!("/generations?mode=test&key={key_id}"),
            format!("/generations/statuses?mode=test&ids={generation}"),
            "/credits?mode=test".to_owned(),
            "/credits.csv?mode=test".to_owned(),
            "/keys".to_owned(),
            format!("/playground?from={generation}"),
            format!("/playground?reference={image}"),
        ] {
            let (_, body) = ask(&hub, Method::GET, &path, &bob).await;
            for secret in ["secret fox", "shop of ann", "ann@example.com"] {
                assert!(!body.contains(secret), "{path} shows {secret}: {body}");
            }
        }
        // The test would not see a leak if the pages did not say it to ann herself.
        for (path, told) in [
            ("/generations?mode=test", "secret fox"),
            ("/keys", "shop of ann"),
        ] {
            assert!(
                ask(&hub, Method::GET, path, &ann).await.1.contains(told),
                "{path}"
            );
        }
        // Forms.
        for path in [
            format!("/keys/{key_id}/revoke"),
            format!("/keys/{key_id}/rotate"),
        ] {
            assert_eq!(ask(&hub, Method::POST, &path, &bob).await.0, 404, "{path}");
        }
        assert_eq!(api.get("/api/v1/credits").await.status, 200);
        // Admin pages, to both.
        for path in [
            "/admin".to_owned(),
            "/admin/accounts".to_owned(),
            "/admin/models".to_owned(),
            "/admin/generations".to_owned(),
            format!("/admin/generations/{generation}"),
            "/admin/acts".to_owned(),
        ] {
            for cookie in [&ann, &bob] {
                let (status, body) = ask(&hub, Method::GET, &path, cookie).await;
                assert_eq!(status, 403, "{path}");
                assert!(!body.contains("secret fox"), "{path}");
            }
        }
    })
    .await;
}
