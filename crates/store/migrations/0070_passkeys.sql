-- Passkeys of persons (WebAuthn). What is kept of one is public; the key itself never leaves its device.

ALTER TABLE users ADD COLUMN passkeys BIGINT NOT NULL DEFAULT 0;

CREATE TABLE user_passkeys (
    id BIGINT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    credential_id TEXT NOT NULL UNIQUE,
    credential TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE INDEX user_passkeys_user ON user_passkeys (user_id, id);
