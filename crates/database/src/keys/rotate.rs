//! Another secret for a key.

use diesel::prelude::*;
use gih_domain::api_key::{ApiKey, Origin};
use gih_domain::id::{AccountId, KeyId};
use gih_domain::ports::Rotation;
use gih_domain::time::Timestamp;

use super::{find_by_id, owned};
use crate::db::Db;
use crate::error::Error;
use crate::schema::api_keys;
use crate::types::Sql;

pub(super) fn rotate(
    db: &mut Db,
    account: Option<AccountId>,
    id: KeyId,
    rotation: &Rotation,
) -> Result<Option<ApiKey>, Error> {
    // The prefix stands for the secret: six of its characters are random.
    let replaces = rotation.replaces.as_deref();
    let valid = owned!(account, id)
        .filter(
            api_keys::prefix
                .eq(replaces.unwrap_or_default())
                .or(replaces.is_none().into_sql::<diesel::sql_types::Bool>()),
        )
        .filter(api_keys::revoked_at.is_null())
        .filter(
            api_keys::expires_at
                .is_null()
                .or(api_keys::expires_at.gt(Sql(Some(rotation.at)))),
        );
    let renewed = (
        api_keys::digest.eq(rotation.digest.as_slice()),
        api_keys::prefix.eq(&rotation.prefix),
    );
    // On the right of an assignment a column is what it was before the statement.
    let changed = if rotation.previous_expires_at > rotation.at {
        let kept = (
            api_keys::previous_digest.eq(api_keys::digest.nullable()),
            api_keys::previous_prefix.eq(api_keys::prefix.nullable()),
            api_keys::previous_expires_at.eq(Sql(Some(rotation.previous_expires_at))),
        );
        both!(db, c => diesel::update(valid).set((renewed, kept)).execute(c))?
    } else {
        let ended = (
            api_keys::previous_digest.eq(None::<Vec<u8>>),
            api_keys::previous_prefix.eq(None::<String>),
            api_keys::previous_expires_at.eq(Sql(None::<Timestamp>)),
        );
        both!(db, c => diesel::update(valid).set((renewed, ended)).execute(c))?
    };
    match changed {
        0 => Ok(None),
        _ => find_by_id(db, account, id),
    }
}
