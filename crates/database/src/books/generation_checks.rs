//! Checks of generations: their money, their work and their keys.

use super::checks::Subject::{Account, Generation};
use super::checks::{Check, check};

pub(super) const MONEY: &[Check] = &[
    check(
        "generation-charged",
        Generation,
        "SELECT g.id AS subject, {null} AS lot, 'it costs ' || g.price_credits * g.n || ' and was charged '
            || coalesce(-sum(e.amount), 0) AS detail
        FROM generations g LEFT JOIN ledger_entries e ON e.generation_id = g.id AND e.cause = 'charge'
        GROUP BY g.id, g.price_credits, g.n HAVING coalesce(-sum(e.amount), 0) <> g.price_credits * g.n",
    ),
    check(
        "generation-settled",
        Generation,
        "SELECT g.id AS subject, {null} AS lot, 'charged ' || coalesce(-sum(CASE WHEN e.cause = 'charge' THEN e.amount END), 0)
            || ', captured ' || coalesce(g.captured_credits, 0)
            || ', refunded ' || coalesce(sum(CASE WHEN e.cause = 'refund' THEN e.amount END), 0) AS detail
        FROM generations g LEFT JOIN ledger_entries e ON e.generation_id = g.id
        WHERE g.status IN ('succeeded', 'failed', 'canceled')
        GROUP BY g.id, g.captured_credits
        HAVING coalesce(sum(e.amount), 0) + coalesce(g.captured_credits, 0) <> 0",
    ),
    check(
        "generation-captured",
        Generation,
        "SELECT g.id AS subject, {null} AS lot, 'captured ' || coalesce(g.captured_credits, 0) || ' for ' || count(i.id)
            || ' images at ' || g.price_credits AS detail
        FROM generations g LEFT JOIN images i ON i.generation_id = g.id
        WHERE g.status IN ('succeeded', 'failed', 'canceled')
        GROUP BY g.id, g.captured_credits, g.price_credits
        HAVING coalesce(g.captured_credits, -1) <> g.price_credits * count(i.id)",
    ),
    check(
        "refund-unfinished",
        Generation,
        "SELECT g.id AS subject, e.lot_id AS lot, 'it is ' || g.status || ' and was refunded ' || e.amount AS detail
        FROM ledger_entries e JOIN generations g ON g.id = e.generation_id
        WHERE e.cause = 'refund' AND g.status IN ('queued', 'running')",
    ),
    check(
        "refund-source",
        Generation,
        // A refund in a new lot counts as one of the lot that had paid.
        "SELECT generation_id AS subject, source AS lot, 'paid ' || -sum(CASE WHEN cause = 'charge' THEN amount ELSE 0 END)
            || ' and was refunded ' || sum(CASE WHEN cause = 'refund' THEN amount ELSE 0 END) AS detail
        FROM (SELECT e.generation_id, e.cause, e.amount, CASE WHEN e.cause = 'refund' AND l.source = 'refund'
                AND l.generation_id = e.generation_id THEN l.refund_of_lot_id ELSE e.lot_id END AS source
            FROM ledger_entries e JOIN credit_lots l ON l.id = e.lot_id WHERE e.cause IN ('charge', 'refund')) AS parts
        GROUP BY generation_id, source HAVING sum(amount) > 0",
    ),
    Check {
        invariant: "balance-after",
        subject: Generation,
        postgres: "SELECT id AS subject, {null} AS lot, 'its balance is ' || coalesce(balance_after::text, 'missing') AS detail
            FROM generations WHERE status IN ('succeeded', 'failed', 'canceled')
            AND (jsonb_typeof(balance_after->'credits') IS DISTINCT FROM 'number' OR balance_after->'credits' < '0'::jsonb
                OR jsonb_typeof(balance_after->'account_type') IS DISTINCT FROM 'string'
                OR coalesce(jsonb_typeof(balance_after->'next_expiration'), 'missing') NOT IN ('null', 'object'))",
        // Inside out, because a malformed text is an error to every other function of JSON.
        sqlite: "SELECT id AS subject, {null} AS lot, 'its balance is ' || coalesce(balance_after, 'missing') AS detail
            FROM generations WHERE status IN ('succeeded', 'failed', 'canceled')
            AND CASE WHEN balance_after IS NULL OR NOT json_valid(balance_after) THEN 1
                ELSE json_type(balance_after, '$.credits') IS NOT 'integer' OR json_extract(balance_after, '$.credits') < 0
                    OR json_type(balance_after, '$.account_type') IS NOT 'text'
                    OR coalesce(json_type(balance_after, '$.next_expiration'), 'missing') NOT IN ('null', 'object') END",
    },
];

