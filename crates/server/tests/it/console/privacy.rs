//! No page shows another account's anything, and no form changes it.

use serde_json::json;

use super::*;

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
            assert_eq!(get(&hub, path, &ann).await.0, 200, "{path}");
            let (status, body) = get(&hub, path, &bob).await;
            assert_eq!(status, 404, "{path}");
            assert!(!body.contains("ann"), "{path}: {body}");
            // To a stranger it is as if nobody had signed in.
            let (status, _) = get(&hub, path, "").await;
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
            let (_, body) = get(&hub, &path, &bob).await;
            for secret in ["secret fox", "shop of ann", "ann@example.com"] {
                assert!(!body.contains(secret), "{path} shows {secret}: {body}");
            }
        }
        // The test would not see a leak if the pages did not say it to ann herself.
        for (path, told) in [
            ("/generations?mode=test", "secret fox"),
            ("/keys", "shop of ann"),
        ] {
            assert!(get(&hub, path, &ann).await.1.contains(told), "{path}");
        }
        // Forms.
        for path in [
            format!("/keys/{key_id}/revoke"),
            format!("/keys/{key_id}/rotate"),
        ] {
            assert_eq!(
                post(&hub, &path, &bob, "overlap=24h").await.0,
                404,
                "{path}"
            );
        }
        assert_eq!(api.get("/api/v1/credits").await.status, 200);
        // Admin pages, to both.
        for path in [
            "/admin".to_owned(),
            "/admin/accounts".to_owned(),
            "/admin/models".to_owned(),
            "/admin/generations".to_owned(),
            format!("/admin/generations/{generation}"),
            format!("/admin/generations/{generation}/status"),
            "/admin/models/gpt-image-2".to_owned(),
            "/admin/acts".to_owned(),
        ] {
            for cookie in [&ann, &bob] {
                let (status, body) = get(&hub, &path, cookie).await;
                assert_eq!(status, 403, "{path}");
                assert!(!body.contains("secret fox"), "{path}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_forms_of_admins_do_nothing_for_others() {
    let hub = Hub::start(Options::sqlite()).await;
    add_account(&hub, "root@example.com", &["--admin"]);
    add_account(&hub, "bob@example.com", &[]);
    let ann = hub.gih_json(&["account", "create", "--email", "ann@example.com"]);
    let page = format!("/admin/accounts/{}", ann["id"].as_str().unwrap());
    let (root, bob) = (
        cookie_of(&hub, "root@example.com").await,
        cookie_of(&hub, "bob@example.com").await,
    );
    let asked = [
        page.clone(),
        format!("{page}/block"),
        format!("{page}/password"),
    ];
    for path in &asked {
        assert_eq!(get(&hub, path, &root).await.0, 200, "{path}");
        let (status, body) = get(&hub, path, &bob).await;
        assert_eq!(status, 403, "{path}");
        assert!(!body.contains("ann@example.com"), "{path}: {body}");
    }
    let forms = [
        (page.clone(), "type=ENTERPRISE&admin=yes"),
        (format!("{page}/block"), "blocked=yes"),
        (format!("{page}/password"), ""),
        (
            format!("{page}/grant"),
            "credits=100&mode=live&reference=x1",
        ),
        (
            "/admin/accounts".to_owned(),
            "email=eve%40example.com&type=PRO",
        ),
        (
            "/admin/models/gpt-image-2".to_owned(),
            "name=Cheap&price_1K=1&price_2K=1&price_4K=1&reference_image_limit=1&provider=openai&provider_model=x",
        ),
    ];
    let seen = async || {
        let mut seen = String::new();
        for path in [
            &page,
            "/admin/accounts",
            "/admin/models/gpt-image-2",
            "/admin/acts",
        ] {
            seen += &get(&hub, path, &root).await.1;
        }
        // Each form of a page that grants has a name of its own.
        seen.lines()
            .filter(|line| !line.contains("name=\"reference\""))
            .collect::<String>()
    };
    let before = seen().await;
    for (path, form) in &forms {
        assert_eq!(post(&hub, path, &bob, form).await.0, 403, "{path}");
        assert!(
            matches!(post(&hub, path, "", form).await.0, 303 | 401),
            "{path}"
        );
    }
    assert_eq!(seen().await, before);
    // The test would not see a change if these forms were refused for what they say.
    for (path, form) in &forms {
        let (status, body) = post(&hub, path, &root, form).await;
        assert!(matches!(status, 200 | 303), "{path}: {status} {body}");
    }
    assert_ne!(seen().await, before);
}
