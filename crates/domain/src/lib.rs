//! What the hub is: credits, keys, models and generations, the use cases over them, and the ports to the outside.
//!
//! This crate is pure: it knows no SQL, no HTTP and no runtime. Everything it needs from the outside comes through
//! [`ports`]; every rule about money, time and requests is here and nowhere else.

pub mod account;
pub mod admin;
pub mod administer;
pub mod api_key;
pub mod audit;
pub mod authenticate;
pub mod balance;
mod base62;
pub mod blob;
pub mod catalog;
pub mod closed_days;
pub mod collect;
pub mod credits;
pub mod engine;
pub mod fulfil;
pub mod generate;
pub mod generation;
pub mod id;
pub mod idempotency;
pub mod last_uses;
pub mod ledger;
pub mod lots;
pub mod manage_keys;
pub mod mode;
pub mod object_name;
pub mod operate;
pub mod ports;
pub mod request;
pub mod retrieve;
pub mod session;
pub mod sign_in;
pub mod size;
pub mod size_rule;
pub mod statement;
pub mod thumbnail;
pub mod time;
pub mod usual_times;

#[cfg(test)]
mod testing;
