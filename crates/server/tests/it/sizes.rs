//! From what a caller asks to what the provider is asked, what is answered and what it costs.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::support::*;

/// The contract's table: ratio, then landscape size and price of each tier.
const TABLE: [(&str, [&str; 3]); 8] = [
    ("1:1", ["1024x1024", "1920x1920", "2880x2880"]),
    ("5:4", ["1280x1024", "2080x1664", "3200x2560"]),
    ("4:3", ["1344x1008", "2176x1632", "3264x2448"]),
    ("3:2", ["1536x1024", "2304x1536", "3504x2336"]),
    ("16:9", ["1536x864", "2560x1440", "3840x2160"]),
    ("2:1", ["1536x768", "2688x1344", "3840x1920"]),
    ("21:9", ["1568x672", "2912x1248", "3808x1632"]),
    ("3:1", ["1776x592", "3312x1104", "3840x1280"]),
];
const TIERS: [(&str, i64); 3] = [("1K", 8), ("2K", 10), ("4K", 12)];

fn turned(text: &str, by: char) -> String {
    let (one, other) = text.split_once(by).unwrap();
    format!("{other}{by}{one}")
}

/// What the stand-in was asked last: size and quality.
fn asked(upstream: &gih_fake_openai::FakeOpenAi) -> (Value, Value) {
    let call = upstream.requests().pop().unwrap();
    assert_eq!(call.fields["model"], "gpt-image-2");
    (call.fields["size"].clone(), call.fields["quality"].clone())
}

fn answered(body: &Value) -> (&str, &str, i64) {
    let text = |name: &str| body[name].as_str().unwrap();
    (
        text("aspect_ratio"),
        text("quality"),
        body["usage"]["credits"].as_i64().unwrap(),
    )
}

