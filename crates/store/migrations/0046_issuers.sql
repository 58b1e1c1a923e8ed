-- Issuers of tokens outside, whose word on who calls is taken.

CREATE TABLE issuers (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    url TEXT NOT NULL UNIQUE,
    audience TEXT NOT NULL,
    jwks_url TEXT NOT NULL,
    accounts TEXT NOT NULL,
    settings TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
