-- What a consumer of billing events knows: charges and records as they were told last, and events that it could not read.

CREATE TABLE mirror_charges (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    payer_id BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    captured_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    policy TEXT NOT NULL,
    rate_id BIGINT NOT NULL,
    -- held 0, captured 1, voided 2, corrected 3, as in the platform's own table.
    state SMALLINT NOT NULL,
    hold_posting_id BIGINT,
    settle_posting_id BIGINT,
    correct_posting_id BIGINT,
    mcc TEXT,
    mnc TEXT,
    operator_id BIGINT,
    sender_type TEXT,
    held_at BIGINT,
    settled_at BIGINT,
    corrected_at BIGINT
);

CREATE TABLE mirror_cdrs (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    operator_id BIGINT,
    connector_id BIGINT NOT NULL,
    mcc TEXT,
    mnc TEXT,
    sender TEXT NOT NULL,
    sender_type TEXT,
    destination TEXT NOT NULL,
    class TEXT,
    state TEXT NOT NULL,
    error TEXT,
    operator_error TEXT,
    smsc_message_id TEXT,
    attempts SMALLINT NOT NULL,
    possible_duplicate BOOLEAN NOT NULL,
    price_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    charge_state TEXT NOT NULL,
    cost_micros BIGINT,
    cost_currency TEXT,
    accepted_at BIGINT NOT NULL,
    submitted_at BIGINT,
    final_at BIGINT NOT NULL,
    -- When it was written; one that was written later replaces it.
    recorded_at BIGINT NOT NULL
);

CREATE TABLE mirror_parked (
    id TEXT PRIMARY KEY,
    routing_key TEXT NOT NULL,
    body TEXT NOT NULL,
    reason TEXT NOT NULL,
    parked_at BIGINT NOT NULL
);
