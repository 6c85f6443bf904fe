use super::*;
use crate::testing::{HOSTILE, admin, assert_safe};
use gih_domain::catalog::shipped_models;

fn model() -> Model {
    shipped_models().remove(0)
}

fn typed(changes: &[(&str, &str)]) -> Fields {
    let mut parameters = vec![
        ("name", "GPT IMAGE 2"),
        ("price_1K", "8"),
        ("price_2K", "10"),
        ("price_4K", "12"),
        ("reference_image_limit", "16"),
        ("provider", "openai"),
        ("provider_model", "gpt-image-2"),
        ("enabled", "yes"),
    ];
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        parameters.push((name, value));
    }
    Fields::of_query(&crate::form::query(&parameters))
}

/// The form after this was typed into it: what is wrong beside which field.
fn wrong(changes: &[(&str, &str)]) -> (ModelChange, Vec<(String, String)>) {
    let model = model();
    let mut page = ModelPage::new(&admin(), &model);
    let typed = typed(changes);
    page.typed(&typed);
    let change = change(&mut page, &model, &typed);
    assert_safe(&page.render().unwrap());
    let wrong = page
        .fields
        .into_iter()
        .filter_map(|field| Some((field.name, field.wrong?)));
    (change, wrong.collect())
}

#[test]
fn models_are_listed_with_their_prices() {
    let mut other = model();
    other.id = HOSTILE.to_owned();
    other.name = HOSTILE.to_owned();
    other.enabled = false;
    let page = ModelsPage {
        shell: shell("Models", &admin()),
        tab: Tab("models"),
        models: [model(), other].iter().map(Row::from).collect(),
    };
    let html = page.render().unwrap();
    assert_safe(&html);
    for shown in ["1K 8 · 2K 10 · 4K 12", "On sale", "Not on sale"] {
        assert!(html.contains(shown), "{shown}");
    }
}

#[test]
fn a_form_is_read_into_a_change() {
    let (change, wrong) = wrong(&[("price_2K", " 11 "), ("enabled", ""), ("name", " New ")]);
    assert_eq!(wrong, []);
    assert_eq!(change.prices[&Tier::TwoK], Credits::from_u32(11));
    assert_eq!(change.enabled, Some(false));
    assert_eq!(change.name.as_deref(), Some("New"));
    assert_eq!(change.reference_image_limit, Some(16));
}

#[test]
fn what_was_left_as_it_was_shown_is_no_wish() {
    // Meanwhile another admin has made 1K cost 80: the form still shows 8.
    let shown = [
        ("was_name", "GPT IMAGE 2"),
        ("was_price_1K", "8"),
        ("was_price_2K", "10"),
        ("was_price_4K", "12"),
        ("was_reference_image_limit", "16"),
        ("was_provider", "openai"),
        ("was_provider_model", "gpt-image-2"),
        ("was_enabled", "yes"),
    ];
    let (left, _) = wrong(&shown);
    assert_eq!(left, ModelChange::default());
    let (change, wrong) = wrong(&[&shown[..], &[("price_2K", "11"), ("enabled", "")]].concat());
    assert_eq!(wrong, []);
    let wish = ModelChange {
        prices: [(Tier::TwoK, Credits::from_u32(11))].into(),
        enabled: Some(false),
        ..ModelChange::default()
    };
    assert_eq!(change, wish);
    // The page says what it shows.
    let html = ModelPage::new(&admin(), &model()).render().unwrap();
    for (name, value) in shown {
        let hidden = format!(r#"<input type="hidden" name="{name}" value="{value}">"#);
        assert!(html.contains(&hidden), "{hidden}");
    }
}

#[test]
fn what_cannot_be_read_is_said_beside_its_field() {
    for (name, value, text) in [
        ("price_1K", "", "keeps a price"),
        ("price_1K", "eight", "whole number"),
        ("price_4K", "-1", "whole number"),
        ("price_4K", "1000000000000001", "whole number"),
        ("reference_image_limit", "4.5", "whole number"),
        ("reference_image_limit", HOSTILE, "whole number"),
    ] {
        let (_, wrong) = wrong(&[(name, value)]);
        assert_eq!(wrong.len(), 1, "{name}={value}");
        assert_eq!(wrong[0].0, name);
        assert!(wrong[0].1.contains(text), "{}", wrong[0].1);
    }
}

#[test]
fn what_the_domain_refuses_is_said_beside_its_field() {
    let mut page = ModelPage::new(&admin(), &model());
    for (problem, name, text) in [
        ("name is empty", "name", "Name is empty."),
        (
            "reference_image_limit is above 64",
            "reference_image_limit",
            "Reference images is above 64.",
        ),
    ] {
        page.refuse_model(&InvalidModel {
            model: "m".to_owned(),
            problem: problem.to_owned(),
        });
        let field = page.fields.iter().find(|field| field.name == name).unwrap();
        assert_eq!(field.wrong.as_deref(), Some(text));
    }
    page.refuse_model(&InvalidModel {
        model: "m".to_owned(),
        problem: "size_rule has no size for 1:1 at 4K".to_owned(),
    });
    assert!(page.wrong.as_deref().unwrap().contains("no size"));
    assert_safe(&page.render().unwrap());
}
