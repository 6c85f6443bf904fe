//! Long tests: many cases, chosen by hand or by chance.

#[path = "../../../../database/tests/support/torture.rs"]
mod chance;

mod disconnects;
mod malformed_requests;
mod malformed_requests_made;
mod malformed_requests_wire;
mod provider;
mod provider_cases;
mod provider_raw_cases;
mod storage;
mod storage_proxy;
