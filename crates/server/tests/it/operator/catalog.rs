//! The catalog: what operators change is what callers see and pay.

use gih_fake_openai::FakeOpenAi;
use serde_json::{Value, json};

use super::site::{KINDS, Site, keys, says};

/// The prices that `GET /api/v1/models` tells.
async fn listed(hub: &crate::support::Hub) -> Value {
    let models = hub.without_key().get("/api/v1/models").await.ok(200);
    let prices = models["data"].as_array().unwrap().iter();
    prices
        .map(|model| model["credits_per_image"].clone())
        .collect()
}

#[tokio::test]
async fn a_changed_price_is_listed_and_charged_and_what_was_paid_stays() {
    for kind in KINDS {
        let upstream = FakeOpenAi::start().await;
        let mut site = Site::of(kind);
        site.options = site.options.upstream(&upstream);
        let hub = site.serve().await;
        let ann = hub.account();
        ann.grant(100);
        let ann = ann.live();
        assert_eq!(listed(&hub).await, json!([{"1K": 8, "2K": 10, "4K": 12}]));
        let before = ann.draw(json!({})).await.ok(200);
        assert_eq!(
            (&before["usage"], ann.credits().await),
            (&json!({"credits": 8}), 92)
        );

        let changed = hub.gih_json(&[
            "model",
            "set",
            "gpt-image-2",
            "--price",
            "1K=5",
            "--price",
            "4K=40",
        ]);
        let wanted = [
            "credits_per_image",
            "enabled",
            "id",
            "name",
            "provider",
            "provider_model",
            "reference_image_limit",
        ];
        assert_eq!(keys(&changed), wanted);
        let prices = json!({"1K": 5, "2K": 10, "4K": 40});
        assert_eq!(
            changed["credits_per_image"], prices,
            "a tier that is not named keeps its price"
        );
        assert_eq!(listed(&hub).await, json!([prices]));
        let after = ann.draw(json!({"n": 2})).await.ok(200);
        assert_eq!(
            (&after["usage"], ann.credits().await),
            (&json!({"credits": 10}), 82)
        );
        let first = ann.look(before["id"].as_str().unwrap()).await;
        assert_eq!(
            first["usage"],
            json!({"credits": 8, "credits_requested": 8})
        );

        // A price of nothing is a price.
        hub.gih_json(&["model", "set", "gpt-image-2", "--price", "1K=0"]);
        assert_eq!(
            ann.draw(json!({})).await.ok(200)["usage"],
            json!({"credits": 0})
        );
        assert_eq!(ann.credits().await, 82);
        hub.audit();
    }
}

#[tokio::test]
async fn a_disabled_model_is_not_sold() {
    for kind in KINDS {
        let hub = Site::of(kind).serve().await;
        let ann = hub.account().test();
        let off = hub.gih_json(&["model", "set", "gpt-image-2", "--enabled", "false"]);
        assert_eq!(off["enabled"], false);
        assert_eq!(listed(&hub).await, json!([]));
        assert_eq!(ann.draw(json!({})).await.ok(400)["error"]["param"], "model");
        hub.gih_json(&[
            "model",
            "set",
            "gpt-image-2",
            "--enabled",
            "true",
            "--name",
            "Fox Painter",
        ]);
        let models = hub.without_key().get("/api/v1/models").await.ok(200);
        assert_eq!(models["data"][0]["name"], "Fox Painter");
        ann.draw(json!({})).await.ok(200);
        hub.audit();
    }
}

#[test]
fn models_are_listed_and_changed_field_by_field() {
    for kind in KINDS {
        let site = Site::of(kind);
        site.json(&["migrate"]);
        let shipped = site.json(&["model", "list"]);
        let wanted = json!([{
            "id": "gpt-image-2", "name": "GPT IMAGE 2", "provider": "openai", "provider_model": "gpt-image-2",
            "credits_per_image": {"1K": 8, "2K": 10, "4K": 12}, "reference_image_limit": 16, "enabled": true,
        }]);
        assert_eq!(shipped, wanted);
        says(
            &site.gih(&["model", "list"]),
            &["gpt-image-2", "enabled", "openai", "1K=8 2K=10 4K=12"],
        );

        let args = [
            "model",
            "set",
            "gpt-image-2",
            "--provider-model",
            "gpt-image-2-2026-04-21",
            "--reference-image-limit",
            "4",
        ];
        let mut changed = wanted[0].clone();
        changed["provider_model"] = json!("gpt-image-2-2026-04-21");
        changed["reference_image_limit"] = json!(4);
        assert_eq!(site.json(&args), changed);
        says(
            &site.gih(&["model", "set", "gpt-image-2", "--price", "2K=11"]),
            &["gpt-image-2", "2K=11"],
        );
        changed["credits_per_image"]["2K"] = json!(11);
        assert_eq!(site.json(&["model", "list"]), json!([changed]));

        // Seeding alters no row; with --reset it writes all as they ship.
        assert_eq!(site.json(&["seed"]), json!({"models_seeded": 0}));
        assert_eq!(site.json(&["model", "list"]), json!([changed]));
        assert_eq!(site.json(&["seed", "--reset"]), json!({"models_seeded": 1}));
        assert_eq!(site.json(&["model", "list"]), wanted);
        site.place.execute("DELETE FROM models");
        assert_eq!(site.json(&["model", "list"]), json!([]));
        says(&site.gih(&["seed"]), &["1"]);
        assert_eq!(site.json(&["model", "list"]), wanted);
    }
}

/// An operator's edits outlive starts.
#[tokio::test]
async fn a_start_leaves_the_catalog_alone() {
    for kind in KINDS {
        let site = Site::of(kind);
        site.json(&["migrate"]);
        site.json(&["model", "set", "gpt-image-2", "--price", "1K=3"]);
        let hub = site.serve().await;
        assert_eq!(listed(&hub).await, json!([{"1K": 3, "2K": 10, "4K": 12}]));
    }
}
