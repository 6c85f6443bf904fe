//! The provider against a stand-in upstream, over real sockets and into a real spool.

#![allow(clippy::unwrap_used)] // tests may stop at the first surprise

mod answers;
mod checks;
mod failures;
mod requests;
mod support;
