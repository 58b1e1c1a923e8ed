-- Messages from handsets (MO): who gets them, what came, its parts until they are all there, and each target's part in it.

CREATE TABLE mo_routes (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL UNIQUE,
    position BIGINT NOT NULL,
    matches TEXT NOT NULL,
    strategy TEXT NOT NULL,
    targets TEXT NOT NULL,
    away_max_s BIGINT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE mo_messages (
    id BIGINT PRIMARY KEY,
    account_id BIGINT,
    route_id BIGINT,
    connector_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    body BYTEA,
    parts_total SMALLINT NOT NULL,
    parts SMALLINT NOT NULL,
    fingerprint BIGINT,
    state SMALLINT NOT NULL,
    received_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX mo_messages_account ON mo_messages (account_id, id);
CREATE INDEX mo_messages_fingerprint ON mo_messages (fingerprint) WHERE fingerprint IS NOT NULL;
CREATE INDEX mo_messages_ended ON mo_messages (ended_at) WHERE body IS NOT NULL;

CREATE TABLE mo_segments (
    id BIGINT PRIMARY KEY,
    assembly BIGINT NOT NULL,
    connector_id BIGINT NOT NULL,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    total SMALLINT NOT NULL,
    no SMALLINT NOT NULL,
    body BYTEA,
    fingerprint BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    mo_id BIGINT
);

CREATE INDEX mo_segments_assembly ON mo_segments (assembly) WHERE mo_id IS NULL;
CREATE INDEX mo_segments_due ON mo_segments (due_at) WHERE mo_id IS NULL;
CREATE INDEX mo_segments_fingerprint ON mo_segments (fingerprint);

CREATE TABLE mo_deliveries (
    id BIGINT PRIMARY KEY,
    mo_id BIGINT NOT NULL,
    target BIGINT NOT NULL,
    lane SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    give_up_at BIGINT NOT NULL,
    away_max_s BIGINT NOT NULL,
    next TEXT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX mo_deliveries_mo ON mo_deliveries (mo_id);
CREATE INDEX mo_deliveries_open ON mo_deliveries (give_up_at) WHERE state = 0;
CREATE INDEX mo_deliveries_target ON mo_deliveries (target) WHERE state = 0;
