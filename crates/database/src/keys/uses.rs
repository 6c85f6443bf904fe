//! When keys were last shown.

use diesel::prelude::*;
use diesel::query_dsl::methods::FilterDsl as _;
use diesel::upsert::excluded;
use gih_domain::id::KeyId;
use gih_domain::time::Timestamp;

use crate::db::Db;
use crate::error::Error;
use crate::schema::api_key_uses;
use crate::types::Sql;

pub(super) fn record(db: &mut Db, uses: &[(KeyId, Timestamp)]) -> Result<(), Error> {
    for &(key, at) in uses {
        let row = (
            api_key_uses::api_key_id.eq(Sql(key)),
            api_key_uses::last_used_at.eq(Sql(at)),
        );
        both!(db, c => diesel::insert_into(api_key_uses::table)
            .values(row)
            .on_conflict(api_key_uses::api_key_id)
            .do_update()
            .set(api_key_uses::last_used_at.eq(excluded(api_key_uses::last_used_at)))
            .filter(api_key_uses::last_used_at.lt(excluded(api_key_uses::last_used_at)))
            .execute(c))?;
    }
    Ok(())
}
