DROP TABLE workers, idempotency_keys, images, ledger_entries, credit_lots, generations, models, api_keys, accounts;
DROP FUNCTION ledger_entries_are_final;
