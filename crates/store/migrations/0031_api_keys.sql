-- API keys with a second live secret while they are rotated, with networks and a pace; what accounts allow of both.

ALTER TABLE api_keys ADD COLUMN former_secret_hash TEXT;
ALTER TABLE api_keys ADD COLUMN former_until BIGINT;
ALTER TABLE api_keys ADD COLUMN allowed_ips TEXT NOT NULL DEFAULT '[]';
ALTER TABLE api_keys ADD COLUMN rate_limit TEXT NOT NULL DEFAULT '';

CREATE INDEX api_keys_account ON api_keys (account_id, id);

ALTER TABLE accounts ADD COLUMN allowed_ips TEXT NOT NULL DEFAULT '[]';
ALTER TABLE accounts ADD COLUMN rate_limits TEXT NOT NULL DEFAULT '';

-- When a key was last used, to the minute. Apart from the keys: it is no change of the configuration.
CREATE TABLE api_key_uses (
    id BIGINT PRIMARY KEY,
    used_at BIGINT NOT NULL
);
