//! A hub that has been used for a while, and all its pages.

use serde_json::{Value, json};

use super::*;

/// Whoever looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Viewer {
    Stranger,
    Admin,
}

/// A page to look at.
pub(super) struct Page {
    /// As a file name.
    pub(super) name: &'static str,
    pub(super) path: String,
    pub(super) viewer: Viewer,
}

/// The account that has used the hub; it may administer it too.
pub(super) const OWNER: &str = "ann@example.com";

/// Prompts of the test mode, and what becomes of them.
const PROMPTS: [(&str, &str, u8); 8] = [
    ("A red fox in the snow, woodcut", "1:1", 1),
    ("Poster for a night train, two colours", "2:3", 2),
    ("sandbox:refuse something that is refused", "1:1", 1),
    (
        "A lighthouse seen from a small boat, gouache, with a very long description that goes on and on, as people write them when they know exactly what they want to see",
        "16:9",
        1,
    ),
    ("sandbox:partial=2 A set of four icons", "1:1", 4),
    ("Plan of a garden, isometric", "4:3", 1),
    ("sandbox:fail A picture that never comes", "3:2", 1),
    ("눈 속의 붉은 여우", "3:4", 1),
];

/// Uses the hub for a while; its pages, with something on each.
pub(super) async fn used(hub: &Hub) -> Vec<Page> {
    add_account(hub, OWNER, &["--admin", "--type", "PRO"]);
    for email in [
        "bob@example.com",
        "a.rather.long.name@a-rather-long-domain.example.com",
    ] {
        add_account(hub, email, &[]);
    }
    let grant = |credits: &str, more: &[&str]| {
        let fixed = ["credits", "grant", "--email", OWNER, "--credits", credits];
        hub.gih_json(&[&fixed, more].concat());
    };
    grant("500", &["--note", "Starter pack"]);
    grant("200", &["--expires-at", "2099-01-01", "--mode", "test"]);
    let key = |name: &str, mode: &str, more: &[&str]| -> Value {
        let fixed = [
            "key", "create", "--email", OWNER, "--name", name, "--mode", mode,
        ];
        hub.gih_json(&[&fixed, more].concat())
    };
    let shop = key("web shop", "test", &[]);
    key("nightly posters", "live", &["--expires-in", "90d"]);
    let api = hub.with_key(shop["key"].as_str().unwrap());
    let mut made = Vec::new();
    for (prompt, ratio, n) in PROMPTS {
        let ask = json!({"model": "gpt-image-2", "prompt": prompt, "aspect_ratio": ratio, "n": n, "async": true});
        let answer = api.generate(ask).await;
        let id = answer.ok(202)["id"].as_str().unwrap().to_owned();
        made.push(api.end(&id).await);
    }
    assert_eq!(
        made[1]["images"].as_array().unwrap().len(),
        2,
        "{}",
        made[1]
    );
    assert_eq!(made[6]["status"], "failed", "{}", made[6]);
    let id = |at: usize| made[at]["id"].as_str().unwrap().to_owned();
    let key_id = shop["id"].as_str().unwrap();
    let bob = hub.gih_json(&["account", "create", "--email", "carol@example.com"]);
    let bob = bob["id"].as_str().unwrap();

    let page = |name, viewer, path: &str| Page {
        name,
        path: path.to_owned(),
        viewer,
    };
    let (stranger, admin) = (Viewer::Stranger, Viewer::Admin);
    vec![
        page("documentation", stranger, "/"),
        page("documentation-it", stranger, "/it/api-docs"),
        page("documentation-ko", stranger, "/ko/api-docs"),
        page("documentation-zh", stranger, "/zh/api-docs"),
        page("documentation-hi", stranger, "/hi/api-docs"),
        page("api-explorer", stranger, "/api-explorer"),
        page("sign-in", stranger, "/sign-in"),
        page("sign-up", stranger, "/sign-up"),
        page("not-found", stranger, "/no/such/page"),
        page("account", admin, "/account"),
        page("keys", admin, "/keys"),
        page("key-revoke", admin, &format!("/keys/{key_id}/revoke")),
        page("key-rotate", admin, &format!("/keys/{key_id}/rotate")),
        page("credits", admin, "/credits?mode=test"),
        page("generations", admin, "/generations?mode=test"),
        page("generations-nothing", admin, "/generations?mode=live"),
        page("generation", admin, &format!("/generations/{}", id(1))),
        page(
            "generation-failed",
            admin,
            &format!("/generations/{}", id(6)),
        ),
        page("playground", admin, "/playground?mode=test"),
        page("admin", admin, "/admin?mode=test"),
        page("admin-accounts", admin, "/admin/accounts"),
        page("admin-account", admin, &format!("/admin/accounts/{bob}")),
        page(
            "admin-block",
            admin,
            &format!("/admin/accounts/{bob}/block"),
        ),
        page("admin-models", admin, "/admin/models"),
        page("admin-model", admin, "/admin/models/gpt-image-2"),
        page("admin-generations", admin, "/admin/generations?mode=test"),
        page(
            "admin-generation",
            admin,
            &format!("/admin/generations/{}", id(4)),
        ),
        page("admin-acts", admin, "/admin/acts"),
    ]
}
