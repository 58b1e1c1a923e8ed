-- Keys by which requests of an API key are signed: the public half, or a secret that both know.

CREATE TABLE request_keys (
    id BIGINT PRIMARY KEY,
    api_key_id BIGINT NOT NULL REFERENCES api_keys (id),
    algorithm TEXT NOT NULL,
    public_key TEXT NOT NULL,
    secret_sealed TEXT,
    required BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX request_keys_api_key ON request_keys (api_key_id, id);
