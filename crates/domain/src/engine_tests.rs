use super::*;
use crate::blob::Blob;
use crate::generation::{Ending, Failure, FailureCode, State};
use crate::ports::{Accept, AcceptError};
use crate::testing::{
    Bench, Setup, Step, TIMEOUT, WORKER, accept, away, blob, claimed, ended, generation, in_state,
    reference, start, uuid,
};

#[path = "engine_tests/claims.rs"]
mod claims;
#[path = "engine_tests/ends.rs"]
mod ends;
#[path = "engine_tests/leases.rs"]
mod leases;
#[path = "engine_tests/outcomes.rs"]
mod outcomes;
#[path = "engine_tests/submissions.rs"]
mod submissions;

fn one_image() -> Step {
    Step::Give(vec![Ok(blob("image"))])
}

/// A provider that takes ten seconds.
fn slow() -> Step {
    Step::Late(Duration::from_secs(10), vec![Ok(blob("image"))])
}

fn id(number: u128) -> GenerationId {
    GenerationId(uuid(number))
}

fn me() -> WorkerId {
    WorkerId(uuid(WORKER))
}

/// Submits and lets things come as far as they can without time passing; the answer must be there by then.
fn submit(
    bench: &mut Bench,
    accept: Accept,
    references: Vec<Blob>,
    at_once: bool,
) -> Result<Submitted, SubmitError> {
    let engine = bench.engine();
    let mut running = bench
        .scene
        .begin(async move { engine.submit(accept, references, at_once).await });
    running.result().expect("an answer at once")
}

/// Runs a use case that needs no time.
fn at_once<T: 'static, F>(bench: &mut Bench, use_case: F) -> T
where
    F: AsyncFnOnce(&Arc<Engine>) -> T + 'static,
{
    let engine = bench.engine();
    let mut running = bench.scene.begin(async move { use_case(&engine).await });
    running.result().expect("an answer at once")
}

/// Whether somebody who waits for queued work is woken now.
fn is_woken(bench: &mut Bench) -> bool {
    let engine = bench.engine();
    let mut running = bench.scene.begin(async move { engine.woken().await });
    let woken = running.result().is_some();
    running.hang_up();
    bench.scene.settle();
    woken
}

fn failure() -> Ending {
    Ending::Failed(Failure::new(FailureCode::GenerationFailed, "no"))
}
