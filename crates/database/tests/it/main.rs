//! The contract of the ports over the books, on both databases, and long tests of it in `torture`.
//!
//! Needs a Postgres (`TEST_DATABASE_URL`), which `cargo xtask test` starts. One binary, because each links everything;
//! `plans.rs` alone is another, since it listens to every query of its process.

#![allow(clippy::unwrap_used)] // a test that cannot go on fails
#![allow(clippy::disallowed_methods)] // new names need no port here

mod accounts;
mod admin;
mod books;
mod catalog;
mod generations_accept;
mod generations_collect;
mod generations_hands;
mod generations_list;
mod generations_queue;
mod generations_rate;
mod generations_settle;
mod generations_work;
mod keys;
mod ledger;
mod migrations;
mod racers;
mod sessions;
mod statistics;
mod support;
mod torture;
mod world;
