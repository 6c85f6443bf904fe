//! Long tests: the real binary killed, stopped, replaced, crowded and made to fail, under load.
//!
//! What they do by chance follows from one seed, `TORTURE_SEED`; `cargo xtask torture` runs them again and again, each
//! time with another.

mod asks;
mod backlog;
#[path = "../../../../database/tests/support/torture.rs"]
mod chance;
mod crowd;
mod kills;
mod points;
mod reckoning;
mod replicas;
mod roles;
mod rolling;
mod upstream;
