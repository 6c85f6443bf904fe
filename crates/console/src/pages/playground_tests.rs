use gih_domain::catalog::shipped_models;
use gih_domain::credits::Credits;
use gih_domain::generation::State;
use gih_domain::id::{AccountId, KeyId};
use gih_domain::size::{RenderingQuality, Tier};

use super::choice::Shape;
use super::*;
use crate::testing::{time, uuid};

fn generation() -> Generation {
    Generation {
        id: GenerationId(uuid(1)),
        account: AccountId(uuid(7)),
        key: KeyId(uuid(2)),
        mode: Mode::Live,
        model: "gpt-image-2".to_owned(),
        provider: "openai".to_owned(),
        provider_model: "gpt-image-2".to_owned(),
        prompt: "a fox".to_owned(),
        n: 3,
        size: Some("2560x1440".parse().unwrap()),
        aspect_ratio: Some("16:9".parse().unwrap()),
        tier: Tier::TwoK,
        rendering_quality: RenderingQuality::High,
        price: Credits::from_u32(10),
        references: Vec::new(),
        waits: false,
        created_at: time("2026-04-30T08:00:00Z"),
        state: State::Queued,
    }
}

#[test]
fn a_generation_is_run_again_as_it_was_asked() {
    let prefill = run_again(&generation(), &shipped_models());
    assert!(prefill.remarks.is_empty());
    assert_eq!(prefill.form.prompt, "a fox");
    assert_eq!(
        prefill.form.choice,
        Choice {
            shape: Shape::parse("16:9").unwrap(),
            tier: Tier::TwoK,
            rendering_quality: RenderingQuality::High,
            n: 3,
        }
    );
}

#[test]
fn a_size_to_the_pixel_and_an_open_shape_are_kept() {
    let mut exact = generation();
    exact.size = Some("2544x1440".parse().unwrap());
    let prefill = run_again(&exact, &shipped_models());
    assert_eq!(prefill.form.choice.shape.to_string(), "2544x1440");
    let mut open = generation();
    open.aspect_ratio = None;
    let prefill = run_again(&open, &shipped_models());
    assert_eq!(prefill.form.choice.shape, Shape::Auto);
}

#[test]
fn what_cannot_be_had_again_is_said() {
    let mut gone = generation();
    gone.model = "older".to_owned();
    let prefill = run_again(&gone, &shipped_models());
    assert!(prefill.remarks[0].contains("older is not on sale any more"));
    assert!(run_again(&gone, &[]).remarks.len() == 1);
}

#[test]
fn files_are_asked_for_again_in_a_sentence_of_its_own() {
    for message in ["n is 9", "n is 9."] {
        assert_eq!(with_files_again(message), format!("n is 9. {FILES_AGAIN}"));
    }
}
