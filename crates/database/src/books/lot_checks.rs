//! Checks of lots and of the ledger.

use super::checks::Subject::{Entry, Key, Lot};
use super::checks::{Check, check};

pub(super) const LOTS: &[Check] = &[
    check(
        "lot-remaining",
        Lot,
        "SELECT l.id AS subject, {null} AS lot,
            'it has ' || l.remaining || ' left and its entries add up to ' || coalesce(sum(e.amount), 0) AS detail
        FROM credit_lots l LEFT JOIN ledger_entries e ON e.lot_id = l.id
        GROUP BY l.id, l.remaining HAVING l.remaining <> coalesce(sum(e.amount), 0)",
    ),
    check(
        "lot-opening",
        Lot,
        "SELECT l.id AS subject, {null} AS lot, 'it was granted ' || l.granted || ' and has ' || count(e.id)
            || ' opening entries of ' || coalesce(sum(e.amount), 0) || ', or one of another time' AS detail
        FROM credit_lots l LEFT JOIN ledger_entries e ON e.lot_id = l.id AND (e.cause = 'grant'
            OR (l.source = 'refund' AND e.cause = 'refund' AND e.generation_id = l.generation_id))
        GROUP BY l.id, l.granted, l.created_at
        HAVING count(e.id) <> 1 OR sum(e.amount) <> l.granted OR max(e.created_at) <> l.created_at",
    ),
    check(
        "lot-bounds",
        Lot,
        "SELECT id AS subject, {null} AS lot, 'it was granted ' || granted || ' and has ' || remaining || ' left' AS detail
        FROM credit_lots WHERE granted <= 0 OR remaining < 0 OR remaining > granted",
    ),
    check(
        "refund-lot",
        Lot,
        "SELECT l.id AS subject, {null} AS lot, CASE
            WHEN (l.source = 'refund') <> (l.generation_id IS NOT NULL) OR (l.source = 'refund') <> (l.refund_of_lot_id IS NOT NULL)
                THEN 'its source is ' || l.source || ', which does not fit what it refers to'
            WHEN l.expires_at IS NULL THEN 'it is a refund and never expires'
            WHEN NOT EXISTS (SELECT 1 FROM ledger_entries e WHERE e.generation_id = l.generation_id
                AND e.lot_id = l.refund_of_lot_id AND e.cause = 'charge')
                THEN 'the lot that it refunds did not pay for its generation'
            ELSE 'it is not of the account and mode of what it refunds' END AS detail
        FROM credit_lots l LEFT JOIN credit_lots s ON s.id = l.refund_of_lot_id
            LEFT JOIN generations g ON g.id = l.generation_id
        WHERE (l.source = 'refund') <> (l.generation_id IS NOT NULL) OR (l.source = 'refund') <> (l.refund_of_lot_id IS NOT NULL)
            OR (l.source = 'refund' AND (l.expires_at IS NULL
                OR l.account_id <> s.account_id OR l.mode <> s.mode OR l.account_id <> g.account_id OR l.mode <> g.mode
                OR NOT EXISTS (SELECT 1 FROM ledger_entries e WHERE e.generation_id = l.generation_id
                    AND e.lot_id = l.refund_of_lot_id AND e.cause = 'charge')))",
    ),
];

pub(super) const ENTRIES: &[Check] = &[
    check(
        "entry-sign",
        Entry,
        "SELECT id AS subject, lot_id AS lot, 'a ' || cause || ' of ' || amount AS detail FROM ledger_entries
        WHERE NOT CASE WHEN cause IN ('grant', 'refund') THEN amount > 0 ELSE amount < 0 END",
    ),
    check(
        "entry-lot",
        Entry,
        "SELECT e.id AS subject, e.lot_id AS lot, 'a ' || e.cause || ' of ' || e.amount || ' in ' || e.mode
            || ' on a lot of another account or mode' AS detail
        FROM ledger_entries e JOIN credit_lots l ON l.id = e.lot_id
        WHERE e.account_id <> l.account_id OR e.mode <> l.mode",
    ),
    check(
        "entry-generation",
        Entry,
        "SELECT e.id AS subject, e.lot_id AS lot, 'a ' || e.cause || ' of ' || e.amount || ' in ' || e.mode
            || ' that does not fit its generation' AS detail
        FROM ledger_entries e LEFT JOIN generations g ON g.id = e.generation_id
        WHERE e.account_id <> g.account_id OR e.mode <> g.mode
            OR (e.cause IN ('charge', 'refund')) <> (e.generation_id IS NOT NULL)",
    ),
    check(
        "entry-unique",
        Lot,
        // No row stands for all of a group, and a UUID has no minimum on older Postgres: the lot is named instead.
        "SELECT lot_id AS subject, {null} AS lot, 'it has ' || count(*) || ' entries of the cause ' || cause
            || ' for one generation, ' || sum(amount) || ' in all' AS detail
        FROM ledger_entries WHERE generation_id IS NOT NULL GROUP BY generation_id, lot_id, cause HAVING count(*) > 1",
    ),
    check(
        "entry-time",
        Entry,
        "SELECT id AS subject, lot_id AS lot, 'a ' || cause || ' of ' || amount || ' dated ' || created_at AS detail
        FROM ledger_entries WHERE created_at > {at} + 1 * {hour}",
    ),
    check(
        "charge-time",
        Entry,
        "SELECT e.id AS subject, e.lot_id AS lot, 'a charge of ' || e.amount || ' not dated as its generation' AS detail
        FROM ledger_entries e JOIN generations g ON g.id = e.generation_id
        WHERE e.cause = 'charge' AND e.created_at <> g.created_at",
    ),
    check(
        "charge-expired",
        Entry,
        "SELECT e.id AS subject, e.lot_id AS lot, 'a charge of ' || e.amount || ' on a lot that had expired' AS detail
        FROM ledger_entries e JOIN credit_lots l ON l.id = e.lot_id
        WHERE e.cause = 'charge' AND e.created_at >= l.expires_at",
    ),
    check(
        "expiry-time",
        Entry,
        "SELECT e.id AS subject, e.lot_id AS lot, 'an expiry of ' || e.amount || ' on a lot that had not expired' AS detail
        FROM ledger_entries e JOIN credit_lots l ON l.id = e.lot_id
        WHERE e.cause = 'expiry' AND (l.expires_at IS NULL OR e.created_at < l.expires_at)",
    ),
];

pub(super) const ORPHANS: &[Check] = &[
    check(
        "orphan",
        Lot,
        "SELECT l.id AS subject, {null} AS lot, 'its account, generation or source lot is not there' AS detail
        FROM credit_lots l WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = l.account_id)
            OR (l.generation_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM generations g WHERE g.id = l.generation_id))
            OR (l.refund_of_lot_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM credit_lots s WHERE s.id = l.refund_of_lot_id))",
    ),
    check(
        "orphan",
        Entry,
        "SELECT e.id AS subject, e.lot_id AS lot, 'the account, lot or generation of ' || e.amount || ' is not there' AS detail
        FROM ledger_entries e WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = e.account_id)
            OR NOT EXISTS (SELECT 1 FROM credit_lots l WHERE l.id = e.lot_id)
            OR (e.generation_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM generations g WHERE g.id = e.generation_id))",
    ),
    check(
        "orphan",
        Key,
        "SELECT k.id AS subject, {null} AS lot, 'its account is not there' AS detail
        FROM api_keys k WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = k.account_id)",
    ),
];
