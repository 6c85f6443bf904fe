-- The books: accounts, keys, lots and the ledger, the catalog, generations with their queue, and leases.
-- Ids are 16 bytes, times microseconds since 1970, JSON is text, booleans are 0 and 1.
-- Credit times (created_at, expires_at, completed_at, revoked_at) are the hub's clock's; lease and deadline times
-- (lease_until, queue_deadline_at, started_at, dispatched_at, deadline_at) are the database's own. Nothing compares the two.

CREATE TABLE accounts (
    id blob PRIMARY KEY NOT NULL,
    email text NOT NULL UNIQUE,
    account_type text NOT NULL CHECK (account_type IN ('FREE', 'PRO', 'ENTERPRISE')),
    is_admin integer NOT NULL CHECK (is_admin IN (0, 1)),
    password_hash text,
    created_at integer NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id blob PRIMARY KEY NOT NULL,
    account_id blob NOT NULL REFERENCES accounts (id),
    mode text NOT NULL CHECK (mode IN ('live', 'test')),
    name text NOT NULL,
    prefix text NOT NULL,
    digest blob NOT NULL UNIQUE,
    created_at integer NOT NULL,
    expires_at integer,
    revoked_at integer
) STRICT;

CREATE INDEX api_keys_of_account ON api_keys (account_id, id);

CREATE TABLE models (
    id text PRIMARY KEY NOT NULL,
    name text NOT NULL,
    provider text NOT NULL,
    provider_model text NOT NULL,
    aspect_ratios text NOT NULL,
    credits_per_image text NOT NULL,
    size_rule text NOT NULL,
    reference_image_limit integer NOT NULL CHECK (reference_image_limit >= 0),
    enabled integer NOT NULL CHECK (enabled IN (0, 1)),
    position integer NOT NULL
) STRICT;

CREATE TABLE generations (
    id blob PRIMARY KEY NOT NULL,
    account_id blob NOT NULL REFERENCES accounts (id),
    api_key_id blob NOT NULL REFERENCES api_keys (id),
    mode text NOT NULL CHECK (mode IN ('live', 'test')),
    model text NOT NULL,
    provider text NOT NULL,
    provider_model text NOT NULL,
    prompt text NOT NULL,
    n integer NOT NULL CHECK (n BETWEEN 1 AND 10),
    size text,
    aspect_ratio text,
    tier text NOT NULL CHECK (tier IN ('1K', '2K', '4K')),
    rendering_quality text NOT NULL,
    price_credits integer NOT NULL CHECK (price_credits >= 0),
    reference_images text NOT NULL,
    waits integer NOT NULL CHECK (waits IN (0, 1)),
    status text NOT NULL CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'canceled')),
    created_at integer NOT NULL,
    -- The queue: claimed in the order of turn, id. A turn is kept, so that work queued again comes first.
    turn integer,
    queue_deadline_at integer NOT NULL,
    -- The lease: who holds it, and how many have held it.
    worker_id blob,
    fence integer NOT NULL CHECK (fence >= 0),
    started_at integer,
    dispatched_at integer,
    deadline_at integer,
    -- The end.
    completed_at integer,
    captured_credits integer CHECK (captured_credits >= 0),
    error_code text,
    error_message text,
    balance_after text,
    CHECK (status <> 'queued' OR turn IS NOT NULL),
    CHECK (status <> 'running' OR (worker_id IS NOT NULL AND started_at IS NOT NULL AND deadline_at IS NOT NULL)),
    CHECK ((status IN ('succeeded', 'failed', 'canceled')) = (completed_at IS NOT NULL)),
    CHECK ((completed_at IS NULL) = (captured_credits IS NULL)),
    CHECK ((completed_at IS NULL) = (balance_after IS NULL)),
    CHECK ((status IN ('failed', 'canceled')) = (error_code IS NOT NULL)),
    CHECK ((error_code IS NULL) = (error_message IS NULL)),
    CHECK (captured_credits IS NULL OR captured_credits <= price_credits * n)
) STRICT;

CREATE INDEX generations_of_account ON generations (account_id, mode, id);
CREATE INDEX generations_queue ON generations (turn, id) WHERE status = 'queued';
CREATE INDEX generations_queue_of_account ON generations (account_id, turn) WHERE status = 'queued';
CREATE INDEX generations_queue_of_key ON generations (api_key_id) WHERE status = 'queued';
CREATE INDEX generations_queue_deadline ON generations (queue_deadline_at) WHERE status = 'queued';
CREATE INDEX generations_running ON generations (worker_id, deadline_at) WHERE status = 'running';

