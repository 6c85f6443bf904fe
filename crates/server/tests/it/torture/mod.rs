//! Long tests: the real binary killed, stopped, replaced and crowded, under load.
//!
//! What they do by chance follows from one seed, `TORTURE_SEED`; `cargo xtask torture` runs them again and again, each
//! time with another.

mod asks;
mod backlog;
#[path = "../../../../database/tests/support/torture.rs"]
mod chance;
mod crowd;
mod kills;
mod reckoning;
mod replicas;
mod roles;
mod rolling;
mod upstream;
