-- The tables of the foundation. One text for SQLite and PostgreSQL: five column types, no defaults for times
-- and ids. Two phrases are translated for SQLite, see src/dialect.rs: a single BIGINT PRIMARY KEY, and the
-- commented WITHOUT ROWID. Times are UTC microseconds, money is micros of the row's currency.

-- Configuration and small facts of the installation.

CREATE TABLE platform (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

INSERT INTO platform (key, value) VALUES ('config_version', '0');

CREATE TABLE tariffs (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    currency TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE tariff_rates (
    id BIGINT PRIMARY KEY,
    tariff_id BIGINT NOT NULL REFERENCES tariffs (id),
    mcc BIGINT,
    mcc_mnc TEXT,
    prefix TEXT,
    price_micros BIGINT NOT NULL
);

CREATE INDEX tariff_rates_tariff ON tariff_rates (tariff_id);

CREATE TABLE accounts (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    currency TEXT NOT NULL,
    state TEXT NOT NULL,
    credit_limit_micros BIGINT NOT NULL,
    tariff_id BIGINT NOT NULL REFERENCES tariffs (id),
    created_at BIGINT NOT NULL
);

CREATE TABLE operators (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE connectors (
    id BIGINT PRIMARY KEY,
    operator_id BIGINT NOT NULL REFERENCES operators (id),
    name TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    system_id TEXT NOT NULL,
    password_sealed TEXT NOT NULL,
    bind_kind TEXT NOT NULL,
    binds SMALLINT NOT NULL,
    window_max BIGINT NOT NULL,
    throughput_per_s_max BIGINT NOT NULL,
    settings TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE routes (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    position BIGINT NOT NULL,
    matches TEXT NOT NULL,
    strategy TEXT NOT NULL,
    connectors TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE smpp_accounts (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    system_id TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    allowed_ips TEXT NOT NULL,
    binds_max BIGINT NOT NULL,
    window_max BIGINT NOT NULL,
    traffic_class SMALLINT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    environment TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);

CREATE TABLE webhooks (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    url TEXT NOT NULL,
    secret_sealed TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Money.

CREATE TABLE balances (
    id BIGINT PRIMARY KEY,
    account_id BIGINT REFERENCES accounts (id),
    kind TEXT NOT NULL,
    currency TEXT NOT NULL,
    balance_micros BIGINT NOT NULL,
    CONSTRAINT balances_account_kind_currency UNIQUE (account_id, kind, currency)
);

CREATE TABLE ledger_postings (
    id BIGINT PRIMARY KEY,
    debit_id BIGINT NOT NULL,
    credit_id BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL CONSTRAINT ledger_postings_amount_above_zero CHECK (amount_micros > 0),
    currency TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE payments (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    amount_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    method TEXT NOT NULL,
    reference TEXT NOT NULL,
    posting_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT payments_reference UNIQUE (account_id, reference)
);

-- The hot path: no foreign keys from here on, the engine holds the references.

CREATE TABLE messages (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    origin SMALLINT NOT NULL,
    origin_id BIGINT NOT NULL,
    sender TEXT NOT NULL,
    destination BIGINT NOT NULL,
    class SMALLINT NOT NULL,
    body BYTEA,
    segment_count SMALLINT NOT NULL,
    mcc_mnc TEXT,
    route_id BIGINT NOT NULL,
    rate_id BIGINT NOT NULL,
    price_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    receipt_wanted BOOLEAN NOT NULL,
    client_ref TEXT,
    state SMALLINT NOT NULL,
    error TEXT,
    accepted_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    final_at BIGINT
);

CREATE INDEX messages_account ON messages (account_id, id);
CREATE INDEX messages_open ON messages (expires_at) WHERE final_at IS NULL;

CREATE TABLE segments (
    id BIGINT PRIMARY KEY,
    connector_id BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    smsc_message_id TEXT,
    receipt_key BIGINT,
    attempts SMALLINT NOT NULL,
    possible_duplicate BOOLEAN NOT NULL,
    command_status BIGINT,
    error TEXT,
    operator_error TEXT,
    submitted_at BIGINT,
    answered_at BIGINT,
    final_at BIGINT
);

CREATE INDEX segments_receipt ON segments (receipt_key) WHERE receipt_key IS NOT NULL;

CREATE TABLE message_events (
    id BIGINT PRIMARY KEY,
    message_id BIGINT NOT NULL,
    segment_no SMALLINT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    detail TEXT
);

CREATE INDEX message_events_message ON message_events (message_id);

CREATE TABLE charges (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    rate_id BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    state SMALLINT NOT NULL,
    hold_posting_id BIGINT NOT NULL,
    settle_posting_id BIGINT
);

CREATE TABLE cdr_sms (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    operator_id BIGINT NOT NULL,
    connector_id BIGINT NOT NULL,
    mcc_mnc TEXT,
    sender TEXT NOT NULL,
    destination BIGINT NOT NULL,
    class SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    error TEXT,
    operator_error TEXT,
    smsc_message_id TEXT,
    attempts SMALLINT NOT NULL,
    possible_duplicate BOOLEAN NOT NULL,
    price_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    charge_state SMALLINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    submitted_at BIGINT,
    final_at BIGINT NOT NULL
);

CREATE TABLE outbox (
    target BIGINT NOT NULL,
    lane SMALLINT NOT NULL,
    id BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    attempt BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    payload TEXT,
    PRIMARY KEY (target, lane, id)
) /*WITHOUT ROWID*/;

CREATE INDEX outbox_later ON outbox (due_at) WHERE due_at > 0;

CREATE TABLE submit_intents (
    id BIGINT PRIMARY KEY,
    connector_id BIGINT NOT NULL,
    segments TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE idempotency_keys (
    account_id BIGINT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    message_id BIGINT NOT NULL,
    response TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, key)
) /*WITHOUT ROWID*/;

CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);

CREATE TABLE orphan_receipts (
    id BIGINT PRIMARY KEY,
    connector_id BIGINT NOT NULL,
    receipt_key BIGINT NOT NULL,
    smsc_message_id TEXT NOT NULL,
    destination BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    error TEXT,
    done_at BIGINT,
    received_at BIGINT NOT NULL
);

CREATE INDEX orphan_receipts_key ON orphan_receipts (receipt_key);
