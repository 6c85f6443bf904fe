use super::*;
use crate::pages::samples::{failed, generation, reference, succeeded};
use crate::testing::{HOSTILE, account, assert_safe, time, uuid};
use gih_domain::generation::State;
use gih_domain::id::{EntryId, LotId};
use gih_domain::ledger::Cause;
use gih_domain::ports::LotSource;

fn found(generation: Generation) -> Found {
    let is_ended = generation.end().is_some();
    let entry = |number, cause, amount| Entry {
        id: EntryId(uuid(number)),
        lot: LotId(uuid(2)),
        lot_source: LotSource::Grant,
        lot_note: Some("invoice 7".to_owned()),
        cause,
        amount,
        generation: Some(generation.id),
        created_at: time("2026-04-30T08:00:00Z"),
    };
    Found {
        owner: None,
        timeline: Some(Timeline {
            accepted_at: time("2026-04-30T08:00:00Z"),
            started_at: is_ended.then(|| time("2026-04-30T08:00:02Z")),
            dispatched_at: is_ended.then(|| time("2026-04-30T08:00:02.500Z")),
            completed_at: generation.end().map(|end| end.completed_at),
        }),
        entries: vec![entry(1, Cause::Charge, -16), entry(2, Cause::Refund, 8)],
        key: Some("web shop".to_owned()),
        usual: None,
        generation,
    }
}

fn render(found: &Found) -> String {
    let page = GenerationPage::new(&account(), found, time("2026-04-30T08:00:12Z"));
    let html = page.render().unwrap();
    assert_safe(&html);
    html
}

#[test]
fn a_generation_is_told_from_its_request_to_its_cost() {
    let mut with_reference = generation("A red fox\n  in the snow", succeeded(1));
    with_reference.references = vec![reference()];
    let html = render(&found(with_reference));
    for shown in [
        "<title>A red fox in the snow · ",
        "href=\"/images/img_00000000000000000000000000000064\" target=\"_blank\" rel=\"noopener\"",
        "width=\"1536\" height=\"1024\"",
        "href=\"/images/img_00000000000000000000000000000064?download=1\"",
        "href=\"/playground?reference=img_00000000000000000000000000000064\"",
        "1536 × 1024 · PNG · 1.4 MB",
        // The prompt is whole, spaces and lines as they came.
        "A red fox\n  in the snow</p>",
        "href=\"/playground?from=gen_00000000000000000000000000000001\"",
        "Reference images are not kept: add it again",
        "<dd>3:2</dd>",
        "<dd>web shop</dd>",
        "Sent to the sandbox <span class=\"muted\">after 0.5 s</span>",
        "Succeeded <span class=\"muted\">after 28 s</span>",
        "31 s in all.",
        "16 <span class=\"muted\">(8 credits × 2)</span>",
        "<dt>Charged in the end</dt><dd>8</dd>",
        "<dt>Refunded</dt><dd>8</dd>",
        "1 image of 2 was not delivered and refunded.",
        "Charged for a generation",
        "data-copy=\"generation-id\"",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
    assert!(!html.contains("data-status-url"));
}

#[test]
fn one_that_is_not_finished_says_how_long_it_may_take() {
    let mut queued = found(generation("A fox", State::Queued));
    queued.usual = Some(Duration::from_secs(40));
    let html = render(&queued);
    for shown in [
        "data-status-url=\"/generations/gen_00000000000000000000000000000001/status\"",
        "max=\"40\" value=\"12\"",
        "Such a one usually takes 40 s.",
        "Waiting for a free place.",
        "still to come",
        ">Refresh</a>",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
    assert!(!html.contains("Charged in the end"));
    queued.usual = None;
    let html = render(&queued);
    assert!(html.contains("not known yet"));
    assert!(!html.contains("max="));
    // However long it takes, the bar does not end before it does.
    queued.usual = Some(Duration::from_secs(10));
    assert!(render(&queued).contains("max=\"10\" value=\"9\""));
}

#[test]
fn an_admin_is_told_whose_it_is_and_is_not_offered_to_go_on_with_it() {
    for state in [succeeded(2), State::Running { dispatched: true }] {
        let mut anothers = found(generation("A fox", state));
        let html = render(&anothers);
        assert!(html.contains("/playground?from="));
        assert!(!html.contains("Provider in live mode"));
        anothers.owner = Some(account());
        let html = render(&anothers);
        for shown in [
            "/admin/accounts/acc_",
            ">ann@example.com</a>",
            "href=\"/admin/generations\"",
            "<dd>openai: gpt-image-2</dd>",
        ] {
            assert!(html.contains(shown), "{shown}");
        }
        for not in ["href=\"/playground?", "\"/generations/gen_"] {
            assert!(!html.contains(not), "{not}");
        }
    }
}

#[test]
fn one_without_images_says_why_and_that_nothing_was_charged() {
    let mut failed = found(generation("A fox", failed("The prompt was refused.")));
    failed.key = None;
    let html = render(&failed);
    for shown in [
        "The prompt was refused.",
        "<code>contentRejected</code>",
        "Nothing of it was charged",
        "<dd>Console</dd>",
        "<dt>Charged in the end</dt><dd>0</dd>",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
    assert!(!html.contains("class=\"pictures\""));
}

#[test]
fn hostile_prompts_keys_notes_and_errors_stay_text() {
    for state in [succeeded(2), failed(HOSTILE), State::Queued] {
        let mut hostile = found(generation(HOSTILE, state));
        hostile.key = Some(HOSTILE.to_owned());
        hostile.entries[0].lot_note = Some(HOSTILE.to_owned());
        hostile.generation.model = HOSTILE.to_owned();
        let html = render(&hostile);
        assert!(html.contains("&#60;script&#62;alert(1)"));
    }
}

#[test]
fn scripts_are_told_where_it_is() {
    let at = time("2026-04-30T08:00:12Z");
    let json = |state, usual| {
        serde_json::to_value(Whereabouts::new(&generation("A fox", state), usual, at)).unwrap()
    };
    let running = json(
        State::Running { dispatched: true },
        Some(Duration::from_secs(40)),
    );
    assert_eq!(running["status"], "running");
    assert_eq!(running["is_ended"], false);
    assert_eq!(running["elapsed_seconds"], 12.0);
    assert_eq!(running["usual_seconds"], 40.0);
    assert_eq!(running["credits"], 16);
    let done = json(succeeded(1), None);
    assert_eq!(done["is_ended"], true);
    assert_eq!(done["elapsed_seconds"], 31.0);
    assert_eq!(done["credits"], 8);
    assert_eq!(
        done["image_urls"][0],
        "/images/img_00000000000000000000000000000064"
    );
    assert_eq!(done["error"], serde_json::Value::Null);
    let failed = json(failed("No."), None);
    assert_eq!(failed["error"]["code"], "contentRejected");
    assert_eq!(failed["image_urls"].as_array().map(Vec::len), Some(0));
}
