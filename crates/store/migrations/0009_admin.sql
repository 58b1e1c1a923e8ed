-- Whom the admin API knows, and what became of the configuration: every change, with what was before and after.

CREATE TABLE admin_keys (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    secret_hash TEXT NOT NULL,
    scopes TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT
);

CREATE TABLE config_versions (
    id BIGINT PRIMARY KEY,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    changes TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Segments whose outcome nobody knows: few, and looked for every few seconds. 5 is submit_unknown.
CREATE INDEX segments_unknown ON segments (id) WHERE state = 5 AND final_at IS NULL;
