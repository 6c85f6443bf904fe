//! What rows say of objects in the image store.

use diesel::prelude::*;
use gih_domain::id::GenerationId;
use gih_domain::object_name::ObjectName;
use gih_domain::time::Timestamp;

use super::queries::IDS_A_STATEMENT;
use crate::db::Db;
use crate::error::Error;
use crate::schema::{generations, images};
use crate::types::Sql;

/// Those that exist, with when each ended. By the primary key.
pub(super) fn end_times(
    db: &mut Db,
    ids: &[GenerationId],
) -> Result<Vec<(GenerationId, Option<Timestamp>)>, Error> {
    let mut found = Vec::new();
    for ids in ids.chunks(IDS_A_STATEMENT) {
        let mut rows: Vec<(GenerationId, Option<Timestamp>)> = both!(db, c => generations::table
            .filter(generations::id.eq_any(ids.iter().copied().map(Sql)))
            .select((generations::id, generations::completed_at))
            .load(c))?;
        found.append(&mut rows);
    }
    Ok(found)
}

/// Those that an image's row names. By the unique index on the name.
pub(super) fn named_images(db: &mut Db, names: &[ObjectName]) -> Result<Vec<ObjectName>, Error> {
    let mut found = Vec::new();
    for names in names.chunks(IDS_A_STATEMENT) {
        let mut rows: Vec<ObjectName> = both!(db, c => images::table
            .filter(images::object_name.eq_any(names.iter().map(|name| Sql(name.clone()))))
            .select(images::object_name)
            .load(c))?;
        found.append(&mut rows);
    }
    Ok(found)
}
