//! What is refused, and in which order.

use super::*;
use crate::credits::Credits;
use crate::lots::InsufficientCredits;

fn invalid(result: Result<Answer, GenerateError>) -> InvalidRequest {
    match result {
        Err(GenerateError::Invalid(invalid)) => invalid,
        other => panic!("{other:?}"),
    }
}

fn with_model(name: Option<&str>) -> Ask {
    let model = name.map(ToOwned::to_owned);
    Ask {
        draft: Draft { model, ..draft() },
        ..ask(Wait::UntilEnd)
    }
}

#[test]
fn a_model_must_be_named_and_be_sold() {
    for (name, came) in [
        (None, "required"),
        (Some("dall-e-3"), "\"dall-e-3\""),
        (Some("gpt-image-1"), "\"gpt-image-1\""),
        (Some(""), "\"\""),
        (Some("GPT-IMAGE-2"), "\"GPT-IMAGE-2\""),
    ] {
        let mut bench = Setup::new([]).build();
        let refused = invalid(run(&mut bench, with_model(name)));
        assert_eq!(refused.param, "model");
        assert!(refused.message.starts_with("model is "), "{refused}");
        assert!(refused.message.contains(came), "{refused}");
        assert!(
            refused.message.ends_with("available: gpt-image-2"),
            "what is not sold is not offered: {refused}"
        );
    }
}

#[test]
fn a_long_model_name_is_cut_in_the_message() {
    let mut bench = Setup::new([]).build();
    let refused = invalid(run(&mut bench, with_model(Some(&"x".repeat(100_000)))));
    assert!(refused.message.len() < 300, "{refused}");
}

#[test]
fn a_request_that_is_wrong_is_refused_before_all_else() {
    // Also before its idempotency key can say that it is another request. No other call is known to the mock: any would
    // panic. Draining and an unknown provider come later than the body.
    let mut setup = Setup::new([]);
    let other = (generation(), [9; 32]);
    setup
        .generations
        .expect_find_by_idempotency_key()
        .once()
        .return_once(move |_, _, _, _| Ok(Some(other)));
    let mut bench = setup.build();
    drain(&mut bench);
    let acme = Model {
        provider: "acme".to_owned(),
        ..model()
    };
    let generate = over(&bench, Ok(vec![acme]));
    let wrong = Ask {
        draft: Draft {
            n: Some(5),
            ..draft()
        },
        idempotency_key: Some(key()),
        ..ask(Wait::No)
    };
    let refused = bench.scene.run(async move { generate.run(wrong).await });
    assert_eq!(invalid(refused).param, "n");
}

#[test]
fn the_face_says_how_many_images_it_admits() {
    let mut bench = Setup::new([]).accepting().build();
    let ten = Ask {
        draft: Draft {
            n: Some(10),
            is_async: true,
            ..draft()
        },
        max_images: 10,
        shown_total: None,
        ..ask(Wait::No)
    };
    assert!(run(&mut bench, ten).is_ok());
    assert_eq!(bench.accepts.lock().unwrap()[0].n.get(), 10);
}

#[test]
fn idempotency_comes_before_the_shutdown_and_the_shutdown_before_acceptance() {
    let mut setup = Setup::new([]);
    let first = ended(&generation(), failure());
    let fingerprint = draft().fingerprint();
    setup
        .generations
        .expect_find_by_idempotency_key()
        .times(1)
        .returning(move |_, _, _, _| Ok(Some((first.clone(), fingerprint))));
    setup
        .generations
        .expect_find_by_idempotency_key()
        .times(1)
        .returning(move |_, _, _, _| Ok(Some((generation(), [0; 32]))));
    setup
        .generations
        .expect_find_by_idempotency_key()
        .times(1)
        .returning(|_, _, _, _| Ok(None));
    let mut bench = setup.build();
    drain(&mut bench);
    let keyed = || Ask {
        idempotency_key: Some(key()),
        ..ask(Wait::UntilEnd)
    };
    assert!(matches!(run(&mut bench, keyed()), Ok(Answer::Ended(_))));
    assert!(matches!(
        run(&mut bench, keyed()),
        Err(GenerateError::IdempotencyMismatch)
    ));
    assert!(matches!(
        run(&mut bench, keyed()),
        Err(GenerateError::ShuttingDown)
    ));
    for wait in [
        Wait::No,
        Wait::AtMost(Duration::from_secs(1)),
        Wait::UntilEnd,
    ] {
        assert!(matches!(
            run(&mut bench, ask(wait)),
            Err(GenerateError::ShuttingDown)
        ));
    }
}

#[test]
fn idempotency_comes_before_the_provider() {
    let mut setup = Setup::new([]);
    let first = ended(&generation(), failure());
    let fingerprint = draft().fingerprint();
    setup
        .generations
        .expect_find_by_idempotency_key()
        .once()
        .return_once(move |_, _, _, _| Ok(Some((first, fingerprint))));
    let mut bench = setup.build();
    let generate = over(
        &bench,
        Ok(vec![Model {
            provider: "acme".to_owned(),
            ..model()
        }]),
    );
    let keyed = Ask {
        idempotency_key: Some(key()),
        ..ask(Wait::UntilEnd)
    };
    let answer = bench.scene.run(async move { generate.run(keyed).await });
    assert!(matches!(answer, Ok(Answer::Ended(_))), "{answer:?}");
}

