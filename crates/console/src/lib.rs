//! Pages for people, rendered here: documentation, sign-in, API keys, credits, generations, the playground and what
//! admins do. Thin: a handler reads the request, makes a use-case call and fills a template.
//!
//! Templates (`templates/`) and static files (`assets/`) are part of the binary. Every page works without JavaScript
//! where that is possible at all, and none runs or takes style from anywhere but the hub itself (see `security.rs`).

mod assets;
mod chart;
mod compress;
mod days;
mod error;
mod form;
mod format;
mod language;
mod origin;
mod pages;
mod rich;
mod routes;
mod security;
mod session;
mod shell;
mod state;
#[cfg(test)]
mod testing;
mod words;

pub use routes::{configure, unknown};
pub use state::{ConsoleState, Face, Refusal};
