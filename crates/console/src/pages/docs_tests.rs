use std::collections::BTreeSet;

use gih_domain::catalog::shipped_models;
use gih_domain::size::Tier;

use super::examples::{FILES, TONGUES};
use super::*;
use crate::assets;
use crate::compress::gzip;

fn sources() -> Sources {
    Sources {
        base_url: "https://hub.example.com".to_owned(),
        is_sign_up_open: true,
        models: Some(shipped_models()),
    }
}

fn page(language: &'static Language, sources: Sources) -> String {
    DocsPage::new(language, None, sources).render().unwrap()
}

fn english(sources: Sources) -> String {
    page(Language::english(), sources)
}

#[test]
fn every_language_is_a_whole_page() {
    for language in Language::all() {
        let html = page(language, sources());
        for piece in [
            format!("<html lang=\"{}\">", language.tag),
            format!(
                "<link rel=\"canonical\" href=\"https://hub.example.com/{}/api-docs\">",
                language.code
            ),
            format!(
                "lang=\"{0}\" hreflang=\"{0}\" aria-current=\"true\">{1}</a>",
                language.tag, language.name
            ),
        ] {
            assert!(html.contains(&piece), "{language:?}: {piece}");
        }
        for other in Language::all() {
            assert!(
                html.contains(&format!("hreflang=\"{}\"", other.tag)),
                "{language:?} leads to {other:?}"
            );
        }
        assert!(
            !html.contains("{{") && !html.contains("{count}") && !html.contains("{min}"),
            "{language:?}"
        );
        assert!(
            !html.contains("style=\"") && !html.contains("<style") && !html.contains("<script>")
        );
    }
}

#[test]
fn every_place_that_a_link_leads_to_is_there() {
    for language in Language::all() {
        let html = page(language, sources());
        let ids: Vec<&str> = html
            .split(" id=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(
            ids.len(),
            unique.len(),
            "{language:?}: an id is there twice"
        );
        for target in html.split("href=\"#").skip(1) {
            let target = target.split('"').next().unwrap();
            assert!(
                unique.contains(target),
                "{language:?}: #{target} leads nowhere"
            );
        }
    }
}

/// What a browser loads at first with a page, besides images: the most, in bytes.
const MAX_WEIGHT: usize = 60_000;

#[test]
fn every_language_is_light() {
    for language in Language::all() {
        let html = page(language, sources());
        let files = ["console.css", "docs.css", "console.js", "docs.js"];
        let plain: usize = html.len()
            + files
                .map(|name| assets::bytes(name).len())
                .iter()
                .sum::<usize>();
        let sent: usize = gzip(html.as_bytes()).len()
            + files
                .map(|name| gzip(assets::bytes(name)).len())
                .iter()
                .sum::<usize>();
        println!("{language:?}: {plain} bytes, sent as {sent}");
        assert!(
            sent <= MAX_WEIGHT / 3,
            "{language:?} is sent as {sent} bytes"
        );
        // Scripts of three bytes a character weigh more before they are compressed; not much more.
        assert!(
            plain <= MAX_WEIGHT * 11 / 10,
            "{language:?} has {plain} bytes"
        );
    }
}

#[test]
fn models_are_what_the_catalog_says() {
    let mut models = shipped_models();
    models[0]
        .credits_per_image
        .insert(Tier::TwoK, gih_domain::credits::Credits::from_u32(4321));
    models[0].reference_image_limit = 7;
    models[0].name = "<b>Fox</b>".to_owned();
    let html = english(Sources {
        models: Some(models),
        ..sources()
    });
    for piece in [
        "4,321",
        "at most 7",
        "&#60;b&#62;Fox",
        "21:9",
        "3808x1632",
        "655,360 to 8,294,400",
        "above 4,194,304",
    ] {
        assert!(html.contains(piece), "{piece}");
    }
    assert!(!html.contains("<b>Fox"));
    let html = page(Language::find("it").unwrap(), sources());
    assert!(html.contains("8.294.400"));
}

#[test]
fn sizes_go_from_the_squarest_to_the_widest() {
    let html = english(sources());
    let places = ["1:1", "5:4", "4:3", "3:2", "16:9", "2:1", "21:9", "3:1"]
        .map(|ratio| html.find(&format!("<td>{ratio}</td>")).unwrap());
    assert!(places.is_sorted());
}

#[test]
fn without_models_there_is_a_sentence() {
    let t = Language::english();
    let html = english(Sources {
        models: None,
        ..sources()
    });
    assert!(html.contains(t.text("models.away")));
    let html = english(Sources {
        models: Some(Vec::new()),
        ..sources()
    });
    assert!(html.contains(t.text("models.none")));
}

#[test]
fn the_quickstart_knows_whether_strangers_may_sign_up() {
    assert!(english(sources()).contains("href=\"/sign-up\""));
    let closed = Sources {
        is_sign_up_open: false,
        ..sources()
    };
    assert!(!english(closed).contains("href=\"/sign-up\""));
}

#[test]
fn every_example_is_on_the_page_in_every_tongue() {
    let html = english(sources());
    for (name, extension, text) in FILES {
        let tongue = TONGUES.iter().find(|tongue| tongue.0 == *extension);
        match tongue {
            Some((_, class, _)) => {
                assert!(
                    html.contains(&format!("<pre class=\"{class}\" id=\"{name}-{class}\"")),
                    "{name}.{extension}"
                );
                for (other, ..) in TONGUES {
                    assert!(
                        FILES.iter().any(|file| file.0 == *name && file.1 == other),
                        "{name}.{other}"
                    );
                }
            }
            None => assert_eq!(
                *extension, "json",
                "{name}.{extension} is in no known language"
            ),
        }
        let shown = examples::code(name, extension, "https://hub.example.com");
        assert!(
            !text.is_empty() && html.contains(&shown),
            "{name}.{extension}"
        );
        assert!(
            !text.contains("gih_test_") && !text.contains("gih_live_"),
            "{name}.{extension} holds a key"
        );
    }
    // No name on the page without a file.
    assert!(!html.contains("\" tabindex=\"0\"></pre>"));
}
