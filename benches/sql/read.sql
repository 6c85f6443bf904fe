-- The least that a call needs which looks into the database once. :accounts is 1000.
\set account random(1, :accounts)
SELECT balance FROM account WHERE id = :account;
