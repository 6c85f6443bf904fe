//! The doors: what the hub needs from the outside. Each port's docs are its contract, and each adapter's tests hold it
//! to them.
//!
//! One method of a database port is one business fact and one transaction. Everything that can be decided before
//! (ids, time, price) is in its argument; what must be decided on rows read inside (which lots pay) is a pure function
//! of this crate that the adapter calls with the rows. No transaction crosses a port.

mod accounts;
mod acts;
mod books;
mod catalog;
mod clock;
mod generations;
mod ids;
mod image_provider;
mod image_store;
mod keys;
mod ledger;
mod lists;
mod password_hasher;
mod sessions;
mod spool;
mod statistics;
mod tasks;
mod throttle;
mod thumbnailer;

pub use accounts::{
    AccountError, AccountPage, Accounts, ChangeAccountError, ChangedAccount, Credentials, Grant,
    Granted, LotSource, NewAccount, NewLot, NewPassword,
};
pub use acts::{ActPage, Acts};
pub use books::{BookedImage, Books, Late, Overdue, Violation};
pub use catalog::Catalog;
pub use clock::Clock;
pub use generations::{
    Accept, AcceptError, Accepted, CancelReason, Claim, Claimed, Generations, Hand, Idempotency,
    LeaseError, Limits, QueueFull, RATE_PERIOD, Reaped,
};
pub use ids::Ids;
pub use image_provider::{ImageProvider, Images, Order, ProviderError};
pub use image_store::{ImageStore, Object, StoreError};
pub use keys::{KeyOwner, Keys, NewKey, Revoked, Rotation};
pub use ledger::Ledger;
pub use lists::{LISTED_PROMPT_CHARS, ListFilter, Page};
pub use password_hasher::{Asker, Busy, PasswordHasher};
pub use sessions::{NewSession, Sessions};
pub use spool::{Spool, SpoolError, SpoolFile};
pub use statistics::Statistics;
pub use tasks::Tasks;
pub use throttle::{Throttle, Wait};
pub use thumbnailer::{ShrinkError, Thumbnailer};

#[cfg(test)]
pub use {
    accounts::MockAccounts, acts::MockActs, books::MockBooks, catalog::MockCatalog,
    clock::MockClock, generations::MockGenerations, ids::MockIds,
    image_provider::MockImageProvider, image_store::MockImageStore, keys::MockKeys,
    ledger::MockLedger, password_hasher::MockPasswordHasher, sessions::MockSessions,
    spool::MockSpool, spool::MockSpoolFile, statistics::MockStatistics, tasks::MockTasks,
    throttle::MockThrottle, thumbnailer::MockThumbnailer,
};

/// What can go wrong with any question to the database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// It cannot be reached or is too busy; nothing was written. Asking again later may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// It was asked to write and its answer was lost, or does not come: all was written, or nothing. Whoever asks again
    /// should look first.
    #[error("the database did not answer, so it may have been done or not: {0}")]
    OutcomeUnknown(String),
    /// A change was to be recorded as the act of an account that is no admin (any more), or is blocked; nothing was written.
    #[error("whoever was to have done it is no admin")]
    NotAdmin,
    /// It answered something it never should. Asking again will not help; the text is for the operator.
    #[error("the database answered unexpectedly: {0}")]
    Unexpected(String),
}
