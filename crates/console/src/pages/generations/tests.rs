use super::*;
use crate::pages::samples::{failed, generation, succeeded};
use crate::testing::{HOSTILE, account, assert_safe, time, uuid};
use gih_domain::api_key::KeyName;
use gih_domain::generation::State;
use gih_domain::id::{AccountId, KeyId};
use gih_domain::mode::Mode;

fn key(name: &str, mode: Mode) -> ApiKey {
    ApiKey {
        id: KeyId(uuid(9)),
        account: AccountId(uuid(7)),
        mode,
        name: KeyName::parse(name).unwrap(),
        prefix: "gih_test_Ab3dE9".to_owned(),
        created_at: time("2026-04-30T08:00:00Z"),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        previous: None,
    }
}

fn page(query: &str, keys: &[ApiKey], generations: Vec<Generation>, has_more: bool) -> String {
    let filter = GalleryFilter::read(Mode::Test, &Fields::of_query(query), keys);
    let shell = Shell::of("Generations", Section::Generations, &account())
        .with_mode(ModeSwitch::at("/generations", Mode::Test))
        .with_script("generations.js");
    let page = Page {
        generations,
        has_more,
    };
    let html = GalleryPage::new(shell, filter, keys, &page)
        .render()
        .unwrap();
    assert_safe(&html);
    html
}

#[test]
fn an_empty_gallery_says_what_to_do() {
    let html = page("", &[], Vec::new(), false);
    assert!(html.contains("Nothing here in test mode yet"));
    assert!(!html.contains("data-statuses"));
    let html = page("status=failed", &[], Vec::new(), false);
    assert!(html.contains("Nothing matches"));
    assert!(html.contains("href=\"/generations?mode=test\""));
}

#[test]
fn generations_are_told_by_their_images_or_their_status() {
    let shown = vec![
        generation("A red fox\nin the snow", succeeded(2)),
        generation("One of two", succeeded(1)),
        generation("Refused", failed("No.")),
        generation("Soon", State::Queued),
    ];
    let html = page("", &[], shown, false);
    for shown in [
        "src=\"/thumbnails/img_00000000000000000000000000000064\" alt=\"First of 2 images: A red fox in the snow\" width=\"320\" height=\"320\" loading=\"lazy\"",
        ">16 credits<",
        ">8 of 16<",
        ">Refunded<",
        ">16 held<",
        "<span class=\"tag failed\" aria-hidden=\"true\">Failed</span>",
        "data-status=\"queued\"",
        "data-statuses=\"/generations/statuses?mode=test&amp;ids=gen_00000000000000000000000000000001\"",
    ] {
        assert!(html.contains(shown), "{shown}");
    }
}

#[test]
fn filters_stay_in_the_address() {
    let keys = [key("web shop", Mode::Test)];
    let id = KeyId(uuid(9)).to_string();
    let query = format!(
        "status=succeeded&key={id}&from=2026-04-01&to=2026-04-30&after=gen_00000000000000000000000000000005"
    );
    let html = page(&query, &keys, vec![generation("A fox", succeeded(1))], true);
    let address = format!(
        "/generations?mode=test&#38;status=succeeded&#38;key={id}&#38;from=2026-04-01&#38;to=2026-04-30"
    );
    assert!(html.contains(&format!("href=\"{address}\"")));
    assert!(html.contains(&format!(
        "href=\"{address}&#38;after=gen_00000000000000000000000000000001\""
    )));
    assert!(html.contains(&format!(
        "<option value=\"{id}\" selected>web shop</option>"
    )));
    let console = page("key=console", &keys, Vec::new(), false);
    assert!(console.contains("<option value=\"console\" selected>"));
}

#[test]
fn a_filter_that_makes_no_sense_filters_nothing_and_is_said() {
    let keys = [key("web shop", Mode::Live)];
    let query = format!("status=lost&key={}&from=yesterday&after=x", KeyId(uuid(9)));
    let fields = Fields::of_query(&query);
    let filter = GalleryFilter::read(Mode::Test, &fields, &keys);
    let list = filter.generations(None, GENERATIONS);
    assert_eq!((list.status, list.key, list.after), (None, None, None));
    assert_eq!((list.created_from, list.created_before), (None, None));
    let html = page(&query, &keys, vec![generation("A fox", succeeded(1))], true);
    for said in [
        "There is no such status",
        "You have no such key in test mode",
        "“yesterday” is no day",
        "href=\"/generations?mode=test&#38;after=gen_00000000000000000000000000000001\"",
    ] {
        assert!(html.contains(said), "{said}");
    }
    // Keys of the other mode are not offered.
    assert!(!html.contains("web shop"));
}

#[test]
fn hostile_prompts_keys_and_filters_stay_text() {
    let keys = [key(HOSTILE, Mode::Test)];
    let query = crate::form::query(&[("status", HOSTILE), ("key", HOSTILE), ("to", HOSTILE)]);
    let html = page(
        &query,
        &keys,
        vec![
            generation(HOSTILE, succeeded(2)),
            generation(HOSTILE, failed(HOSTILE)),
        ],
        true,
    );
    assert!(html.contains("&#60;script&#62;alert(1)"));
}

#[test]
fn a_full_page_is_light() {
    let prompt = "狐狸".repeat(16_000);
    let full = (0..GENERATIONS).map(|_| generation(&prompt, succeeded(2)));
    let html = page("", &[], full.collect(), true);
    assert!(html.len() < 38_000, "{} bytes", html.len());
}
