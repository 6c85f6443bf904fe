//! What is read of a key.

use diesel::prelude::*;
use gih_domain::api_key::{ApiKey, KeyName, PreviousSecret};
use gih_domain::id::{AccountId, KeyId};
use gih_domain::mode::Mode;
use gih_domain::time::Timestamp;

use crate::error::Error;
use crate::schema::api_keys;

/// Everything but its digests.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
pub(super) struct KeyRow {
    id: KeyId,
    account_id: AccountId,
    mode: Mode,
    name: String,
    prefix: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    previous_prefix: Option<String>,
    previous_expires_at: Option<Timestamp>,
}

impl KeyRow {
    pub(super) fn key(self, last_used_at: Option<Timestamp>) -> Result<ApiKey, Error> {
        let name = KeyName::parse(&self.name);
        let previous = self.previous_prefix.zip(self.previous_expires_at);
        Ok(ApiKey {
            id: self.id,
            account: self.account_id,
            mode: self.mode,
            name: name.map_err(|error| Error::Unexpected(error.to_string()))?,
            prefix: self.prefix,
            created_at: self.created_at,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
            last_used_at,
            previous: previous.map(|(prefix, expires_at)| PreviousSecret { prefix, expires_at }),
        })
    }
}
