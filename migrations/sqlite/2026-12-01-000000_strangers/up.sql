-- A queue for each mode. The previous release works on it: its queries ask for no index by name.

CREATE INDEX generations_queue_of_mode ON generations (mode, turn, id) WHERE status = 'queued';
CREATE INDEX generations_queue_of_account_and_mode ON generations (account_id, mode, turn) WHERE status = 'queued';
DROP INDEX generations_queue;
DROP INDEX generations_queue_of_account;
