//! Long tests: many cases, chosen by hand or by chance.

#[path = "../../../../database/tests/support/torture.rs"]
mod chance;

mod disconnects;
mod disconnects_client;
mod malformed_answers;
#[path = "../../../../openai/tests/torture/made.rs"]
mod malformed_answers_made;
mod malformed_requests;
mod malformed_requests_bodies;
mod malformed_requests_made;
mod malformed_requests_wire;
mod provider;
mod provider_cases;
mod provider_patience;
mod provider_raw_cases;
mod storage;
mod storage_proxy;

// Where what other crates' tests share looks for it.
use crate::support::samples;
