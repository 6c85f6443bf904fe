-- The rows of million_postgres.sql in SQLite's words.
PRAGMA foreign_keys = off;
PRAGMA synchronous = off;
PRAGMA temp_store = memory;
PRAGMA cache_size = -262144;
CREATE TEMP TABLE span AS SELECT (unixepoch() - 366 * 86400) * 1000000 AS since;
CREATE TEMP TABLE owners (number integer PRIMARY KEY, account blob, key blob);
WITH RECURSIVE up (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM up WHERE number < 997)
INSERT INTO owners SELECT number, unhex(printf('%012x70008000%012x', since / 1000, number)),
    unhex(printf('%012x70018000%012x', since / 1000, number)) FROM up, span;
BEGIN;
INSERT INTO accounts (id, email, account_type, is_admin, created_at)
    SELECT account, 'crowd-' || number || '@example.com', 'PRO', 0, since FROM owners, span;
INSERT INTO api_keys (id, account_id, mode, name, prefix, digest, created_at)
    SELECT key, account, 'live', 'crowd', printf('gih_live_%06d', number), randomblob(32), since FROM owners, span;
INSERT INTO owners SELECT 0, a.id, k.id FROM accounts a JOIN api_keys k ON k.account_id = a.id
    WHERE a.email = '{email}' AND k.mode = 'live' AND k.origin = 'owner' ORDER BY k.id LIMIT 1;

CREATE TEMP TABLE work (i integer PRIMARY KEY, id blob, account blob, key blob, at integer, done integer, failed integer, number integer);
WITH RECURSIVE up (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM up WHERE i < {count}),
    timed AS (SELECT i, since + CAST(365 * 86400000 * (1.0 * i / {count}) AS integer) * 1000 AS at,
        CASE WHEN i % 10 = 0 THEN 0 ELSE i % 997 + 1 END AS number FROM up, span)
INSERT INTO work SELECT i, unhex(printf('%012x70008000%012x', at / 1000, i)), account, key, at, at + 20000000, i % 9 = 0, number
    FROM timed JOIN owners USING (number);

INSERT INTO generations (id, account_id, api_key_id, mode, model, provider, provider_model, prompt, n, aspect_ratio, tier,
    rendering_quality, price_credits, reference_images, waits, status, created_at, queue_deadline_at, worker_id, fence,
    started_at, dispatched_at, deadline_at, completed_at, captured_credits, error_code, error_message, balance_after)
SELECT id, account, key, 'live', 'gpt-image-2', 'openai', 'gpt-image-2', 'a red fox in the snow, number ' || i, 1, '1:1', '1K',
    'high', 9, '[]', 1, CASE WHEN failed THEN 'failed' ELSE 'succeeded' END, at, done, key, 1,
    at, at, done, done, CASE WHEN failed THEN 0 ELSE 9 END,
    CASE WHEN failed THEN 'generationFailed' END, CASE WHEN failed THEN 'The provider failed.' END,
    '{"credits":100,"account_type":"PRO","next_expiration":null}' FROM work ORDER BY i;
INSERT INTO images (id, generation_id, position, object_name, format, width, height, byte_length, sha256, created_at)
SELECT unhex(printf('%012x70008000%012x', done / 1000, i)), id, 0, 'generations/gen_' || lower(hex(id)) || printf('/0-%016x.png', i),
    'png', 1024, 1024, 1500000, randomblob(32), done FROM work WHERE NOT failed ORDER BY i;

CREATE TEMP TABLE places (place integer PRIMARY KEY);
INSERT INTO places VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9);
CREATE TEMP TABLE lots (account blob, place integer, number integer, lot blob, granted integer, since integer, PRIMARY KEY (account, place));
INSERT INTO lots SELECT account, place, number, unhex(printf('%012x7%03x8000%012x', since / 1000, place, number)), granted, since
    FROM (SELECT account, number, count(*) FILTER (WHERE NOT failed) AS granted FROM work GROUP BY 1, 2), span, places WHERE granted > 0;
INSERT INTO credit_lots (id, account_id, mode, source, granted, remaining, expires_at, created_at)
    SELECT lot, account, 'live', 'grant', granted, 0, since + 2 * 365 * 86400000000, since FROM lots;
INSERT INTO ledger_entries (id, account_id, lot_id, mode, cause, amount, created_at)
    SELECT unhex(printf('%012x7%03x8000%012x', since / 1000, 32 + place, number)), account, lot, 'live', 'grant', granted, since FROM lots;
INSERT INTO ledger_entries (id, account_id, lot_id, mode, cause, amount, generation_id, created_at)
    SELECT unhex(printf('%012x7%03x8000%012x', at / 1000, place, i)), work.account, lot, 'live', 'charge', -1, id, at
    FROM work CROSS JOIN lots ON lots.account = work.account ORDER BY i, place;
INSERT INTO ledger_entries (id, account_id, lot_id, mode, cause, amount, generation_id, created_at)
    SELECT unhex(printf('%012x7%03x8000%012x', done / 1000, 16 + place, i)), work.account, lot, 'live', 'refund', 1, id, done
    FROM work CROSS JOIN lots ON lots.account = work.account WHERE failed ORDER BY i, place;
COMMIT;
PRAGMA wal_checkpoint(truncate);
