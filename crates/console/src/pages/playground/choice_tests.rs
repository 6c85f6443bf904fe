use gih_domain::catalog::shipped_models;
use gih_domain::request::Request;

use super::*;

fn model() -> Model {
    shipped_models().remove(0)
}

fn shapes(model: &Model) -> Vec<Shape> {
    let ratios = model.aspect_ratios.iter().copied().map(Shape::Ratio);
    std::iter::once(Shape::Auto).chain(ratios).collect()
}

/// The form as a browser sends it.
fn form(shape: &str, tier: &str, quality: &str) -> Draft {
    Draft {
        model: Some("gpt-image-2".to_owned()),
        prompt: Some("a fox".to_owned()),
        aspect_ratio: Some(shape.to_owned()),
        size: Some(tier.to_owned()),
        quality: Some(quality.to_owned()),
        ..Draft::default()
    }
}

fn fields(shape: &str, tier: &str, quality: &str) -> [String; 3] {
    let draft = of_form(form(shape, tier, quality), &model()).unwrap();
    [draft.aspect_ratio, draft.size, draft.quality].map(Option::unwrap_or_default)
}

#[test]
fn a_choice_becomes_the_smallest_call_that_says_it() {
    for (chosen, call) in [
        (("auto", "1K", "auto"), ["", "", ""]),
        (("auto", "2K", "auto"), ["", "", "2K"]),
        (("auto", "1K", "high"), ["", "", "high"]),
        (("16:9", "1K", "auto"), ["16:9", "", ""]),
        (("16:9", "4K", "auto"), ["16:9", "", "4K"]),
        (("9:16", "1K", "low"), ["9:16", "", "low"]),
        (("9:16", "4K", "low"), ["", "2160x3840", "low"]),
        (("auto", "2K", "high"), ["", "1920x1920", "high"]),
        (("1504x1008", "1K", "auto"), ["", "1504x1008", ""]),
        // An exact size has its tier, whatever the form says.
        (("1504x1008", "4K", "high"), ["", "1504x1008", "high"]),
    ] {
        let (shape, tier, quality) = chosen;
        assert_eq!(fields(shape, tier, quality), call, "{chosen:?}");
    }
}

#[test]
fn every_choice_is_drawn_and_priced_as_it_was_chosen() {
    let model = model();
    for shape in shapes(&model) {
        for tier in model.tiers() {
            for rendering_quality in RenderingQuality::ALL {
                let choice = Choice {
                    shape,
                    tier,
                    rendering_quality,
                    n: 3,
                };
                let mut draft = form(
                    &shape.to_string(),
                    tier.as_str(),
                    rendering_quality.as_str(),
                );
                draft.n = Some(3);
                assert_eq!(Choice::of_form(&draft), choice);
                let draft = of_form(draft, &model).unwrap();
                let request = Request::resolve(draft, &model, 4).unwrap();
                assert_eq!(request.tier, tier, "{choice:?}");
                assert_eq!(request.rendering_quality, rendering_quality, "{choice:?}");
                assert_eq!(request.size, choice.drawn(&model), "{choice:?}");
                assert_eq!(Some(request.total()), choice.total(&model), "{choice:?}");
            }
        }
    }
}

#[test]
fn the_table_says_what_the_server_does() {
    let model = model();
    let table = serde_json::to_value(table(&model, &shapes(&model))).unwrap();
    for shape in shapes(&model) {
        for tier in model.tiers() {
            for rendering_quality in RenderingQuality::ALL {
                let choice = Choice {
                    shape,
                    tier,
                    rendering_quality,
                    n: 1,
                };
                // As the script reads it.
                let entry = &table[shape.to_string()][tier.as_str()];
                let place = usize::from(rendering_quality != RenderingQuality::Auto) + 1;
                let mut call = entry[place].clone();
                if call["quality"] == ANY_RENDERING {
                    call["quality"] = rendering_quality.as_str().into();
                }
                let expected = serde_json::to_value(choice.call(&model).unwrap()).unwrap();
                assert_eq!(call, expected, "{choice:?}");
            }
        }
    }
}

#[test]
fn an_exact_size_is_in_the_table_at_its_own_tier_alone() {
    let table = serde_json::to_value(table(
        &model(),
        &[Shape::Exact("2048x1536".parse().unwrap())],
    ))
    .unwrap();
    let tiers = table["2048x1536"].as_object().unwrap();
    assert_eq!(tiers.keys().collect::<Vec<_>>(), ["2K"]);
}

#[test]
fn a_tier_that_no_size_says_takes_no_rendering_quality() {
    let mut model = model();
    // 2K is priced by other pixels than it is drawn with.
    model
        .size_rule
        .tier_max_pixels
        .insert(Tier::OneK, 4_000_000);
    let refused = of_form(form("1:1", "2K", "high"), &model).unwrap_err();
    assert_eq!(refused.param, "quality");
    assert!(of_form(form("1:1", "2K", "auto"), &model).is_ok());
    let table = serde_json::to_value(table(&model, &[Shape::Ratio(AspectRatio::SQUARE)])).unwrap();
    assert!(table["1:1"]["2K"][2].is_null());
}

#[test]
fn what_is_no_choice_is_refused_beside_its_field() {
    for (shape, quality, field) in [
        ("round", "auto", "aspect_ratio"),
        ("1:1", "best", "quality"),
    ] {
        let refused = of_form(form(shape, "2K", quality), &model()).unwrap_err();
        assert_eq!(refused.param, field);
    }
}

#[test]
fn a_form_of_the_api_is_left_as_it_is_but_for_the_ends_of_lines() {
    let mut draft = form("auto", "1536x1024", "high");
    draft.prompt = Some("a\r\nb".to_owned());
    let read = of_form(draft, &model()).unwrap();
    assert_eq!(read.size.as_deref(), Some("1536x1024"));
    assert_eq!(read.quality.as_deref(), Some("high"));
    assert_eq!(read.prompt.as_deref(), Some("a\nb"));
}
