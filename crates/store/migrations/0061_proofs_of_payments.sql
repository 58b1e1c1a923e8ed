-- What is to become money carries a digest with the key of the ledger's chain: the platform wrote it. Rows from before have none.

ALTER TABLE bank_transfers ADD COLUMN proof BYTEA;
ALTER TABLE payment_intents ADD COLUMN proof BYTEA;
