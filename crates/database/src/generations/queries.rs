//! Reading generations.

use diesel::prelude::*;
use gih_domain::generation::{Generation, SavedImage, Timeline};
use gih_domain::id::{AccountId, GenerationId, ImageId};
use gih_domain::idempotency::{Fingerprint, IdempotencyKey};
use gih_domain::mode::Mode;
use gih_domain::time::Timestamp;

use super::rows::{GenerationRow, ImageRow, generations as with_images};
use crate::db::Db;
use crate::error::Error;
use crate::schema::{generations, idempotency_keys, images};
use crate::types::Sql;

/// The account's generation with this id.
pub(super) fn find(
    db: &mut Db,
    account: AccountId,
    mode: Mode,
    id: GenerationId,
) -> Result<Option<Generation>, Error> {
    let rows: Vec<GenerationRow> = both!(db, c => generations::table
        .filter(generations::id.eq(Sql(id)))
        .filter(generations::account_id.eq(Sql(account)))
        .filter(generations::mode.eq(Sql(mode)))
        .select(GenerationRow::as_select())
        .load(c))?;
    Ok(with_images(db, rows)?.pop())
}

/// What the account accepted under this key, while that is remembered.
pub(super) fn find_by_idempotency_key(
    db: &mut Db,
    account: AccountId,
    mode: Mode,
    key: &IdempotencyKey,
    at: Timestamp,
) -> Result<Option<(Generation, Fingerprint)>, Error> {
    let found: Option<(GenerationRow, Vec<u8>)> = both!(db, c => idempotency_keys::table
        .inner_join(generations::table)
        .filter(idempotency_keys::account_id.eq(Sql(account)))
        .filter(idempotency_keys::mode.eq(Sql(mode)))
        .filter(idempotency_keys::key.eq(key.as_str()))
        .filter(idempotency_keys::expires_at.gt(Sql(at)))
        .select((GenerationRow::as_select(), idempotency_keys::fingerprint))
        .first(c)
        .optional())?;
    let Some((row, fingerprint)) = found else {
        return Ok(None);
    };
    let id = row.id;
    let fingerprint = fingerprint
        .try_into()
        .map_err(|_| Error::Unexpected(format!("the fingerprint of {id} is not of 32 bytes")))?;
    let generation = with_images(db, vec![row])?.pop();
    Ok(generation.map(|generation| (generation, fingerprint)))
}

/// The generation with this id, whosever it is.
pub(super) fn find_any(db: &mut Db, id: GenerationId) -> Result<Option<Generation>, Error> {
    let rows: Vec<GenerationRow> = both!(db, c => generations::table
        .find(Sql(id))
        .select(GenerationRow::as_select())
        .load(c))?;
    Ok(with_images(db, rows)?.pop())
}

/// When it came to where it is.
pub(super) fn timeline(db: &mut Db, id: GenerationId) -> Result<Option<Timeline>, Error> {
    type Columns = (
        Timestamp,
        Option<Timestamp>,
        Option<Timestamp>,
        Option<Timestamp>,
    );
    let row: Option<Columns> = both!(db, c => generations::table
        .find(Sql(id))
        .select((
            generations::created_at,
            generations::started_at,
            generations::dispatched_at,
            generations::completed_at,
        ))
        .first(c)
        .optional())?;
    Ok(row.map(
        |(accepted_at, started_at, dispatched_at, completed_at)| Timeline {
            accepted_at,
            started_at,
            dispatched_at,
            completed_at,
        },
    ))
}

/// The image with this id, of this account's or of any.
pub(super) fn image(
    db: &mut Db,
    account: Option<AccountId>,
    id: ImageId,
) -> Result<Option<SavedImage>, Error> {
    let found: Option<ImageRow> = both!(db, c => {
        let mut query = images::table
            .inner_join(generations::table)
            .filter(images::id.eq(Sql(id)))
            .select(ImageRow::as_select())
            .into_boxed();
        if let Some(account) = account {
            query = query.filter(generations::account_id.eq(Sql(account)));
        }
        query.first(c).optional()
    })?;
    found
        .map(ImageRow::image)
        .transpose()
        .map_err(|problem| Error::Unexpected(format!("the row of {id} is corrupt: {problem}")))
}

/// The most ids of one statement: both databases bound the values of one, SQLite to 32,766.
pub(super) const IDS_A_STATEMENT: usize = 10_000;

/// Those of `ids` that have ended.
pub(super) fn ended(db: &mut Db, ids: &[GenerationId]) -> Result<Vec<Generation>, Error> {
    let mut ended = Vec::new();
    for ids in ids.chunks(IDS_A_STATEMENT) {
        let rows: Vec<GenerationRow> = both!(db, c => generations::table
            .filter(generations::id.eq_any(ids.iter().copied().map(Sql)))
            .filter(generations::completed_at.is_not_null())
            .select(GenerationRow::as_select())
            .load(c))?;
        ended.append(&mut with_images(db, rows)?);
    }
    Ok(ended)
}

/// Deletes idempotency keys that expired by `at`, the oldest first.
pub(super) fn forget_idempotency_keys(
    db: &mut Db,
    at: Timestamp,
    at_most: u32,
) -> Result<u32, Error> {
    let expired: Vec<GenerationId> = both!(db, c => idempotency_keys::table
        .filter(idempotency_keys::expires_at.le(Sql(at)))
        .order(idempotency_keys::expires_at)
        .limit(i64::from(at_most))
        .select(idempotency_keys::generation_id)
        .load(c))?;
    let mut forgotten = 0;
    for ids in expired.chunks(IDS_A_STATEMENT) {
        // The key may have been taken again since: then its generation is another.
        forgotten += both!(db, c => diesel::delete(
            idempotency_keys::table.filter(idempotency_keys::generation_id.eq_any(ids.iter().copied().map(Sql)))
        ).execute(c))?;
    }
    Ok(u32::try_from(forgotten).unwrap_or(u32::MAX))
}
