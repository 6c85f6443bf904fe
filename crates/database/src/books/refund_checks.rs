//! Checks of where refunds go: [`plan_refund`](gih_domain::lots::plan_refund) is the rule, read backwards.
//!
//! Differences of times are compared with differences. On Postgres they may be told in days, and a day added to a time is
//! an hour shorter or longer when the session's zone changes its clocks.

use super::checks::Subject::{Entry, Generation, Lot};
use super::checks::{Check, check};

pub(super) const REFUNDS: &[Check] = &[
    check(
        "refund-time",
        Entry,
        "SELECT e.id AS subject, e.lot_id AS lot, 'a refund of ' || e.amount || ' not dated as the end of its generation' AS detail
        FROM ledger_entries e JOIN generations g ON g.id = e.generation_id
        WHERE e.cause = 'refund' AND e.created_at <> g.completed_at",
    ),
    check(
        "refund-place",
        Entry,
        "SELECT e.id AS subject, e.lot_id AS lot, 'a refund of ' || e.amount
            || ' into a lot that had expired or had under 24 h left' AS detail
        FROM ledger_entries e JOIN credit_lots l ON l.id = e.lot_id
        WHERE e.cause = 'refund' AND l.expires_at - e.created_at < 24 * {hour}
            AND NOT (l.source = 'refund' AND l.generation_id = e.generation_id)",
    ),
    check(
        "refund-place",
        Lot,
        "SELECT l.id AS subject, {null} AS lot, 'it was made for a refund that the lot which paid could have taken' AS detail
        FROM credit_lots l JOIN credit_lots s ON s.id = l.refund_of_lot_id
        WHERE l.source = 'refund' AND (s.expires_at IS NULL OR s.expires_at - l.created_at >= 24 * {hour})",
    ),
    check(
        "refund-life",
        Lot,
        "SELECT l.id AS subject, {null} AS lot,
            'it does not live as long as the lot that paid had left when it was charged, at least 24 h unless that was a refund'
            AS detail
        FROM credit_lots l JOIN credit_lots s ON s.id = l.refund_of_lot_id JOIN generations g ON g.id = l.generation_id
        WHERE l.source = 'refund' AND l.expires_at - l.created_at <> CASE
            WHEN s.source <> 'refund' AND s.expires_at - g.created_at < 24 * {hour} THEN 24 * {hour}
            WHEN s.expires_at < g.created_at THEN 0 * {hour}
            ELSE s.expires_at - g.created_at END",
    ),
    check(
        "refund-order",
        Generation,
        // What was spent last comes back first, so a lot gets nothing back before the next in the order of spending has
        // got all. Only where a part was kept can there be a wrong order.
        "SELECT generation_id AS subject, source AS lot, 'it was refunded ' || refunded || ' while ' || kept_of_next
            || ' of a lot that expires later was kept' AS detail
        FROM (SELECT parts.generation_id, parts.source, parts.refunded, lead(parts.paid - parts.refunded) OVER (
                PARTITION BY parts.generation_id ORDER BY (s.expires_at IS NULL), s.expires_at, s.created_at, s.id) AS kept_of_next
            FROM (SELECT e.generation_id, CASE WHEN e.cause = 'refund' AND l.source = 'refund'
                    AND l.generation_id = e.generation_id THEN l.refund_of_lot_id ELSE e.lot_id END AS source,
                    sum(CASE WHEN e.cause = 'charge' THEN -e.amount ELSE 0 END) AS paid,
                    sum(CASE WHEN e.cause = 'refund' THEN e.amount ELSE 0 END) AS refunded
                FROM generations g JOIN ledger_entries e ON e.generation_id = g.id JOIN credit_lots l ON l.id = e.lot_id
                WHERE g.status = 'succeeded' AND g.captured_credits < g.price_credits * g.n
                GROUP BY 1, 2) AS parts
            JOIN credit_lots s ON s.id = parts.source) AS ordered
        WHERE refunded > 0 AND kept_of_next > 0",
    ),
];
