//! Very many rows, written by the database itself: nothing that the hub would do, but rows as it writes them.

#![allow(clippy::unwrap_used)]

use crate::support::TestDatabase;
use crate::world::{NOW, World, literal};

/// Writes so many live generations of this account and key, one a second up to [`NOW`], each with a charge, and for every
/// tenth one, which has failed, a refund; of every hundred, one is canceled. All in one lot.
pub fn crowd(database: &TestDatabase, world: &World, count: u32) {
    let (account, key) = (
        literal(database, world.account.0),
        literal(database, world.key.0),
    );
    let sql = if database.url.starts_with("sqlite") {
        SQLITE
    } else {
        POSTGRES
    };
    let sql = sql
        .replace("{account}", &account)
        .replace("{key}", &key)
        .replace("{count}", &count.to_string())
        .replace("{now}", &NOW.as_micros().to_string());
    database.execute(&sql).unwrap();
}

/// Ids are the hub's: 48 bits of milliseconds, a version, a variant, and here the row's number and the account's.
const SQLITE: &str = "
CREATE TEMP TABLE numbers AS WITH RECURSIVE up(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM up WHERE i < {count})
    SELECT i, {now} - ({count} - i) * 1000000 AS at,
        CASE WHEN i % 100 = 0 THEN 'canceled' WHEN i % 10 = 0 THEN 'failed' ELSE 'succeeded' END AS status FROM up;
CREATE TEMP TABLE rows AS SELECT i, at, status,
    unhex(printf('%012x', at / 1000) || '70008000' || printf('%04x', i % 7) || hex(substr({account}, 13, 4))) AS id FROM numbers;
BEGIN;
INSERT INTO generations (id, account_id, api_key_id, mode, model, provider, provider_model, prompt, n, tier,
    rendering_quality, price_credits, reference_images, waits, status, created_at, turn, queue_deadline_at, fence, worker_id,
    started_at, dispatched_at, deadline_at, completed_at, captured_credits, error_code, error_message, balance_after)
SELECT id, {account}, {key}, 'live', 'gpt-image-2', 'openai', 'gpt-image-2', 'a fox in the snow, number ' || i, 1, '1K',
    'high', 8, '[]', 0, status, at, 1, at, 1, {key}, at, at, at, at + 20000000, CASE status WHEN 'succeeded' THEN 8 ELSE 0 END,
    CASE WHEN status <> 'succeeded' THEN 'generationFailed' END, CASE WHEN status <> 'succeeded' THEN 'no' END,
    '{\"credits\":5,\"account_type\":\"PRO\",\"next_expiration\":null}' FROM rows;
INSERT INTO ledger_entries (id, account_id, lot_id, mode, cause, amount, generation_id, created_at)
SELECT id, {account}, (SELECT min(id) FROM credit_lots WHERE account_id = {account}), 'live', 'charge', -8, id, at FROM rows;
INSERT INTO ledger_entries (id, account_id, lot_id, mode, cause, amount, generation_id, created_at)
SELECT unhex(substr(hex(id), 1, 22) || 'ff' || substr(hex(id), 25)), {account},
    (SELECT min(id) FROM credit_lots WHERE account_id = {account}), 'live', 'refund', 8, id, at FROM rows WHERE status <> 'succeeded';
COMMIT;";

const POSTGRES: &str = "
CREATE TEMP TABLE rows AS SELECT i, timestamptz 'epoch' + at * interval '1 microsecond' AS at, status,
    CAST(lpad(to_hex(at / 1000), 12, '0') || '70008000' || lpad(to_hex(i % 7), 4, '0') || right(replace({account}::text, '-', ''), 8) AS uuid)
        AS id
FROM (SELECT i, {now} - ({count} - i) * 1000000::bigint AS at,
    CASE WHEN i % 100 = 0 THEN 'canceled' WHEN i % 10 = 0 THEN 'failed' ELSE 'succeeded' END AS status
    FROM generate_series(1, {count}) AS i) AS numbers;
INSERT INTO generations (id, account_id, api_key_id, mode, model, provider, provider_model, prompt, n, tier,
    rendering_quality, price_credits, reference_images, waits, status, created_at, turn, queue_deadline_at, fence, worker_id,
    started_at, dispatched_at, deadline_at, completed_at, captured_credits, error_code, error_message, balance_after)
SELECT id, {account}, {key}, 'live', 'gpt-image-2', 'openai', 'gpt-image-2', 'a fox in the snow, number ' || i, 1, '1K',
    'high', 8, '[]', false, status, at, 1, at, 1, {key}, at, at, at, at + interval '20 seconds',
    CASE status WHEN 'succeeded' THEN 8 ELSE 0 END, CASE WHEN status <> 'succeeded' THEN 'generationFailed' END,
    CASE WHEN status <> 'succeeded' THEN 'no' END, '{\"credits\":5,\"account_type\":\"PRO\",\"next_expiration\":null}' FROM rows;
INSERT INTO ledger_entries (id, account_id, lot_id, mode, cause, amount, generation_id, created_at)
SELECT id, {account}, (SELECT id FROM credit_lots WHERE account_id = {account} ORDER BY id LIMIT 1), 'live', 'charge', -8, id, at FROM rows;
INSERT INTO ledger_entries (id, account_id, lot_id, mode, cause, amount, generation_id, created_at)
SELECT CAST(left(id::text, 24) || 'ff' || right(id::text, 10) AS uuid), {account},
    (SELECT id FROM credit_lots WHERE account_id = {account} ORDER BY id LIMIT 1), 'live', 'refund', 8, id, at
FROM rows WHERE status <> 'succeeded';
ANALYZE;";
