//! End to end: the real binary over a real socket, on both databases.
//!
//! Needs a Postgres (`TEST_DATABASE_URL`) and an S3 server (`TEST_S3_ENDPOINT`), which `cargo xtask test` starts, and the
//! tools of a person who looks at pages (`TEST_CHROMIUM` and more), which it finds or installs.

#![allow(clippy::unwrap_used)] // tests may stop at the first surprise
#![allow(clippy::too_many_lines)] // tables of cases are long
#![allow(clippy::needless_pass_by_value)] // `json!(…)` where it is used reads best without a `&`

mod browser;
mod connections;
mod console;
mod console_docs;
mod cross_origin;
mod delivery;
mod documented;
mod errors;
mod http;
mod idempotency;
mod media;
mod metrics;
mod money;
mod multipart;
mod multipart_refused;
mod openapi;
mod operator;
mod order;
mod provider;
mod routes;
mod sizes;
mod slow_clients;
mod strangers;
mod support;
mod test_mode;
mod torture;
mod waiting;
