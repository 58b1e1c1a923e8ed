-- Numbers that were erased: who asked for it and what it came to. The number is here, sealed, until it is erased everywhere.

CREATE TABLE erasures (
    id BIGINT PRIMARY KEY,
    number_sealed TEXT,
    number_digest BYTEA NOT NULL,
    asked_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    messages BIGINT NOT NULL,
    records BIGINT NOT NULL,
    handsets BIGINT NOT NULL,
    days BIGINT NOT NULL,
    waiting BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX erasures_open ON erasures (id) WHERE ended_at IS NULL;
