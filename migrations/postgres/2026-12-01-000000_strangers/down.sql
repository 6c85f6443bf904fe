CREATE INDEX generations_queue ON generations (turn, id) WHERE status = 'queued';
CREATE INDEX generations_queue_of_account ON generations (account_id, turn) WHERE status = 'queued';
DROP INDEX credit_lots_of_reference;
DROP INDEX generations_queue_of_account_and_mode;
DROP INDEX generations_queue_of_mode;
