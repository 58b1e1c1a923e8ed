-- Texts that an account has approved, each version by itself; and what its messages have to keep to, as JSON (empty: nothing).
ALTER TABLE accounts ADD COLUMN message_rules TEXT NOT NULL DEFAULT '';

CREATE TABLE templates (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    definition TEXT NOT NULL,
    state TEXT NOT NULL,
    created_by BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    decided_by BIGINT,
    decided_at BIGINT,
    reason TEXT NOT NULL,
    CONSTRAINT templates_version_key UNIQUE (account_id, name, version)
);
