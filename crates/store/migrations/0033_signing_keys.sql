-- Keys that sign what others verify, such as the evidence of a verified code. The private half is encrypted with the master key.

CREATE TABLE signing_keys (
    id BIGINT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    public_key TEXT NOT NULL,
    private_sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
