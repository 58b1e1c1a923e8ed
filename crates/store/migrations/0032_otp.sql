-- One-time codes. Of a code only a keyed hash is kept, and the salt that it follows from together with a key that is not here; both
-- and the text's template are wiped when it ends. The row 0 is nobody's: what is checked of a code that does not exist counts there,
-- so that it takes as long as any other check.

CREATE TABLE otp_profiles (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT otp_profiles_name_key UNIQUE (account_id, name)
);

CREATE TABLE otps (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    profile TEXT NOT NULL,
    destination BIGINT NOT NULL,
    country TEXT NOT NULL,
    mcc_mnc TEXT,
    attempts_max SMALLINT NOT NULL,
    sends_max SMALLINT NOT NULL,
    resend_gap_s BIGINT NOT NULL,
    steps SMALLINT NOT NULL,
    by_verification BOOLEAN NOT NULL,
    link_hash BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    salt BYTEA,
    code_hash BYTEA,
    content BYTEA,
    state SMALLINT NOT NULL,
    attempts BIGINT NOT NULL,
    sends SMALLINT NOT NULL,
    step SMALLINT NOT NULL,
    message_id BIGINT NOT NULL,
    resend_at BIGINT NOT NULL,
    next_at BIGINT,
    settle_due BOOLEAN NOT NULL,
    ended_at BIGINT
);

INSERT INTO otps VALUES
    (0, 0, '', 999000000000, '', NULL, 0, 0, 0, 0, FALSE, NULL, 0, 0, NULL, NULL, NULL, 2, 0, 0, 0, 0, 0, NULL, FALSE, 0);

CREATE INDEX otps_open ON otps (expires_at) WHERE state = 0;
CREATE INDEX otps_next ON otps (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX otps_settle ON otps (id) WHERE settle_due;
CREATE INDEX otps_account ON otps (account_id, id);

CREATE TABLE otp_sends (
    id BIGINT PRIMARY KEY,
    otp_id BIGINT NOT NULL,
    no SMALLINT NOT NULL,
    step SMALLINT NOT NULL,
    channel TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE INDEX otp_sends_otp ON otp_sends (otp_id);

CREATE TABLE otp_uses (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    country TEXT NOT NULL,
    mcc_mnc TEXT,
    is_used BOOLEAN NOT NULL,
    sent_at BIGINT NOT NULL,
    at BIGINT NOT NULL
);

CREATE INDEX otp_uses_account ON otp_uses (account_id, id);
