//! How each bug is sown: SQL that runs once, or before or after a step.

use gih_database::Kind;

use super::Bug;
use crate::torture::bench::{Names, at, literal};
use crate::torture::model::{Answer, Model};
use crate::torture::step::Step;

/// Lifts the lock on the ledger, which would stop most of this.
const OPEN_LEDGER: [&str; 2] = [
    "DROP TRIGGER ledger_entries_no_update; DROP TRIGGER ledger_entries_no_delete;",
    "DROP TRIGGER ledger_entries_append_only ON ledger_entries;",
];

/// A trigger after an insert, as each database writes it. `body` reads the new row as NEW; `when` is about NEW alone.
fn after_insert(kind: Kind, table: &str, when: &str, body: &str) -> String {
    match kind {
        Kind::Sqlite => {
            format!("CREATE TRIGGER sown AFTER INSERT ON {table} WHEN {when} BEGIN {body} END;")
        }
        // Not by what a trigger itself inserts: SQLite's do not set off each other either.
        Kind::Postgres => format!(
            "CREATE FUNCTION sown() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$;
            CREATE TRIGGER sown AFTER INSERT ON {table} FOR EACH ROW WHEN (pg_trigger_depth() = 0 AND {when})
            EXECUTE FUNCTION sown();"
        ),
    }
}

/// Moves a refund that goes to a lot that paid to another lot that `fits`, entry and credits.
fn move_refund(kind: Kind, fits: &str) -> String {
    let target = format!(
        "(SELECT o.id FROM credit_lots o WHERE o.id <> NEW.lot_id AND o.remaining + NEW.amount <= o.granted AND {fits}
        ORDER BY o.id LIMIT 1)"
    );
    // The lot that paid may not have been paid back yet, and must not go below nothing.
    let is_movable = format!(
        "EXISTS (SELECT 1 FROM credit_lots s WHERE s.id = NEW.lot_id AND s.remaining >= NEW.amount
            AND (s.generation_id IS NULL OR s.generation_id <> NEW.generation_id))
        AND EXISTS {target}"
    );
    // Decided once and noted, because each statement changes what the next one sees.
    let body = format!(
        "INSERT INTO sown_moves SELECT NEW.id, {target} WHERE {is_movable};
        UPDATE ledger_entries SET lot_id = (SELECT target FROM sown_moves WHERE entry = NEW.id)
            WHERE id = NEW.id AND EXISTS (SELECT 1 FROM sown_moves WHERE entry = NEW.id);
        UPDATE credit_lots SET remaining = remaining - NEW.amount
            WHERE id = NEW.lot_id AND EXISTS (SELECT 1 FROM sown_moves WHERE entry = NEW.id);
        UPDATE credit_lots SET remaining = remaining + NEW.amount
            WHERE id = (SELECT target FROM sown_moves WHERE entry = NEW.id);"
    );
    let id = if kind == Kind::Sqlite { "blob" } else { "uuid" };
    let trigger = after_insert(kind, "ledger_entries", "NEW.cause = 'refund'", &body);
    format!("CREATE TABLE sown_moves (entry {id}, target {id}); {trigger}")
}

