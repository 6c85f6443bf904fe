use gih_domain::catalog::shipped_models;
use gih_domain::size::Size;

use super::*;
use crate::testing::{HOSTILE, account, admin, assert_safe};

fn form(prompt: &str) -> Form {
    Form {
        model: None,
        prompt: prompt.to_owned(),
        choice: Choice::default(),
    }
}

struct Sample {
    account: Account,
    mode: Mode,
    models: Vec<Model>,
    balance: u32,
    form: Form,
    can_draw: bool,
    usual_times: Vec<UsualTime>,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            account: account(),
            mode: Mode::Test,
            models: shipped_models(),
            balance: 992,
            form: form(""),
            can_draw: true,
            usual_times: Vec::new(),
        }
    }
}

impl Sample {
    fn page(&self) -> PlaygroundPage {
        PlaygroundPage::new(&Parts {
            account: &self.account,
            mode: self.mode,
            models: &self.models,
            balance: Credits::from_u32(self.balance),
            usual_times: &self.usual_times,
            form: self.form.clone(),
            reference: None,
            once: "0123456789abcdef",
            public_url: "https://hub.example.com",
            can_draw: &|_| self.can_draw,
        })
    }

    fn html(&self) -> String {
        let html = self.page().render().unwrap();
        assert_safe(&html);
        html
    }
}

