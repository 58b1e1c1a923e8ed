-- On what the program broke: it is remembered before the process ends, so that the next one does not break on it for ever.

CREATE TABLE breakages (
    id TEXT PRIMARY KEY,
    step TEXT NOT NULL,
    about BIGINT NOT NULL,
    times BIGINT NOT NULL,
    reason TEXT NOT NULL,
    program TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
