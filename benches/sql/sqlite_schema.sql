-- The tables of schema.sql in SQLite's words.
CREATE TABLE account (id integer PRIMARY KEY, balance integer NOT NULL CHECK (balance >= 0));
CREATE TABLE credit_lot (id integer PRIMARY KEY, account_id integer NOT NULL REFERENCES account, remaining integer NOT NULL CHECK (remaining >= 0), expires_at integer NOT NULL);
CREATE INDEX credit_lot_of_account ON credit_lot (account_id, expires_at);
CREATE TABLE generation (id integer PRIMARY KEY, account_id integer NOT NULL REFERENCES account, status text NOT NULL, prompt text NOT NULL, created_at integer NOT NULL DEFAULT (unixepoch()));
CREATE INDEX generation_of_account ON generation (account_id, created_at);
CREATE TABLE ledger_entry (id integer PRIMARY KEY, account_id integer NOT NULL REFERENCES account, lot_id integer NOT NULL REFERENCES credit_lot, generation_id integer NOT NULL REFERENCES generation, amount integer NOT NULL, balance_after integer NOT NULL, created_at integer NOT NULL DEFAULT (unixepoch()));
CREATE INDEX ledger_entry_of_account ON ledger_entry (account_id);
CREATE TABLE image (id integer PRIMARY KEY, generation_id integer NOT NULL REFERENCES generation, object_key text NOT NULL, bytes integer NOT NULL);
CREATE INDEX image_of_generation ON image (generation_id);
INSERT INTO account WITH RECURSIVE up (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM up WHERE id < 1000) SELECT id, 3000000000 FROM up;
INSERT INTO credit_lot (account_id, remaining, expires_at) SELECT id, 1000000000, unixepoch() + lot.column1 * 86400 FROM account, (VALUES (1), (2), (3)) lot;
ANALYZE;
