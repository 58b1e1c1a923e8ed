-- What a person must know of: it outlives the process.

CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    text TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    count BIGINT NOT NULL,
    acknowledged_by TEXT,
    acknowledged_at BIGINT,
    cleared_at BIGINT
);
