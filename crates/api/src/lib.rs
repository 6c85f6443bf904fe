//! The HTTP API: v1, the image files, health, and the contract as OpenAPI.
//!
//! Thin: a handler reads the request, makes one use-case call and writes the answer. One endpoint, one file, with its
//! shapes beside it. Every answer, errors and unknown routes included, carries `X-Request-Id`.

mod answer;
mod answers;
mod authorization;
mod bodies;
mod body;
mod budget;
mod connection;
mod error;
mod health;
pub mod lend;
mod links;
mod media;
mod metrics;
mod middleware;
mod openapi;
mod proxies;
mod routes;
mod state;
mod v1;

pub use connection::{Connection, HEAD_TIMEOUT, KEEP_ALIVE, Slow};
pub use error::ApiError;
pub use health::Readiness;
pub use links::Links;
pub use metrics::{Answered, Metrics, measure};
pub use middleware::{cors, observe};
pub use openapi::document as openapi;
pub use proxies::Proxies;
pub use routes::{configure, unknown};
pub use state::{ApiState, Bodies};
