//! The hub's books over Postgres and SQLite: the database ports of the domain, written once and run on both.
//!
//! [`Database`] implements the ports. Inside, a statement takes a [`Db`](db::Db) and is compiled for either
//! connection by `both!`; what only one dialect has sits in [`dialect`].

// The tests' harness calls this crate by its name.
#[cfg(test)]
extern crate self as gih_database;

#[macro_use]
mod db;

mod accounts;
mod acts;
mod admin;
mod backup;
mod books;
mod catalog;
mod dialect;
mod embedded;
mod error;
mod generations;
mod id_range;
mod keys;
mod ledger;
mod literals;
mod lots;
mod migrate;
mod only;
mod pool;
mod schema;
mod sessions;
mod statistics;
#[doc(hidden)]
pub mod testing;
mod types;
mod url;

pub use books::Unfinished;
pub use embedded::Presence;
pub use error::{BackupError, MigrateError, OpenError};
pub use migrate::Status as MigrationStatus;
pub use pool::{Database, Settings};
pub use url::Kind;

#[cfg(test)]
#[path = "../tests/it/support/mod.rs"]
mod support;
