-- The console: people's sessions, secrets that are rotated, what admins did, the last audits, and indexes for its lists.
-- The previous release works on it: every new column has a default, and it knows none of the new tables.

ALTER TABLE accounts ADD COLUMN blocked_at timestamptz;
-- A password that the hub made up and showed once: its owner is asked for another.
ALTER TABLE accounts ADD COLUMN password_is_temporary boolean NOT NULL DEFAULT false;

-- The console asks with keys of its own, one an account and mode, whose secrets nobody knows.
ALTER TABLE api_keys ADD COLUMN origin text NOT NULL DEFAULT 'owner' CHECK (origin IN ('owner', 'console'));
-- The secret before the last rotation, while its overlap lasts.
ALTER TABLE api_keys ADD COLUMN previous_digest bytea;
ALTER TABLE api_keys ADD COLUMN previous_prefix text;
ALTER TABLE api_keys ADD COLUMN previous_expires_at timestamptz;

CREATE UNIQUE INDEX api_keys_previous_digest ON api_keys (previous_digest) WHERE previous_digest IS NOT NULL;
CREATE UNIQUE INDEX api_keys_of_console ON api_keys (account_id, mode) WHERE origin = 'console';

-- When each key was last shown. Apart from the keys, whose rows acceptances lock: neither ever waits for the other.
CREATE TABLE api_key_uses (
    api_key_id uuid PRIMARY KEY REFERENCES api_keys (id),
    last_used_at timestamptz NOT NULL
);

-- Who is signed in. The token is known to the browser alone.
CREATE TABLE sessions (
    digest bytea PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX sessions_of_account ON sessions (account_id);
CREATE INDEX sessions_expiring ON sessions (expires_at);

-- Browsers that have signed in to an account before: strangers who guess its password do not lock them out.
CREATE TABLE devices (
    digest bytea NOT NULL,
    account_id uuid NOT NULL REFERENCES accounts (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (digest, account_id)
);

CREATE INDEX devices_of_account ON devices (account_id);
CREATE INDEX devices_expiring ON devices (expires_at);

-- What admins did: who, what, when.
CREATE TABLE admin_acts (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts (id),
    act text NOT NULL,
    subject text NOT NULL,
    detail text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE FUNCTION admin_acts_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'admin_acts is append-only';
END
$$;

CREATE TRIGGER admin_acts_append_only BEFORE UPDATE OR DELETE ON admin_acts
FOR EACH ROW EXECUTE FUNCTION admin_acts_are_final();

CREATE TRIGGER admin_acts_no_truncate BEFORE TRUNCATE ON admin_acts
FOR EACH STATEMENT EXECUTE FUNCTION admin_acts_are_final();

-- What the last audits of any process found.
CREATE TABLE audits (
    id uuid PRIMARY KEY,
    completed_at timestamptz NOT NULL,
    violations integer NOT NULL CHECK (violations >= 0),
    detail text NOT NULL
);

-- Lists by status and by key. Nearly all generations succeed: the others are what is looked for.
CREATE INDEX generations_unsuccessful_of_account ON generations (account_id, mode, status, id) WHERE status <> 'succeeded';
CREATE INDEX generations_unsuccessful ON generations (status, id) WHERE status <> 'succeeded';
CREATE INDEX generations_of_key ON generations (api_key_id, id);
-- Nearly all generations are live ones, which the primary key lists.
CREATE INDEX generations_of_test_mode ON generations (id) WHERE mode = 'test';

-- Lists of lots, and of entries by cause. Nearly all entries are charges: the others are what is looked for.
CREATE INDEX credit_lots_spent ON credit_lots (account_id, mode, id) WHERE remaining = 0;
CREATE INDEX ledger_entries_uncharged_of_account ON ledger_entries (account_id, mode, cause, id) WHERE cause <> 'charge';