impl Bug {
    /// What is done to the schema.
    pub fn schema(self, kind: Kind) -> Option<String> {
        let open = OPEN_LEDGER[usize::from(kind == Kind::Postgres)];
        let (new_id, day) = match kind {
            Kind::Sqlite => ("randomblob(16)", "86400000000"),
            Kind::Postgres => ("gen_random_uuid()", "interval '1 day'"),
        };
        let sql = match self {
            // An acceptance names the key that it relies on, so nothing at all is accepted without it.
            Self::UniqueKeyGone => match kind {
                Kind::Sqlite => "CREATE TABLE without_key (account_id blob, mode text, key text, fingerprint blob,
                        generation_id blob UNIQUE, expires_at integer) STRICT;
                    DROP TABLE idempotency_keys; ALTER TABLE without_key RENAME TO idempotency_keys"
                    .to_owned(),
                Kind::Postgres => {
                    "ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_pkey".to_owned()
                }
            },
            Self::KeyForgotten => after_insert(
                kind,
                "idempotency_keys",
                "NEW.expires_at IS NOT NULL",
                "DELETE FROM idempotency_keys WHERE generation_id = NEW.generation_id;",
            ),
            Self::DoubleRefund => {
                let fits = "EXISTS (SELECT 1 FROM credit_lots WHERE id = NEW.lot_id AND remaining + 2 * NEW.amount <= granted)";
                let body = format!(
                    "INSERT INTO ledger_entries (id, account_id, lot_id, mode, cause, amount, generation_id, created_at)
                        SELECT {new_id}, NEW.account_id, NEW.lot_id, NEW.mode, NEW.cause, NEW.amount, NEW.generation_id,
                            NEW.created_at WHERE {fits};
                    UPDATE credit_lots SET remaining = remaining + NEW.amount WHERE id = NEW.lot_id AND {fits};"
                );
                let trigger = after_insert(kind, "ledger_entries", "NEW.cause = 'refund'", &body);
                format!("DROP INDEX ledger_entries_of_generation; {trigger}")
            }
            Self::RefundToBystander => {
                let fits = "o.account_id = NEW.account_id AND o.mode = NEW.mode AND NOT EXISTS (SELECT 1
                    FROM ledger_entries e WHERE e.lot_id = o.id AND e.generation_id = NEW.generation_id)";
                format!("{open} {}", move_refund(kind, fits))
            }
            Self::RefundToStranger => {
                format!(
                    "{open} {}",
                    move_refund(kind, "o.account_id <> NEW.account_id")
                )
            }
            Self::RefundToFirstPayer => {
                let fits = "EXISTS (SELECT 1 FROM ledger_entries e WHERE e.lot_id = o.id AND e.cause = 'charge'
                        AND e.generation_id = NEW.generation_id AND -e.amount >= NEW.amount)
                    AND NOT EXISTS (SELECT 1 FROM ledger_entries e WHERE e.lot_id = o.id AND e.cause = 'refund'
                        AND e.generation_id = NEW.generation_id)";
                // The first payer may get a part of its own besides.
                let open = format!("{open} DROP INDEX ledger_entries_of_generation;");
                format!("{open} {}", move_refund(kind, fits))
            }
            Self::RefundLivesOn => after_insert(
                kind,
                "credit_lots",
                "NEW.source = 'refund'",
                &format!(
                    "UPDATE credit_lots SET expires_at = expires_at + {day} WHERE id = NEW.id;"
                ),
            ),
            Self::ChargeLost | Self::EntryLost => open.to_owned(),
            Self::GenerationLost => match kind {
                // For the one connection that breaks things.
                Kind::Sqlite => "PRAGMA foreign_keys = OFF".to_owned(),
                Kind::Postgres => {
                    "ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_generation_id_fkey"
                        .to_owned()
                }
            },
            Self::ImageLost => after_insert(
                kind,
                "images",
                "NEW.position = 1",
                "DELETE FROM images WHERE id = NEW.id;",
            ),
            _ => return None,
        };
        Some(sql)
    }

    /// What is done before a step.
    pub fn before(self, kind: Kind, names: &Names, model: &Model, step: &Step) -> Option<String> {
        let hand = |hand: usize| {
            let hand = model.hands[hand];
            let id = literal(kind, names.works[hand.work].0);
            (id, literal(kind, names.workers[hand.worker].0), hand.fence)
        };
        match (self, step) {
            (Self::FenceDropped, Step::Settle { hand: index, .. }) => {
                let (id, worker, fence) = hand(*index);
                Some(format!(
                    "UPDATE generations SET worker_id = {worker}, fence = {fence} WHERE id = {id} AND status = 'running'"
                ))
            }
            (Self::EndsTwice, Step::Settle { hand: index, .. }) => {
                let (id, worker, fence) = hand(*index);
                Some(format!(
                    "UPDATE generations SET status = 'running', completed_at = NULL, captured_credits = NULL,
                        balance_after = NULL, error_code = NULL, error_message = NULL
                    WHERE id = {id} AND completed_at IS NOT NULL AND worker_id = {worker} AND fence = {fence}"
                ))
            }
            (Self::DispatchForgotten, Step::Reap { .. }) => {
                let now = match kind {
                    Kind::Sqlite => "unixepoch('subsec') * 1000000",
                    Kind::Postgres => "now()",
                };
                Some(format!(
                    "UPDATE generations SET dispatched_at = NULL WHERE status = 'running' AND turn IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM workers w WHERE w.id = worker_id AND w.lease_until > {now})"
                ))
            }
            (Self::ExpiredPays, Step::Accept(_)) => Some(shift_expired(kind, model, true)),
            (Self::RefundToExpired, Step::Settle { .. } | Step::Cancel { .. }) => {
                Some(shift_expired(kind, model, true))
            }
            _ => None,
        }
    }

    /// What is done after a step.
    pub fn after(self, kind: Kind, names: &Names, model: &Model, step: &Step) -> Option<String> {
        match (self, step) {
            (Self::ExpiredPays, Step::Accept(_))
            | (Self::RefundToExpired, Step::Settle { .. } | Step::Cancel { .. }) => {
                return Some(shift_expired(kind, model, false));
            }
            (Self::EndChanges, Step::Pass(_)) => {
                return Some(
                    "UPDATE generations SET status = 'canceled' WHERE status = 'failed'".to_owned(),
                );
            }
            _ => {}
        }
        let (Answer::Running(work) | Answer::Queued(work)) = model.answer else {
            return None;
        };
        let id = literal(kind, names.works.get(work)?.0);
        let entries =
            format!("FROM ledger_entries e WHERE e.generation_id = {id} AND e.cause = 'charge'");
        let lose_entries =
            format!("DELETE FROM ledger_entries WHERE generation_id = {id} AND cause = 'charge'");
        match self {
            Self::ChargeLost => Some(format!(
                "UPDATE credit_lots SET remaining = remaining - (SELECT sum(e.amount) {entries} AND e.lot_id = credit_lots.id)
                WHERE id IN (SELECT e.lot_id {entries}); {lose_entries}"
            )),
            Self::EntryLost => Some(lose_entries),
            Self::GenerationLost => Some(format!(
                "DELETE FROM idempotency_keys WHERE generation_id = {id}; DELETE FROM generations WHERE id = {id}"
            )),
            _ => None,
        }
    }
}

/// Lots that have expired or are about to seem to live for another century; or that is undone.
fn shift_expired(kind: Kind, model: &Model, is_before: bool) -> String {
    let now = at(model.now).as_micros();
    let (century, tomorrow, far) = match kind {
        Kind::Sqlite => (
            "3155760000000000".to_owned(),
            format!("{}", now + 86_400_000_000),
            format!("{}", now + 1_577_880_000_000_000),
        ),
        Kind::Postgres => {
            let now = format!("(timestamptz 'epoch' + {now} * interval '1 microsecond')");
            (
                "interval '876600 hours'".to_owned(),
                format!("{now} + interval '24 hours'"),
                format!("{now} + interval '438300 hours'"),
            )
        }
    };
    if is_before {
        format!(
            "UPDATE credit_lots SET expires_at = expires_at + {century} WHERE expires_at < {tomorrow}"
        )
    } else {
        format!(
            "UPDATE credit_lots SET expires_at = expires_at - {century} WHERE expires_at > {far}"
        )
    }
}