/// The script's data as it reads it.
fn data_of(html: &str) -> Value {
    let (_, data) = html
        .split_once(r#"<script type="application/json" id="play-data">"#)
        .unwrap();
    serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_price_stands_before_the_click() {
    let html = Sample::default().html();
    assert!(html.contains("1 image: 8 credits · balance 992 → 984"));
    assert!(html.contains(r#"id="shortage" role="status" tabindex="-1" hidden"#));
    assert!(html.contains("the built-in sandbox draws"));
    assert!(html.contains("sandbox:delay=SECONDS"));
}

#[test]
fn a_balance_that_does_not_cover_it_is_said_with_what_to_do() {
    let mut sample = Sample {
        mode: Mode::Live,
        balance: 9,
        ..Sample::default()
    };
    sample.form.choice.n = 2;
    let html = sample.html();
    assert!(html.contains("2 images: 16 credits · balance 9"));
    assert!(html.contains("does not cover this: 7 credits are missing."));
    assert!(html.contains("ask whoever runs this hub"));
    assert!(html.contains("/playground?mode=test"));
    assert!(!html.contains("sandbox:fail"));
}

#[test]
fn what_is_typed_is_kept_and_escaped() {
    let mut sample = Sample {
        form: form(HOSTILE),
        ..Sample::default()
    };
    sample.models[0].name = HOSTILE.to_owned();
    sample.models[0].provider = HOSTILE.to_owned();
    sample.can_draw = false;
    let mut page = sample.page();
    page.remarks = vec![HOSTILE.to_owned()];
    for param in [Some("prompt"), Some("reference_image"), None] {
        page.refusal = Some(Refusal {
            status: 400,
            code: "invalid_request",
            message: HOSTILE.to_owned(),
            param: param.map(ToOwned::to_owned),
        });
        let html = page.render().unwrap();
        assert_safe(&html);
        assert!(html.contains("&#60;script&#62;alert(1)"));
    }
}

#[test]
fn data_for_the_script_cannot_end_its_element() {
    let mut sample = Sample::default();
    sample.models[0].id = "</script><script>alert(1)</script>".to_owned();
    let html = sample.html();
    let data = data_of(&html);
    assert!(data["models"][&sample.models[0].id].is_object());
}

#[test]
fn a_refusal_stands_beside_its_field() {
    for (param, id) in [
        (Some("prompt"), "prompt-wrong"),
        (Some("reference_image"), "files-wrong"),
        (Some("size"), "shape-wrong"),
        (Some("quality"), "quality-wrong"),
        (Some("n"), "n-wrong"),
        (Some("model"), "wrong"),
        (None, "wrong"),
    ] {
        let mut page = Sample::default().page();
        page.refusal = Some(Refusal {
            status: 400,
            code: "invalid_request",
            message: "Not so.".to_owned(),
            param: param.map(ToOwned::to_owned),
        });
        let html = page.render().unwrap();
        assert_eq!(html.matches("Not so.").count(), 1);
        let (before, _) = html.split_once("Not so.").unwrap();
        let element = &before[before.rfind('<').unwrap()..];
        assert!(element.contains(&format!("id=\"{id}\"")), "{element}");
        assert!(!element.contains("hidden"), "{element}");
    }
}

#[test]
fn without_a_model_the_page_says_what_to_do() {
    let mut sample = Sample {
        models: Vec::new(),
        ..Sample::default()
    };
    let html = sample.html();
    assert!(html.contains("No model is on sale"));
    assert!(!html.contains("<form class=\"ask\""));
    assert!(!html.contains("/admin/models"));
    sample.account = admin();
    assert!(sample.html().contains("/admin/models"));
}

#[test]
fn without_a_provider_the_page_says_so() {
    let sample = Sample {
        mode: Mode::Live,
        can_draw: false,
        ..Sample::default()
    };
    assert!(sample.html().contains("No openai account is configured"));
}

#[test]
fn an_exact_size_is_a_shape_of_its_own() {
    let mut sample = Sample::default();
    sample.form.choice.shape = Shape::Exact(Size::new(2048, 1536).unwrap());
    let html = sample.html();
    assert!(html.contains(r#"value="2048x1536" checked"#));
    assert!(html.contains(r#"value="2K" checked"#));
    assert!(html.contains("1 image: 10 credits"));
    assert!(html.contains("&#34;size&#34;: &#34;2048x1536&#34;"));
}

#[test]
fn several_models_are_offered_with_the_shapes_of_all() {
    let mut sample = Sample::default();
    let mut other = sample.models[0].clone();
    other.id = "other".to_owned();
    other.aspect_ratios.truncate(2);
    sample.models.push(other);
    sample.form.model = Some("other".to_owned());
    sample.form.choice.shape = Shape::parse("9:16").unwrap();
    let html = sample.html();
    assert!(html.contains(r#"<option value="other" selected>"#));
    // What it does not draw is not chosen.
    assert!(html.contains(r#"value="auto" checked"#));
    let data = data_of(&html);
    assert!(data["models"]["gpt-image-2"]["shapes"]["9:16"].is_object());
    assert!(data["models"]["other"]["shapes"]["9:16"].is_null());
}

#[test]
fn usual_times_are_of_this_mode() {
    use std::time::Duration;
    let usual = |mode, seconds: u64| UsualTime {
        mode,
        model: "gpt-image-2".to_owned(),
        tier: Tier::TwoK,
        rendering_quality: RenderingQuality::High,
        n: 2,
        took: Duration::from_millis(seconds * 1000 + 44),
    };
    let sample = Sample {
        usual_times: vec![usual(Mode::Live, 40), usual(Mode::Test, 12)],
        ..Sample::default()
    };
    let data = data_of(&sample.html());
    assert_eq!(
        data["usual"],
        serde_json::json!([["gpt-image-2", "2K", "high", 2, 12.0]])
    );
}

#[test]
fn the_page_is_small() {
    let page = Sample::default().html().len();
    let assets = [
        include_str!("../../../assets/console.css"),
        include_str!("../../../assets/console.js"),
        include_str!("../../../assets/playground.css"),
        include_str!("../../../assets/playground.js"),
        include_str!("../../../assets/playground_code.js"),
        include_str!("../../../assets/playground_files.js"),
        include_str!("../../../assets/playground_run.js"),
    ];
    let bytes = page + assets.iter().map(|asset| asset.len()).sum::<usize>();
    assert!(bytes <= 60 * 1024, "{bytes} bytes");
}
