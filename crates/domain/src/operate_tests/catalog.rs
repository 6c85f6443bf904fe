use super::*;

/// With the shipped model, under this id.
fn shipped() -> Outside {
    let mut outside = Outside::default();
    outside
        .catalog
        .expect_find()
        .withf(|id| id == "gpt-image-2")
        .returning(|_| Ok(Some(model())));
    outside
}

#[test]
fn what_is_not_named_keeps_its_value() {
    let mut outside = shipped();
    outside
        .catalog
        .expect_put()
        .once()
        .withf(|put, act| *put == model() && act.is_none())
        .returning(|_, _| Ok(()));
    let changed = now(outside
        .operate()
        .change_model("gpt-image-2", ModelChange::default()))
    .unwrap();
    assert_eq!(changed, model());
}

#[test]
fn each_field_can_be_changed() {
    let change = ModelChange {
        prices: [
            (Tier::TwoK, Credits::from_u32(1)),
            (Tier::FourK, Credits::ZERO),
        ]
        .into(),
        enabled: Some(false),
        name: Some("Two".to_owned()),
        provider: Some("acme".to_owned()),
        provider_model: Some("two".to_owned()),
        reference_image_limit: Some(0),
    };
    let expected = Model {
        credits_per_image: [
            (Tier::OneK, Credits::from_u32(8)),
            (Tier::TwoK, Credits::from_u32(1)),
            (Tier::FourK, Credits::ZERO),
        ]
        .into(),
        enabled: false,
        name: "Two".to_owned(),
        provider: "acme".to_owned(),
        provider_model: "two".to_owned(),
        reference_image_limit: 0,
        ..model()
    };
    let mut outside = shipped();
    let put = expected.clone();
    outside
        .catalog
        .expect_put()
        .once()
        .withf(move |model, _| *model == put)
        .returning(|_, _| Ok(()));
    assert_eq!(
        now(outside.operate().change_model("gpt-image-2", change)).unwrap(),
        expected
    );
}

#[test]
fn a_change_that_makes_no_sense_is_not_written() {
    for (change, problem) in [
        (
            ModelChange {
                name: Some(" ".to_owned()),
                ..ModelChange::default()
            },
            "name is empty",
        ),
        (
            ModelChange {
                provider: Some(String::new()),
                ..ModelChange::default()
            },
            "provider is empty",
        ),
        (
            ModelChange {
                provider_model: Some(String::new()),
                ..ModelChange::default()
            },
            "provider_model is empty",
        ),
        (
            ModelChange {
                reference_image_limit: Some(65),
                ..ModelChange::default()
            },
            "above 64",
        ),
    ] {
        let mut outside = shipped();
        outside.catalog.expect_put().never();
        let refused = now(outside.operate().change_model("gpt-image-2", change)).unwrap_err();
        assert!(
            matches!(refused, OperateError::InvalidModel(_)),
            "{refused:?}"
        );
        assert!(refused.to_string().contains(problem), "{refused}");
    }
}

#[test]
fn an_unknown_model_is_answered_with_the_known_ones() {
    let mut outside = Outside::default();
    outside.catalog.expect_find().once().returning(|_| Ok(None));
    let second = Model {
        id: "two".to_owned(),
        enabled: false,
        ..model()
    };
    outside
        .catalog
        .expect_models()
        .once()
        .return_once(|| Ok(vec![model(), second]));
    let refused = now(outside
        .operate()
        .change_model("three", ModelChange::default()))
    .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "there is no model \"three\"; there are: gpt-image-2, two"
    );
}

#[test]
fn seeding_writes_the_shipped_models() {
    for reset in [false, true] {
        let mut outside = Outside::default();
        outside
            .catalog
            .expect_seed()
            .once()
            .withf(move |models, with| models == shipped_models() && *with == reset)
            .returning(|models, _| Ok(models.len()));
        assert_eq!(now(outside.operate().seed(reset)).unwrap(), 1);
    }
}

#[test]
fn only_an_empty_catalog_is_seeded_unasked() {
    let mut outside = Outside::default();
    outside
        .catalog
        .expect_models()
        .once()
        .returning(|| Ok(vec![]));
    outside
        .catalog
        .expect_seed()
        .once()
        .withf(|_, reset| !reset)
        .returning(|models, _| Ok(models.len()));
    assert_eq!(now(outside.operate().seed_if_empty()).unwrap(), 1);

    let mut outside = Outside::default();
    // Even a disabled model is one that an operator has decided about.
    outside.catalog.expect_models().once().returning(|| {
        Ok(vec![Model {
            enabled: false,
            ..model()
        }])
    });
    outside.catalog.expect_seed().never();
    assert_eq!(now(outside.operate().seed_if_empty()).unwrap(), 0);
}

#[test]
fn all_models_are_listed_for_operators() {
    let mut outside = Outside::default();
    let hidden = Model {
        enabled: false,
        ..model()
    };
    let all = vec![model(), hidden];
    let answer = all.clone();
    outside
        .catalog
        .expect_models()
        .once()
        .return_once(|| Ok(answer));
    assert_eq!(now(outside.operate().models()).unwrap(), all);
}

#[test]
fn a_database_that_is_away_is_said_so() {
    let mut outside = Outside::default();
    outside
        .catalog
        .expect_find()
        .once()
        .returning(|_| Err(away()));
    outside
        .catalog
        .expect_models()
        .times(2)
        .returning(|| Err(away()));
    outside
        .catalog
        .expect_seed()
        .once()
        .returning(|_, _| Err(away()));
    let operate = outside.operate();
    assert!(is_away(
        &now(operate.change_model("gpt-image-2", ModelChange::default())).unwrap_err()
    ));
    assert!(is_away(&now(operate.models()).unwrap_err()));
    assert!(is_away(&now(operate.seed_if_empty()).unwrap_err()));
    assert!(is_away(&now(operate.seed(true)).unwrap_err()));
}
