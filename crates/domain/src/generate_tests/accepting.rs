//! What is accepted.

use super::*;
use crate::credits::Credits;
use crate::size::Tier;

#[test]
fn everything_is_decided_before_acceptance() {
    let mut setup = Setup::new([]).accepting();
    setup
        .generations
        .expect_find_by_idempotency_key()
        .once()
        .returning(|_, _, _, _| Ok(None));
    let mut bench = setup.build();
    let asked = Draft {
        n: Some(3),
        quality: Some("4K".to_owned()),
        aspect_ratio: Some("3:2".to_owned()),
        is_async: true,
        references: vec![blob("a")],
        ..draft()
    };
    let fingerprint = asked.fingerprint();
    let answer = run(
        &mut bench,
        Ask {
            draft: asked,
            idempotency_key: Some(key()),
            ..ask(Wait::No)
        },
    );
    let Ok(Answer::Accepted(generation)) = answer else {
        panic!("{answer:?}")
    };

    let accepts = bench.accepts.lock().unwrap();
    let [accept] = &accepts[..] else {
        panic!("once")
    };
    let caller = caller(Mode::Live);
    assert_eq!(
        (accept.account, accept.key, accept.mode),
        (caller.account, caller.key, caller.mode)
    );
    assert_eq!(accept.id, generation.id);
    assert_eq!(
        (
            accept.model.as_str(),
            accept.provider.as_str(),
            accept.provider_model.as_str()
        ),
        ("gpt-image-2", "openai", "gpt-image-2")
    );
    assert_eq!((accept.prompt.as_str(), accept.n.get()), ("a fox", 3));
    assert_eq!(
        (accept.tier, accept.price),
        (Tier::FourK, Credits::from_u32(12))
    );
    assert_eq!(accept.size.unwrap().to_string(), "3504x2336");
    assert_eq!(accept.references.len(), 1);
    assert_eq!(accept.at, start());
    assert_eq!(&accept.limits, &bench.engine.settings().limits(Mode::Live));
    let idempotency = accept.idempotency.as_ref().unwrap();
    assert_eq!(
        (&idempotency.key, idempotency.fingerprint),
        (&key(), fingerprint)
    );
    assert_eq!(
        idempotency.expires_at.to_string(),
        "2026-05-07T08:00:00.000Z",
        "seven days"
    );
}

#[test]
fn only_who_waits_to_the_end_is_canceled_rather_than_started_late() {
    for (wait, waits, queue_timeout, hand) in [
        (Wait::UntilEnd, true, TIMEOUT, "accept mine"),
        (
            Wait::AtMost(Duration::from_mins(1)),
            false,
            Duration::from_hours(1),
            "accept mine",
        ),
        (Wait::No, false, Duration::from_hours(1), "accept queued"),
    ] {
        let mut bench = Setup::new([slow()]).accepting().build();
        assert!(run(&mut bench, ask(wait)).is_ok());
        let accepts = bench.accepts.lock().unwrap();
        assert_eq!(
            (accepts[0].waits, accepts[0].queue_timeout),
            (waits, queue_timeout),
            "{wait:?}"
        );
        assert_eq!(accepts[0].timeout, TIMEOUT);
        assert!(accepts[0].idempotency.is_none());
        assert_eq!(bench.log.all()[0], hand, "{wait:?}");
    }
}

#[test]
fn a_waiting_call_queues_no_longer_than_any_other() {
    let mut setup = Setup::new([slow()]).accepting();
    setup.queue_timeout = Duration::from_secs(7);
    let mut bench = setup.build();
    assert!(run(&mut bench, ask(Wait::UntilEnd)).is_ok());
    let accepts = bench.accepts.lock().unwrap();
    assert_eq!(accepts[0].queue_timeout, Duration::from_secs(7));
    assert_eq!(accepts[0].timeout, TIMEOUT);
}

#[test]
fn no_two_generations_share_an_id() {
    let mut bench = Setup::new([]).accepting().build();
    for _ in 0..2 {
        assert!(run(&mut bench, ask(Wait::No)).is_ok());
    }
    let accepts = bench.accepts.lock().unwrap();
    assert_ne!(accepts[0].id, accepts[1].id);
}
