//! Long tests: the real binary killed, stopped, replaced, crowded and made to fail, under load.
//!
//! What they do by chance follows from one seed, `TORTURE_SEED`; `cargo xtask torture` runs them again and again, each
//! time with another.

mod asks;
mod backlog;
#[path = "../../../../database/tests/it/torture/chance.rs"]
pub mod chance;
mod commands;
mod crowd;
mod disconnects;
mod disconnects_client;
mod kills;
mod malformed_answers;
#[path = "../../../../openai/tests/torture/made.rs"]
mod malformed_answers_made;
mod malformed_requests;
mod malformed_requests_bodies;
mod malformed_requests_made;
mod malformed_requests_wire;
mod points;
mod provider;
mod provider_cases;
mod provider_patience;
mod provider_raw_cases;
mod reckoning;
mod replicas;
mod roles;
mod rolling;
mod storage;
mod storage_proxy;
mod upstream;

// Where what other crates' tests share looks for it.
use crate::support::samples;
