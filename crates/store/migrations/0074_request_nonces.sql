-- Nonces of signed requests that have come, by their hash: none is taken twice, by whatever process, while its signature could hold.

CREATE TABLE request_nonces (
    hash BYTEA PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX request_nonces_end ON request_nonces (expires_at);