#[tokio::test]
async fn every_ratio_at_every_tier_is_drawn_at_the_tables_size_and_price() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 1_000).await;
        let portrait = TABLE[1..]
            .iter()
            .map(|(ratio, sizes)| (turned(ratio, ':'), sizes.map(|size| turned(size, 'x'))));
        let landscape = TABLE
            .iter()
            .map(|(ratio, sizes)| ((*ratio).to_owned(), sizes.map(ToOwned::to_owned)));
        let (mut spent, mut rows) = (0, 0);
        for (ratio, sizes) in landscape.chain(portrait) {
            rows += 1;
            for ((tier, price), size) in TIERS.into_iter().zip(sizes) {
                let body = api
                    .draw(json!({"aspect_ratio": ratio, "quality": tier}))
                    .await
                    .ok(200);
                assert_eq!(
                    asked(&upstream),
                    (json!(size), json!("auto")),
                    "{ratio} at {tier}"
                );
                assert_eq!(answered(&body), (ratio.as_str(), tier, price));
                spent += price;
                assert_eq!(body["balance"]["credits"], 1_000 - spent);
            }
        }
        assert_eq!((rows, upstream.call_count()), (15, 45));
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn an_open_ratio_is_left_to_the_provider_or_taken_from_the_reference() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 1_000).await;
        let without = [
            (json!({}), "1K", 8, "auto"),
            (json!({"aspect_ratio": "auto"}), "1K", 8, "auto"),
            (json!({"quality": "1K", "size": "auto"}), "1K", 8, "auto"),
            (json!({"quality": "2K"}), "2K", 10, "1920x1920"),
            (
                json!({"quality": "4K", "aspect_ratio": "auto"}),
                "4K",
                12,
                "2880x2880",
            ),
        ];
        for (fields, tier, price, size) in without {
            let body = api.draw(fields.clone()).await.ok(200);
            assert_eq!(asked(&upstream), (json!(size), json!("auto")), "{fields}");
            assert_eq!(answered(&body), ("auto", tier, price), "{fields}");
        }
        let with = [
            (samples::png(300, 200), "1K", "auto"),
            (samples::png(300, 200), "2K", "2304x1536"),
            (samples::png(90, 160), "4K", "2160x3840"),
            (samples::jpeg(100, 300), "2K", "1104x3312"),
            // Wider than any ratio: the nearest all the same.
            (samples::webp(1000, 100), "4K", "3840x1280"),
        ];
        for (reference, tier, size) in with {
            let form = Form::new()
                .text("model", "gpt-image-2")
                .text("prompt", "a fox")
                .text("quality", tier)
                .part("reference_image", Part::bytes(reference).file_name("a"))
                .part(
                    "reference_image",
                    Part::bytes(samples::png(10, 10)).file_name("b"),
                );
            let body = api.submit(form).await.ok(200);
            assert_eq!(asked(&upstream), (json!(size), json!("auto")));
            assert_eq!(
                (&body["aspect_ratio"], &body["quality"]),
                (&json!("auto"), &json!(tier))
            );
            assert_eq!(api.look(body["id"].as_str().unwrap()).await["size"], size);
        }
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn an_exact_size_is_sent_priced_and_answered_by_the_rule() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 1_000).await;
        let cases = [
            // Up to 1,572,864 pixels 1K, up to 4,194,304 2K, else 4K.
            ("1536x1024", "3:2", "1K", 8),
            ("1552x1024", "3:2", "2K", 10),
            ("2048x2048", "1:1", "2K", 10),
            ("2064x2048", "1:1", "4K", 12),
            ("3840x2160", "16:9", "4K", 12),
            ("2160x3840", "9:16", "4K", 12),
            ("1024x640", "3:2", "1K", 8),
            ("3072x1024", "3:1", "2K", 10),
            // 1.636: by difference nearer to 3:2, by logarithms, which count, to 16:9.
            ("1152x704", "16:9", "1K", 8),
        ];
        for (size, ratio, tier, price) in cases {
            let body = api.draw(json!({"size": size})).await.ok(200);
            assert_eq!(asked(&upstream), (json!(size), json!("auto")));
            assert_eq!(answered(&body), (ratio, tier, price), "{size}");
            let png = api.open(&body["images"][0]).await;
            let (width, height) = samples::dimensions(&png);
            assert_eq!(format!("{width}x{height}"), size);
            // What agrees may be said as well.
            let body = api
                .draw(json!({"size": size, "aspect_ratio": ratio, "quality": tier}))
                .await
                .ok(200);
            assert_eq!(answered(&body), (ratio, tier, price), "{size}");
        }
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn a_rendering_quality_is_forwarded_and_costs_nothing_more() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 1_000).await;
        for quality in ["auto", "low", "medium", "high"] {
            let body = api
                .draw(json!({"quality": quality, "aspect_ratio": "3:2"}))
                .await
                .ok(200);
            assert_eq!(asked(&upstream), (json!("1536x1024"), json!(quality)));
            assert_eq!(answered(&body), ("3:2", "1K", 8));
            let body = api
                .draw(json!({"quality": quality, "size": "2048x1152", "n": 2}))
                .await
                .ok(200);
            assert_eq!(asked(&upstream), (json!("2048x1152"), json!(quality)));
            assert_eq!(answered(&body), ("16:9", "2K", 20));
        }
        hub.audit();
    })
    .await;
}

#[tokio::test]
async fn a_changed_price_applies_to_what_comes_after() {
    on_both(async |options| {
        let (upstream, hub, api) = live(options, 100).await;
        let before = api.draw(json!({"quality": "2K"})).await.ok(200);
        hub.gih_json(&[
            "model",
            "set",
            "gpt-image-2",
            "--price",
            "1K=1",
            "--price",
            "2K=1",
            "--price",
            "4K=1",
        ]);
        let after = api.draw(json!({"quality": "2K", "n": 3})).await.ok(200);
        assert_eq!(
            (&before["usage"], &after["usage"]),
            (&json!({"credits": 10}), &json!({"credits": 3}))
        );
        let found = api.look(before["id"].as_str().unwrap()).await;
        assert_eq!(
            found["usage"],
            json!({"credits": 10, "credits_requested": 10}),
            "the price that applied stays"
        );
        let models = hub.without_key().get("/api/v1/models").await.ok(200);
        assert_eq!(
            models["data"][0]["credits_per_image"],
            json!({"1K": 1, "2K": 1, "4K": 1})
        );
        assert_eq!((api.credits().await, upstream.call_count()), (87, 2));
        hub.audit();
    })
    .await;
}
