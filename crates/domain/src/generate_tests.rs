use super::*;
use crate::catalog::Model;
use crate::generation::{Ending, Failure, FailureCode};
use crate::mode::Mode;
use crate::ports::MockCatalog;
use crate::testing::{
    Bench, Setup, Step, TIMEOUT, away, blob, caller, ended, generation, in_state, model, start,
};

#[path = "generate_tests/accepting.rs"]
mod accepting;
#[path = "generate_tests/checks.rs"]
mod checks;
#[path = "generate_tests/replays.rs"]
mod replays;
#[path = "generate_tests/waits.rs"]
mod waits;

fn draft() -> Draft {
    Draft {
        model: Some("gpt-image-2".to_owned()),
        prompt: Some("a fox".to_owned()),
        ..Draft::default()
    }
}

fn ask(wait: Wait) -> Ask {
    Ask {
        caller: caller(Mode::Live),
        draft: Draft {
            is_async: wait == Wait::No,
            ..draft()
        },
        wait,
        idempotency_key: None,
        max_images: 4,
        shown_total: None,
    }
}

fn key() -> IdempotencyKey {
    IdempotencyKey::parse(b"order-1").unwrap()
}

/// A provider that takes ten seconds.
fn slow() -> Step {
    Step::Late(Duration::from_secs(10), vec![Ok(blob("image"))])
}

fn failure() -> Ending {
    Ending::Failed(Failure::new(FailureCode::ContentRejected, "no foxes"))
}

/// The use case over a catalog with these models.
fn over(bench: &Bench, models: Result<Vec<Model>, DatabaseError>) -> Arc<Generate> {
    let mut catalog = MockCatalog::new();
    catalog.expect_models().returning(move || models.clone());
    Arc::new(Generate::new(
        Arc::new(catalog),
        bench.generations.clone(),
        bench.scene.clock.clone(),
        bench.ids.clone(),
        bench.engine(),
    ))
}

/// The shipped model, and one that is not sold any more.
fn generate(bench: &Bench) -> Arc<Generate> {
    let old = Model {
        id: "gpt-image-1".to_owned(),
        enabled: false,
        ..model()
    };
    over(bench, Ok(vec![old, model()]))
}

/// Asks and lets as much time pass as it takes.
fn run(bench: &mut Bench, ask: Ask) -> Result<Answer, GenerateError> {
    let generate = generate(bench);
    bench.scene.run(async move { generate.run(ask).await })
}

/// Runs a use case of the engine that needs no time.
fn drain(bench: &mut Bench) {
    let engine = bench.engine();
    bench.scene.run(async move { engine.drain().await });
}
