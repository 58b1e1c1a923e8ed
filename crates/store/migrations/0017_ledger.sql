-- The ledger as an auditor wants it: every row of money says in which block of the chain it was sealed; what a charge waits
-- for is kept with it; amounts that other services set aside; and whose wallet pays.

ALTER TABLE accounts ADD COLUMN wallet_of BIGINT REFERENCES accounts (id);
ALTER TABLE balances ADD COLUMN shard BIGINT NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN charge_policy SMALLINT NOT NULL DEFAULT 2;

-- Block 0 is "before the chain began".
ALTER TABLE ledger_postings ADD COLUMN block_id BIGINT NOT NULL DEFAULT 0;
CREATE INDEX ledger_postings_block ON ledger_postings (block_id);

ALTER TABLE cdr_sms ADD COLUMN block_id BIGINT NOT NULL DEFAULT 0;

ALTER TABLE charges ADD COLUMN policy SMALLINT NOT NULL DEFAULT 2;
ALTER TABLE charges ADD COLUMN wallet_of BIGINT;
ALTER TABLE charges ADD COLUMN block_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE charges ADD COLUMN captured_micros BIGINT NOT NULL DEFAULT 0;
ALTER TABLE charges ADD COLUMN correct_posting_id BIGINT;
ALTER TABLE charges ADD COLUMN settle_block_id BIGINT;
UPDATE charges SET captured_micros = amount_micros WHERE state = 1;
-- Only charges that wait for a verification stay held beyond the end of their message: they are few.
CREATE INDEX charges_unverified ON charges (id) WHERE policy = 3 AND state = 0;

CREATE TABLE holds (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    payer_id BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    captured_micros BIGINT NOT NULL,
    refunded_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    state SMALLINT NOT NULL,
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    block_id BIGINT NOT NULL
);

CREATE INDEX holds_open ON holds (expires_at) WHERE state = 0;

CREATE TABLE ledger_commands (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    verb TEXT NOT NULL,
    hold_id BIGINT,
    answer TEXT NOT NULL,
    amount_micros BIGINT NOT NULL,
    posting_id BIGINT,
    released_micros BIGINT NOT NULL,
    release_posting_id BIGINT,
    created_at BIGINT NOT NULL,
    block_id BIGINT NOT NULL,
    CONSTRAINT ledger_commands_key UNIQUE (account_id, key)
);

CREATE TABLE ledger_blocks (
    id BIGINT PRIMARY KEY,
    epoch BIGINT NOT NULL,
    previous_hash BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    leaves BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE ledger_shards (
    id BIGINT PRIMARY KEY,
    epoch BIGINT NOT NULL,
    block_id BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    holder TEXT NOT NULL,
    taken_at BIGINT NOT NULL
);

/*IMMUTABLE ledger_postings*/
/*IMMUTABLE ledger_blocks*/
