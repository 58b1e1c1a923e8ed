-- Payments through a provider, what the provider told of them, and bank transfers that administrators book. A payment that has
-- succeeded has a row in `payments` of the same id, and so has a transfer that is booked: a second credit has no room.

CREATE TABLE payment_intents (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    provider TEXT NOT NULL,
    provider_payment_id TEXT,
    state TEXT NOT NULL,
    amount_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    client_secret TEXT,
    play TEXT,
    why TEXT,
    idempotency_key TEXT,
    fingerprint TEXT NOT NULL,
    checks BIGINT NOT NULL,
    next_check_at BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    CONSTRAINT payment_intents_provider_payment UNIQUE (provider, provider_payment_id),
    CONSTRAINT payment_intents_key UNIQUE (account_id, idempotency_key)
);

CREATE INDEX payment_intents_due ON payment_intents (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX payment_intents_account ON payment_intents (account_id, id);

CREATE TABLE payment_events (
    id BIGINT PRIMARY KEY,
    provider TEXT NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    provider_payment_id TEXT NOT NULL,
    payment_id BIGINT,
    received_at BIGINT NOT NULL,
    CONSTRAINT payment_events_event UNIQUE (provider, event_id)
);

CREATE TABLE bank_transfers (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    amount_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    reference TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL,
    asked_by_key BIGINT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    decided_by_key BIGINT,
    decided_by TEXT,
    decided_at BIGINT,
    decided_why TEXT,
    expires_at BIGINT NOT NULL,
    CONSTRAINT bank_transfers_reference UNIQUE (account_id, reference)
);

CREATE INDEX bank_transfers_waiting ON bank_transfers (id) WHERE state = 'open' OR state = 'approved';
