//! What an acceptance stands on: everything that decides about it, read in one round trip.

use diesel::dsl::exists;
use diesel::prelude::*;
use gih_domain::id::{GenerationId, LotId};
use gih_domain::idempotency::Fingerprint;
use gih_domain::lots::Lot;
use gih_domain::ports::{Accept, Hand};
use gih_domain::time::Timestamp;

use crate::db::Db;
use crate::dialect::Now;
use crate::error::Error;
use crate::literals::{Queued, Zero};
use crate::lots;
use crate::schema::{accounts, api_keys, credit_lots, generations, idempotency_keys, workers};
use crate::types::Sql;

/// What decides about an acceptance, read in one statement and so off one picture.
pub(super) struct Ground {
    /// What was accepted under the idempotency key, while that is remembered.
    pub(super) earlier: Option<(Fingerprint, GenerationId)>,
    /// Neither revoked nor of a blocked account.
    pub(super) key_is_valid: bool,
    pub(super) somebody_queues: bool,
    pub(super) worker_lives: bool,
    /// With credits left; the expired ones among them are the plan's to leave out.
    pub(super) lots: Vec<Lot>,
}

type LotColumns = (LotId, i64, Option<Timestamp>, Timestamp);
type GroundRow = (
    (Option<Timestamp>, Option<Timestamp>),
    bool,
    bool,
    Option<(Vec<u8>, GenerationId)>,
    Option<LotColumns>,
);

impl Ground {
    pub(super) fn read(db: &mut Db, accept: &Accept) -> Result<Self, Error> {
        let worker = match accept.hand {
            Hand::Mine { worker } => Some(worker),
            Hand::Queue => None,
        };
        let key = accept
            .idempotency
            .as_ref()
            .map(|idempotency| idempotency.key.as_str().to_owned());
        let queued = generations::table
            .filter(generations::status.eq(Queued))
            .filter(generations::mode.eq(Sql(accept.mode)))
            .select(generations::id);
        let live = workers::table
            .filter(workers::id.nullable().eq(Sql(worker)))
            .filter(workers::lease_until.gt(Now))
            .select(workers::id);
        let remembered = idempotency_keys::account_id
            .eq(Sql(accept.account))
            .and(idempotency_keys::mode.eq(Sql(accept.mode)))
            .and(idempotency_keys::key.nullable().eq(key))
            .and(idempotency_keys::expires_at.gt(Sql(accept.at)));
        let open = credit_lots::account_id
            .eq(Sql(accept.account))
            .and(credit_lots::mode.eq(Sql(accept.mode)))
            .and(credit_lots::remaining.gt(Zero));
        // One row a lot, with the rest repeated; one row without a lot when there is none.
        let rows: Vec<GroundRow> = both!(db, c => api_keys::table
            .inner_join(accounts::table)
            .left_join(idempotency_keys::table.on(remembered))
            .left_join(credit_lots::table.on(open))
            .filter(api_keys::id.eq(Sql(accept.key)))
            .filter(api_keys::account_id.eq(Sql(accept.account)))
            .select((
                (api_keys::revoked_at, accounts::blocked_at),
                exists(queued),
                exists(live),
                (idempotency_keys::fingerprint, idempotency_keys::generation_id).nullable(),
                (credit_lots::id, credit_lots::remaining, credit_lots::expires_at, credit_lots::created_at).nullable(),
            ))
            .load(c))?;
        let Some(((revoked_at, blocked_at), somebody_queues, worker_lives, earlier, _)) =
            rows.first().cloned()
        else {
            return Ok(Self {
                earlier: None,
                key_is_valid: false,
                somebody_queues: false,
                worker_lives: false,
                lots: Vec::new(),
            });
        };
        let earlier = earlier.map(|(fingerprint, generation)| {
            let length = fingerprint.len();
            let fingerprint = Fingerprint::try_from(fingerprint).map_err(|_| {
                Error::Unexpected(format!(
                    "the fingerprint of {generation} has {length} bytes"
                ))
            })?;
            Ok::<_, Error>((fingerprint, generation))
        });
        let lots = rows.into_iter().filter_map(|row| row.4);
        Ok(Self {
            earlier: earlier.transpose()?,
            key_is_valid: revoked_at.is_none() && blocked_at.is_none(),
            somebody_queues,
            worker_lives,
            lots: lots
                .map(|(id, remaining, expires_at, created_at)| {
                    lots::lot(id, remaining, expires_at, created_at)
                })
                .collect::<Result<_, Error>>()?,
        })
    }
}