#[test]
fn live_mode_needs_the_model_s_provider_and_test_mode_does_not() {
    let mut bench = Setup::new([]).accepting().build();
    let acme = || {
        Ok(vec![Model {
            provider: "acme".to_owned(),
            ..model()
        }])
    };
    let generate = over(&bench, acme());
    let refused = bench
        .scene
        .run(async move { generate.run(ask(Wait::UntilEnd)).await });
    assert!(
        matches!(&refused, Err(GenerateError::ProviderNotConfigured(name)) if name == "acme"),
        "{refused:?}"
    );
    assert_eq!(bench.log.all(), Vec::<String>::new());

    let generate = over(&bench, acme());
    let in_test = Ask {
        caller: caller(Mode::Test),
        ..ask(Wait::No)
    };
    let answer = bench.scene.run(async move { generate.run(in_test).await });
    assert!(matches!(answer, Ok(Answer::Accepted(_))), "{answer:?}");
    assert_eq!(bench.accepts.lock().unwrap()[0].mode, Mode::Test);
}

#[test]
fn a_database_that_is_away_is_said_so_wherever_it_is_asked() {
    let mut bench = Setup::new([]).build();
    let generate = over(&bench, Err(away()));
    let refused = bench
        .scene
        .run(async move { generate.run(ask(Wait::No)).await });
    assert!(matches!(refused, Err(GenerateError::Database(error)) if error == away()));

    let mut setup = Setup::new([]);
    setup
        .generations
        .expect_find_by_idempotency_key()
        .once()
        .returning(|_, _, _, _| Err(away()));
    let mut bench = setup.build();
    let refused = run(
        &mut bench,
        Ask {
            idempotency_key: Some(key()),
            ..ask(Wait::UntilEnd)
        },
    );
    assert!(matches!(refused, Err(GenerateError::Database(error)) if error == away()));
}

type IsTold = fn(&GenerateError) -> bool;

#[test]
fn each_refusal_of_acceptance_is_told_as_it_is() {
    let insufficient = InsufficientCredits {
        required: Credits::from_u32(8),
        available: Credits::from_u32(7),
    };
    let cases: [(AcceptError, IsTold); 6] = [
        (AcceptError::IdempotencyMismatch, |error| {
            matches!(error, GenerateError::IdempotencyMismatch)
        }),
        (AcceptError::QueueFull(QueueFull::Account(3)), |error| {
            matches!(error, GenerateError::QueueFull(QueueFull::Account(3)))
        }),
        (
            AcceptError::InsufficientCredits(insufficient),
            |error| matches!(error, GenerateError::InsufficientCredits(of) if of.available.get() == 7),
        ),
        (AcceptError::KeyRevoked, |error| {
            matches!(error, GenerateError::KeyRevoked)
        }),
        (AcceptError::Database(away()), |error| {
            matches!(error, GenerateError::Database(_))
        }),
        (AcceptError::OutcomeUnknown("reset".to_owned()), |error| {
            matches!(error, GenerateError::OutcomeUnknown(_, _))
        }),
    ];
    for (refusal, is_told) in cases {
        let mut setup = Setup::new([]);
        setup
            .generations
            .expect_accept()
            .once()
            .return_once(|_| Err(refusal));
        setup
            .generations
            .expect_resume()
            .returning(|_, _| Err(away()));
        let mut bench = setup.build();
        let error = run(&mut bench, ask(Wait::UntilEnd)).unwrap_err();
        assert!(is_told(&error), "{error:?}");
    }
}

#[test]
fn where_money_may_have_been_committed_the_error_names_the_generation() {
    for panics in [false, true] {
        let mut setup = Setup::new([]);
        let asked = Arc::clone(&setup.accepts);
        setup
            .generations
            .expect_accept()
            .once()
            .return_once(move |accept| {
                asked.lock().unwrap().push(accept);
                assert!(!panics, "the database broke");
                Err(AcceptError::OutcomeUnknown("reset".to_owned()))
            });
        setup
            .generations
            .expect_resume()
            .returning(|_, _| Err(away()));
        let mut bench = setup.build();
        let error = run(&mut bench, ask(Wait::UntilEnd)).unwrap_err();
        let (GenerateError::OutcomeUnknown(id, _) | GenerateError::Died(id)) = error else {
            panic!("{error:?}");
        };
        let asked = bench
            .accepts
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        assert_eq!(id, asked[0].id);
    }
}

#[test]
fn a_reference_that_cannot_be_saved_is_told_and_nothing_accepted() {
    let mut bench = Setup::new([]).accepting().build();
    bench.store.fail_when(|_| true);
    let with_reference = Ask {
        draft: Draft {
            references: vec![blob("a")],
            ..draft()
        },
        ..ask(Wait::UntilEnd)
    };
    let refused = run(&mut bench, with_reference);
    assert!(
        matches!(refused, Err(GenerateError::Store(_))),
        "{refused:?}"
    );
    assert_eq!(bench.log.count("accept"), 0);
}
