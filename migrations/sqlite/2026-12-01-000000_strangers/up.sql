-- A queue for each mode, and references that are looked for in all accounts. The previous release works on it: its queries
-- ask for no index by name.

CREATE INDEX generations_queue_of_mode ON generations (mode, turn, id) WHERE status = 'queued';
CREATE INDEX generations_queue_of_account_and_mode ON generations (account_id, mode, turn) WHERE status = 'queued';
CREATE INDEX credit_lots_of_reference ON credit_lots (reference) WHERE reference IS NOT NULL;
DROP INDEX generations_queue;
DROP INDEX generations_queue_of_account;
