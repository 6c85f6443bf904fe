//! What the last audits found.

use diesel::prelude::*;
use gih_domain::admin::AuditRecord;
use gih_domain::id::AuditId;
use gih_domain::time::Timestamp;

use crate::db::Db;
use crate::error::Error;
use crate::id_range::new_id;
use crate::schema::audits;
use crate::types::Sql;

/// How many are kept.
const KEPT: i64 = 100;

pub(super) fn record(db: &mut Db, audit: &AuditRecord) -> Result<(), Error> {
    let row = (
        audits::id.eq(Sql(AuditId(new_id(audit.completed_at)))),
        audits::completed_at.eq(Sql(audit.completed_at)),
        audits::violations.eq(i32::try_from(audit.violations).unwrap_or(i32::MAX)),
        audits::detail.eq(&audit.detail),
    );
    both!(db, c => diesel::insert_into(audits::table).values(row).execute(c))?;
    let oldest: Option<AuditId> = both!(db, c => audits::table
        .order(audits::id.desc())
        .offset(KEPT - 1)
        .select(audits::id)
        .first(c)
        .optional())?;
    if let Some(oldest) = oldest {
        both!(db, c => diesel::delete(audits::table.filter(audits::id.lt(Sql(oldest)))).execute(c))?;
    }
    Ok(())
}

pub(super) fn last(db: &mut Db) -> Result<Option<AuditRecord>, Error> {
    let row: Option<(Timestamp, i32, String)> = both!(db, c => audits::table
        .order(audits::id.desc())
        .select((audits::completed_at, audits::violations, audits::detail))
        .first(c)
        .optional())?;
    Ok(row.map(|(completed_at, violations, detail)| AuditRecord {
        completed_at,
        violations: violations.unsigned_abs(),
        detail,
    }))
}
