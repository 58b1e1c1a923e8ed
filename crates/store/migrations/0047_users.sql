-- Persons who use the consoles: of an account, or of the platform.

CREATE TABLE users (
    id BIGINT PRIMARY KEY,
    account_id BIGINT REFERENCES accounts (id),
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT,
    totp_sealed TEXT,
    totp_pending_sealed TEXT,
    totp_step BIGINT NOT NULL,
    recovery_hashes TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    logged_in_at BIGINT
);

CREATE INDEX users_account ON users (account_id, id);

-- Those who are logged in. Only a hash of what they show is kept.
CREATE TABLE user_sessions (
    id BIGINT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES users (id),
    secret_hash TEXT NOT NULL,
    second_factor BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    address TEXT NOT NULL,
    agent TEXT NOT NULL
);

CREATE INDEX user_sessions_user ON user_sessions (user_id, id);
CREATE INDEX user_sessions_end ON user_sessions (expires_at);

-- Links by which persons choose their passwords.
CREATE TABLE user_invitations (
    id BIGINT PRIMARY KEY,
    user_id BIGINT REFERENCES users (id),
    secret_hash TEXT NOT NULL,
    resets_factor BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE INDEX user_invitations_user ON user_invitations (user_id);
