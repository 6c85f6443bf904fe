//! The long tests: whatever happens, nothing is lost and nothing doubled. `cargo xtask torture` runs them for longer.

mod points;
#[path = "../../../../database/tests/support/torture.rs"]
mod support;
