use super::*;
use crate::size::Tier;
use crate::testing::model;

fn selling() -> (Outside, Record) {
    let record = Record::default();
    let mut outside = Outside::default();
    outside
        .catalog
        .expect_find()
        .returning(|id| Ok((id == model().id).then(model)));
    let acts = record.clone();
    outside.catalog.expect_put().returning(move |_, act| {
        acts.add(act.unwrap());
        Ok(())
    });
    (outside, record)
}

#[test]
fn a_change_is_recorded_with_what_was_before() {
    let prices = ModelChange {
        prices: [
            (Tier::OneK, Credits::from_u32(8)),
            (Tier::TwoK, Credits::from_u32(15)),
        ]
        .into(),
        enabled: Some(false),
        ..ModelChange::default()
    };
    let names = ModelChange {
        name: Some("Two".to_owned()),
        provider: Some("acme".to_owned()),
        provider_model: Some("two".to_owned()),
        reference_image_limit: Some(4),
        enabled: Some(true),
        ..ModelChange::default()
    };
    for (change, detail) in [
        (prices, "2K from 10 to 15 credits, taken off sale"),
        (
            names,
            "name from \"GPT IMAGE 2\" to \"Two\", provider from \"openai\" to \"acme\", \
            provider's model from \"gpt-image-2\" to \"two\", reference images from 16 to 4",
        ),
    ] {
        let (outside, record) = selling();
        now(outside
            .administer()
            .change_model(&admin(), "gpt-image-2", change))
        .unwrap();
        record.is(Act::ChangeModel, "gpt-image-2", detail);
    }
}

#[test]
fn a_tier_that_was_not_sold_and_a_model_put_on_sale_are_told_of() {
    let mut outside = Outside::default();
    outside.catalog.expect_find().returning(|_| {
        let mut hidden = model();
        hidden.enabled = false;
        hidden.credits_per_image.remove(&Tier::FourK);
        Ok(Some(hidden))
    });
    let record = Record::default();
    let acts = record.clone();
    outside.catalog.expect_put().returning(move |_, act| {
        acts.add(act.unwrap());
        Ok(())
    });
    let change = ModelChange {
        prices: [(Tier::FourK, Credits::from_u32(12))].into(),
        enabled: Some(true),
        ..ModelChange::default()
    };
    now(outside
        .administer()
        .change_model(&admin(), "gpt-image-2", change))
    .unwrap();
    record.is(
        Act::ChangeModel,
        "gpt-image-2",
        "4K for 12 credits, put on sale",
    );
}

#[test]
fn no_change_and_no_sense_are_neither_done_nor_recorded() {
    let who = admin();
    let (outside, record) = selling();
    let administer = outside.administer();
    let same = administer.change_model(&who, "gpt-image-2", ModelChange::default());
    assert_eq!(now(same).unwrap(), model());
    let nonsense = ModelChange {
        name: Some(" ".to_owned()),
        ..ModelChange::default()
    };
    let refused = now(administer.change_model(&who, "gpt-image-2", nonsense));
    assert!(matches!(refused, Err(AdministerError::InvalidModel(_))));
    let unknown = now(administer.change_model(&who, "three", ModelChange::default()));
    assert!(matches!(unknown, Err(AdministerError::NoSuchModel(id)) if id == "three"));
    assert!(record.0.lock().unwrap().is_empty());
}
