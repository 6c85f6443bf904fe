use super::*;
use crate::testing::{blob, blob_of, model};

#[path = "request_tests/fields.rs"]
mod fields;
#[path = "request_tests/fingerprints.rs"]
mod fingerprints;
#[path = "request_tests/ratios.rs"]
mod ratios;
#[path = "request_tests/sizes.rs"]
mod sizes;

/// The least that a request says.
fn draft() -> Draft {
    Draft {
        model: Some("gpt-image-2".to_owned()),
        prompt: Some("a fox".to_owned()),
        ..Draft::default()
    }
}

/// The least, and these: `aspect_ratio`, `size`, `quality`, each absent when empty.
fn asked(aspect_ratio: &str, size: &str, quality: &str) -> Draft {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Draft {
        aspect_ratio: given(aspect_ratio),
        size: given(size),
        quality: given(quality),
        ..draft()
    }
}

fn resolve(draft: Draft) -> Result<Request, InvalidRequest> {
    Request::resolve(draft, &model(), MAX_IMAGES_V1)
}

/// Asserts that the draft is refused for this field, in a message that holds all of `says`.
fn refused(draft: Draft, param: &str, says: &[&str]) {
    let asked = format!("{draft:?}");
    let refused = resolve(draft).expect_err(&asked);
    assert_eq!(refused.param, param, "{refused} ({asked})");
    for text in says {
        assert!(
            refused.message.contains(text),
            "{text:?} is not in: {refused}"
        );
    }
    assert!(refused.message.starts_with(param), "{refused}");
    assert_eq!(refused.to_string(), refused.message);
}

/// What was resolved, short: size and ratio (`auto` when open), tier, rendering quality.
fn resolved(draft: Draft) -> (String, String, &'static str, &'static str) {
    let asked = format!("{draft:?}");
    let request = resolve(draft).expect(&asked);
    (
        request
            .size
            .map_or("auto".to_owned(), |size| size.to_string()),
        request
            .aspect_ratio
            .map_or("auto".to_owned(), |ratio| ratio.to_string()),
        request.tier.as_str(),
        request.rendering_quality.as_str(),
    )
}

/// The same, with the texts borrowed: what tests expect.
fn assert_resolved(draft: Draft, size: &str, ratio: &str, tier: &str, rendering_quality: &str) {
    let asked = format!("{draft:?}");
    let (a, b, c, d) = resolved(draft);
    assert_eq!(
        (a.as_str(), b.as_str(), c, d),
        (size, ratio, tier, rendering_quality),
        "{asked}"
    );
}
