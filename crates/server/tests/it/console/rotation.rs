//! Rotating a key: callers move without an outage, also when the form is sent twice.

use super::*;

/// What the form of a key would send: the secret that it replaces.
async fn replaces(hub: &Hub, path: &str, cookie: &str) -> String {
    let (_, body) = get(hub, path, cookie).await;
    let (_, rest) = body.split_once("name=\"replaces\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

/// The secret that a page shows once.
fn shown(body: &str) -> &str {
    let (_, rest) = body.split_once("<code id=\"secret\">").unwrap();
    rest.split_once('<').unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_rotates_is_done_once() {
    on_both(async |options| {
        let hub = Hub::start(options).await;
        add_account(&hub, "ann@example.com", &[]);
        let ann = cookie_of(&hub, "ann@example.com").await;
        let (_, body) = post(&hub, "/keys", &ann, "name=shop&mode=test&expires=never").await;
        let first = shown(&body).to_owned();
        let (_, list) = get(&hub, "/keys", &ann).await;
        let (before, _) = list.split_once("/rotate\"").unwrap();
        let id = before.rsplit_once("/keys/").unwrap().1;
        let path = format!("/keys/{id}/rotate");
        let status = async |secret: &str| {
            let answer = hub.with_key(secret).get("/api/v1/credits").await;
            answer.status
        };

        let form = format!("overlap=24h&replaces={}", replaces(&hub, &path, &ann).await);
        let (answered, body) = post(&hub, &path, &ann, &form).await;
        assert_eq!(answered, 200, "{body}");
        let second = shown(&body).to_owned();
        assert_eq!((status(&first).await, status(&second).await), (200, 200));
        // Loaded again without scripts, pressed in another tab, or sent again after its answer was lost.
        let (answered, body) = post(&hub, &path, &ann, &form).await;
        assert_eq!(answered, 409, "{body}");
        assert!(body.contains("has been rotated already"), "{body}");
        assert_eq!((status(&first).await, status(&second).await), (200, 200));

        // A new look at it is a new wish, and ends what was replaced before.
        let form = format!("overlap=0&replaces={}", replaces(&hub, &path, &ann).await);
        let (_, body) = post(&hub, &path, &ann, &form).await;
        let third = shown(&body).to_owned();
        assert_eq!(
            (
                status(&first).await,
                status(&second).await,
                status(&third).await
            ),
            (401, 401, 200)
        );
    })
    .await;
}
