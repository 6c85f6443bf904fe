-- Fills a migrated hub database with {count} paid generations, about ten entries of the ledger for each, and an account
-- that owns every tenth of them: the one of {email}, which has a live key. Another 997 accounts own the rest.
-- The books add up: nine lots of an account each pay one credit of a generation, every ninth generation failed and was
-- refunded, and the lots are spent to the last credit. The generations are spread over the year before now.
SET session_replication_role = replica; -- references are right, and checking 30 million of them takes minutes
SET synchronous_commit = off;
SET work_mem = '256MB';
CREATE FUNCTION pg_temp.bench_id(at timestamptz, kind int, number bigint) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT CAST(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(kind), 3, '0') || '8000'
        || lpad(to_hex(number), 12, '0') AS uuid) $$;
CREATE TEMP TABLE span AS SELECT date_trunc('second', now()) - interval '366 days' AS since;

CREATE TEMP TABLE owners AS SELECT number, pg_temp.bench_id(since, 0, number) AS account, pg_temp.bench_id(since, 1, number) AS key
    FROM span, generate_series(1, 997) AS number;
INSERT INTO accounts (id, email, account_type, is_admin, created_at)
    SELECT account, 'crowd-' || number || '@example.com', 'PRO', false, since FROM owners, span;
INSERT INTO api_keys (id, account_id, mode, name, prefix, digest, created_at)
    SELECT key, account, 'live', 'crowd', 'gih_live_' || lpad(number::text, 6, '0'), sha256(('crowd-' || number)::bytea), since FROM owners, span;
INSERT INTO owners SELECT 0, a.id, k.id FROM accounts a JOIN api_keys k ON k.account_id = a.id
    WHERE a.email = '{email}' AND k.mode = 'live' AND k.origin = 'owner' ORDER BY k.id LIMIT 1;

CREATE TEMP TABLE work AS SELECT i, pg_temp.bench_id(at, 0, i) AS id, account, key, at, at + interval '20 seconds' AS done, i % 9 = 0 AS failed
    FROM (SELECT i, since + date_trunc('milliseconds', interval '365 days' * (i::float8 / {count})) AS at,
            CASE WHEN i % 10 = 0 THEN 0 ELSE i % 997 + 1 END AS number FROM span, generate_series(1, {count}) AS i) AS numbers
        JOIN owners USING (number) ORDER BY i;
ANALYZE work;

INSERT INTO generations (id, account_id, api_key_id, mode, model, provider, provider_model, prompt, n, aspect_ratio, tier,
    rendering_quality, price_credits, reference_images, waits, status, created_at, queue_deadline_at, worker_id, fence,
    started_at, dispatched_at, deadline_at, completed_at, captured_credits, error_code, error_message, balance_after)
SELECT id, account, key, 'live', 'gpt-image-2', 'openai', 'gpt-image-2', 'a red fox in the snow, number ' || i, 1, '1:1', '1K',
    'high', 9, '[]', true, CASE WHEN failed THEN 'failed' ELSE 'succeeded' END, at, done, key, 1,
    at, at, done, done, CASE WHEN failed THEN 0 ELSE 9 END,
    CASE WHEN failed THEN 'generationFailed' END, CASE WHEN failed THEN 'The provider failed.' END,
    '{"credits": 100, "account_type": "PRO", "next_expiration": null}' FROM work;
INSERT INTO images (id, generation_id, position, object_name, format, width, height, byte_length, sha256, created_at)
SELECT pg_temp.bench_id(done, 0, i), id, 0, 'generations/gen_' || replace(id::text, '-', '') || '/0-' || lpad(to_hex(i), 16, '0') || '.png',
    'png', 1024, 1024, 1500000, sha256(i::text::bytea), done FROM work WHERE NOT failed;

CREATE TEMP TABLE lots AS SELECT account, number, pg_temp.bench_id(since, lot, number) AS lot, lot AS place, granted, since
    FROM (SELECT account, number, count(*) FILTER (WHERE NOT failed) AS granted FROM work JOIN owners USING (account) GROUP BY 1, 2) AS sums,
        span, generate_series(1, 9) AS lot WHERE granted > 0;
INSERT INTO credit_lots (id, account_id, mode, source, granted, remaining, expires_at, created_at)
    SELECT lot, account, 'live', 'grant', granted, 0, since + interval '2 years', since FROM lots;
INSERT INTO ledger_entries (id, account_id, lot_id, mode, cause, amount, created_at)
    SELECT pg_temp.bench_id(since, 32 + place, number), account, lot, 'live', 'grant', granted, since FROM lots;
INSERT INTO ledger_entries (id, account_id, lot_id, mode, cause, amount, generation_id, created_at)
    SELECT pg_temp.bench_id(at, place, i), account, lot, 'live', 'charge', -1, id, at FROM work JOIN lots USING (account) ORDER BY i, place;
INSERT INTO ledger_entries (id, account_id, lot_id, mode, cause, amount, generation_id, created_at)
    SELECT pg_temp.bench_id(done, 16 + place, i), account, lot, 'live', 'refund', 1, id, done FROM work JOIN lots USING (account)
    WHERE failed ORDER BY i, place;
-- What autovacuum would have done meanwhile.
VACUUM (ANALYZE) generations, images, credit_lots, ledger_entries, accounts, api_keys;
CHECKPOINT;
