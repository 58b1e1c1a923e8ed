-- Challenges of passkeys that were answered: each is good once, at whatever node. What a challenge needs travels with it, sealed.

CREATE TABLE passkey_answers (
    digest TEXT PRIMARY KEY,
    ends_at BIGINT NOT NULL
);

CREATE INDEX passkey_answers_end ON passkey_answers (ends_at);