CREATE TABLE credit_lots (
    id blob PRIMARY KEY NOT NULL,
    account_id blob NOT NULL REFERENCES accounts (id),
    mode text NOT NULL CHECK (mode IN ('live', 'test')),
    source text NOT NULL CHECK (source IN ('signup', 'grant', 'refund')),
    granted integer NOT NULL CHECK (granted > 0),
    remaining integer NOT NULL,
    expires_at integer,
    created_at integer NOT NULL,
    note text,
    reference text,
    -- A refund's lot: whose refund, and the lot that had paid.
    generation_id blob REFERENCES generations (id),
    refund_of_lot_id blob REFERENCES credit_lots (id),
    UNIQUE (account_id, reference),
    CONSTRAINT credit_lots_remaining CHECK (remaining >= 0 AND remaining <= granted),
    CHECK ((source = 'refund') = (generation_id IS NOT NULL)),
    CHECK ((source = 'refund') = (refund_of_lot_id IS NOT NULL))
) STRICT;

-- What can still be spent; an exhausted lot leaves it.
CREATE INDEX credit_lots_open ON credit_lots (account_id, mode) WHERE remaining > 0;
CREATE INDEX credit_lots_expiring ON credit_lots (expires_at) WHERE remaining > 0 AND expires_at IS NOT NULL;

CREATE TABLE ledger_entries (
    id blob PRIMARY KEY NOT NULL,
    account_id blob NOT NULL REFERENCES accounts (id),
    lot_id blob NOT NULL REFERENCES credit_lots (id),
    mode text NOT NULL CHECK (mode IN ('live', 'test')),
    cause text NOT NULL CHECK (cause IN ('grant', 'charge', 'refund', 'expiry')),
    amount integer NOT NULL,
    generation_id blob REFERENCES generations (id),
    created_at integer NOT NULL,
    CHECK (CASE WHEN cause IN ('grant', 'refund') THEN amount > 0 ELSE amount < 0 END),
    CHECK ((cause IN ('charge', 'refund')) = (generation_id IS NOT NULL))
) STRICT;

CREATE INDEX ledger_entries_of_account ON ledger_entries (account_id, mode, id);
CREATE INDEX ledger_entries_of_lot ON ledger_entries (lot_id);
-- One charge and one refund a lot and generation: settling twice cannot refund twice.
CREATE UNIQUE INDEX ledger_entries_of_generation ON ledger_entries (generation_id, lot_id, cause) WHERE generation_id IS NOT NULL;

-- The ledger is append-only, whatever the hub or a hand at the console tries.
CREATE TRIGGER ledger_entries_no_update BEFORE UPDATE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'ledger_entries is append-only');
END;

CREATE TRIGGER ledger_entries_no_delete BEFORE DELETE ON ledger_entries
BEGIN
    SELECT RAISE(ABORT, 'ledger_entries is append-only');
END;

CREATE TABLE images (
    id blob PRIMARY KEY NOT NULL,
    generation_id blob NOT NULL REFERENCES generations (id),
    position integer NOT NULL CHECK (position >= 0),
    object_name text NOT NULL UNIQUE,
    format text NOT NULL CHECK (format IN ('png', 'jpeg', 'webp')),
    width integer NOT NULL CHECK (width > 0),
    height integer NOT NULL CHECK (height > 0),
    byte_length integer NOT NULL CHECK (byte_length > 0),
    sha256 blob NOT NULL,
    created_at integer NOT NULL,
    UNIQUE (generation_id, position)
) STRICT;

CREATE TABLE idempotency_keys (
    account_id blob NOT NULL REFERENCES accounts (id),
    mode text NOT NULL CHECK (mode IN ('live', 'test')),
    key text NOT NULL,
    fingerprint blob NOT NULL,
    generation_id blob NOT NULL UNIQUE REFERENCES generations (id),
    expires_at integer NOT NULL,
    PRIMARY KEY (account_id, mode, key)
) STRICT;

CREATE INDEX idempotency_keys_expiring ON idempotency_keys (expires_at);

-- One row a start of a process that works; while lease_until is ahead, its work is its own.
CREATE TABLE workers (
    id blob PRIMARY KEY NOT NULL,
    started_at integer NOT NULL,
    lease_until integer NOT NULL
) STRICT;
