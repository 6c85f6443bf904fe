//! What a refund changes, as planned by [`plan_refund`].

use diesel::prelude::*;
use gih_domain::account::AccountType;
use gih_domain::balance::Balance;
use gih_domain::credits::Credits;
use gih_domain::generation::Generation;
use gih_domain::id::{GenerationId, LotId};
use gih_domain::ledger::Cause;
use gih_domain::lots::{Lot, Part, Payment, Refund, plan_refund};
use gih_domain::ports::LotSource;
use gih_domain::time::Timestamp;

use crate::db::Db;
use crate::error::Error;
use crate::lots::{self, EntryRow, LotRow};
use crate::schema::{credit_lots, ledger_entries};
use crate::types::Sql;

/// A planned refund with the payments it undoes; new lots have their names.
pub(super) struct Refunds {
    payments: Vec<Payment>,
    planned: Vec<(Refund, LotId)>,
}

impl Refunds {
    /// Plans where `due` goes. Reads what was paid, unless nothing is due.
    pub(super) fn plan(
        db: &mut Db,
        generation: &Generation,
        due: Credits,
        at: Timestamp,
    ) -> Result<Self, Error> {
        let payments = if due.is_zero() {
            Vec::new()
        } else {
            payments(db, generation.id)?
        };
        let refunds = plan_refund(&payments, due, generation.created_at, at);
        let covered: Credits = refunds.iter().map(Refund::credits).sum();
        if covered != due {
            return Err(Error::Unexpected(format!(
                "{} is due {due} credits and the ledger has a charge of {covered} to refund",
                generation.id
            )));
        }
        let planned = refunds.into_iter().map(|refund| {
            let lot = match refund {
                Refund::ToSource(part) => part.lot,
                Refund::ToNewLot { .. } => lots::new_lot_id(),
            };
            (refund, lot)
        });
        Ok(Self {
            payments,
            planned: planned.collect(),
        })
    }

    /// What goes back to lots that paid.
    pub(super) fn to_sources(&self) -> Vec<Part> {
        let parts = self.planned.iter().filter_map(|(refund, _)| match refund {
            Refund::ToSource(part) => Some(*part),
            Refund::ToNewLot { .. } => None,
        });
        parts.collect()
    }

    /// The lots to be added.
    pub(super) fn new_lots(&self, generation: &Generation, at: Timestamp) -> Vec<LotRow> {
        let lots = self.planned.iter().filter_map(|(refund, id)| match refund {
            Refund::ToSource(_) => None,
            Refund::ToNewLot { source, expires_at } => Some(LotRow {
                id: *id,
                account_id: generation.account,
                mode: generation.mode,
                source: LotSource::Refund,
                granted: source.credits.get(),
                remaining: source.credits.get(),
                expires_at: Some(*expires_at),
                created_at: at,
                note: None,
                reference: None,
                generation_id: Some(generation.id),
                refund_of_lot_id: Some(source.lot),
            }),
        });
        lots.collect()
    }

    /// The ledger's entries: one a lot that gets something.
    pub(super) fn entries(&self, generation: &Generation, at: Timestamp) -> Vec<EntryRow> {
        let entries = self.planned.iter().map(|(refund, lot)| EntryRow {
            id: lots::new_entry_id(at),
            account_id: generation.account,
            lot_id: *lot,
            mode: generation.mode,
            cause: Cause::Refund,
            amount: refund.credits().get(),
            generation_id: Some(generation.id),
            created_at: at,
        });
        entries.collect()
    }

    /// The balance with this refund, given the lots that are live without it.
    pub(super) fn balance_after(
        &self,
        account_type: AccountType,
        mut lots: Vec<Lot>,
        at: Timestamp,
    ) -> Balance {
        for (refund, id) in &self.planned {
            let credits = refund.credits();
            match refund {
                Refund::ToSource(_) => {
                    if let Some(lot) = lots.iter_mut().find(|lot| lot.id == *id) {
                        lot.remaining = lot.remaining.plus(credits);
                    } else if let Some(paid) =
                        self.payments.iter().find(|paid| paid.part.lot == *id)
                    {
                        // It was spent to the last credit, and so is not among the live ones.
                        lots.push(Lot {
                            id: *id,
                            remaining: credits,
                            expires_at: paid.expires_at,
                            created_at: paid.lot_created_at,
                        });
                    }
                }
                Refund::ToNewLot { expires_at, .. } => lots.push(Lot {
                    id: *id,
                    remaining: credits,
                    expires_at: Some(*expires_at),
                    created_at: at,
                }),
            }
        }
        Balance::of(account_type, &lots, at)
    }
}

/// What each lot paid for the generation.
fn payments(db: &mut Db, id: GenerationId) -> Result<Vec<Payment>, Error> {
    type Columns = (LotId, i64, Option<Timestamp>, Timestamp, LotSource);
    let rows: Vec<Columns> = both!(db, c => ledger_entries::table
        .inner_join(credit_lots::table.on(credit_lots::id.eq(ledger_entries::lot_id)))
        .filter(ledger_entries::generation_id.eq(Sql(Some(id))))
        .filter(ledger_entries::cause.eq(Sql(Cause::Charge)))
        .select((
            credit_lots::id,
            ledger_entries::amount,
            credit_lots::expires_at,
            credit_lots::created_at,
            credit_lots::source,
        ))
        .load(c))?;
    rows.into_iter()
        .map(|(lot, amount, expires_at, lot_created_at, source)| {
            let credits = lots::credits(amount.saturating_neg())?;
            Ok(Payment {
                part: Part { lot, credits },
                expires_at,
                lot_created_at,
                is_refund_lot: source == LotSource::Refund,
            })
        })
        .collect()
}
