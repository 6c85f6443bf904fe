//! What a check is, and the list of all.

use gih_domain::id::{AccountId, EntryId, GenerationId, ImageId, KeyId, LotId};
use uuid::Uuid;

use super::{generation_checks, image_checks, lot_checks, refund_checks};

/// One query that finds what does not hold.
pub(super) struct Check {
    /// Of which invariant.
    pub(super) invariant: &'static str,
    /// What is at fault.
    pub(super) subject: Subject,
    /// Its query: rows of `subject` (an id), `detail` (text) and `lot` (an id, or `{null}`). `{at}`, at most once, is the
    /// time of the audit; `{hour}` is an hour, to be multiplied and to be added to times.
    pub(super) postgres: &'static str,
    /// The same for SQLite.
    pub(super) sqlite: &'static str,
}

/// The kind of row at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Account,
    Entry,
    Generation,
    Image,
    Key,
    Lot,
}

impl Subject {
    /// An id of this kind, as it is printed everywhere.
    pub(super) fn print(self, id: Uuid) -> String {
        match self {
            Self::Account => AccountId(id).to_string(),
            Self::Entry => EntryId(id).to_string(),
            Self::Generation => GenerationId(id).to_string(),
            Self::Image => ImageId(id).to_string(),
            Self::Key => KeyId(id).to_string(),
            Self::Lot => LotId(id).to_string(),
        }
    }
}

/// A check whose query reads the same on both databases.
pub(super) const fn check(invariant: &'static str, subject: Subject, sql: &'static str) -> Check {
    Check {
        invariant,
        subject,
        postgres: sql,
        sqlite: sql,
    }
}

/// Every check. What a database can be asked at one moment; [`super::overdue`] takes a while.
pub(super) const ALL: &[&[Check]] = &[
    lot_checks::LOTS,
    lot_checks::ENTRIES,
    lot_checks::ORPHANS,
    refund_checks::REFUNDS,
    generation_checks::MONEY,
    generation_checks::WORK,
    generation_checks::KEYS,
    image_checks::IMAGES,
    generation_checks::ORPHANS,
];
