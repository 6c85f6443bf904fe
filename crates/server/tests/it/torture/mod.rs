//! Long tests: many cases, chosen by hand or by chance.

#[path = "../../../../database/tests/support/torture.rs"]
mod chance;

mod disconnects;
mod provider;
mod provider_cases;
mod provider_raw_cases;
mod storage;
mod storage_proxy;