pub(super) const WORK: &[Check] = &[
    check(
        "generation-state",
        Generation,
        "SELECT id AS subject, {null} AS lot, 'it is ' || status || ' and not all else of it fits that' AS detail
        FROM generations WHERE (status IN ('succeeded', 'failed', 'canceled')) <> (completed_at IS NOT NULL)
            OR (completed_at IS NULL) <> (captured_credits IS NULL) OR (completed_at IS NULL) <> (balance_after IS NULL)
            OR (status IN ('failed', 'canceled')) <> (error_code IS NOT NULL)
            OR (error_code IS NULL) <> (error_message IS NULL)
            OR price_credits < 0 OR n < 1 OR n > 10 OR captured_credits < 0 OR fence < 0
            OR (status = 'queued' AND (turn IS NULL OR worker_id IS NOT NULL OR dispatched_at IS NOT NULL))
            OR (status = 'running' AND (worker_id IS NULL OR started_at IS NULL OR deadline_at IS NULL OR fence < 1))",
    ),
    check(
        "generation-dispatch",
        Generation,
        // Failed work may have been sent or not: it may have failed in the queue.
        "SELECT id AS subject, {null} AS lot, 'it is ' || status || ' and was '
            || CASE WHEN dispatched_at IS NULL THEN 'never sent' ELSE 'sent' END AS detail
        FROM generations WHERE (status = 'succeeded' AND dispatched_at IS NULL) OR (status = 'canceled' AND dispatched_at IS NOT NULL)",
    ),
    check(
        "generation-lease",
        Generation,
        // Queued again it has lost the times of its last holder, and so has what was canceled, which only queued work is.
        // A waiting caller's deadline is no holder's: it is there from acceptance on.
        "SELECT id AS subject, {null} AS lot, 'it is ' || status || ' under the fence ' || fence
            || ', and its holder, times or turn do not fit that' AS detail
        FROM generations WHERE (status IN ('queued', 'canceled') AND (started_at IS NOT NULL
                OR (deadline_at IS NOT NULL AND NOT waits)))
            OR (status = 'canceled' AND worker_id IS NOT NULL)
            OR ((status = 'succeeded' OR dispatched_at IS NOT NULL)
                AND (fence < 1 OR worker_id IS NULL OR started_at IS NULL OR deadline_at IS NULL))
            OR (turn IS NULL AND dispatched_at IS NULL)",
    ),
    check(
        "generation-key",
        Generation,
        "SELECT g.id AS subject, {null} AS lot, 'it is in ' || g.mode || ' and its key of another account or mode' AS detail
        FROM generations g JOIN api_keys k ON k.id = g.api_key_id WHERE g.account_id <> k.account_id OR g.mode <> k.mode",
    ),
];

pub(super) const KEYS: &[Check] = &[
    check(
        "idempotency-key",
        Generation,
        "SELECT g.id AS subject, {null} AS lot, 'its idempotency key is of another account or mode' AS detail
        FROM idempotency_keys k JOIN generations g ON g.id = k.generation_id
        WHERE k.account_id <> g.account_id OR k.mode <> g.mode",
    ),
    check(
        "idempotency-key",
        Account,
        "SELECT account_id AS subject, {null} AS lot, 'the idempotency key ' || key || ' in ' || mode || ' names '
            || count(*) || ' generations' AS detail
        FROM idempotency_keys GROUP BY account_id, mode, key HAVING count(*) > 1",
    ),
    check(
        "idempotency-life",
        Generation,
        "SELECT g.id AS subject, {null} AS lot, 'its idempotency key is remembered for longer than 7 days' AS detail
        FROM idempotency_keys k JOIN generations g ON g.id = k.generation_id
        WHERE k.expires_at > g.created_at + 7 * 24 * {hour}",
    ),
];

pub(super) const ORPHANS: &[Check] = &[
    check(
        "orphan",
        Generation,
        "SELECT g.id AS subject, {null} AS lot, 'its account or key is not there' AS detail
        FROM generations g WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = g.account_id)
            OR NOT EXISTS (SELECT 1 FROM api_keys k WHERE k.id = g.api_key_id)",
    ),
    check(
        "orphan",
        Generation,
        "SELECT k.generation_id AS subject, {null} AS lot, 'it is not there, but an idempotency key names it' AS detail
        FROM idempotency_keys k WHERE NOT EXISTS (SELECT 1 FROM generations g WHERE g.id = k.generation_id)",
    ),
];
