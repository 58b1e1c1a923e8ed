-- Webhooks say what they want and what they are for, sign in one of two ways, and have a second live secret while the first is rotated.

ALTER TABLE webhooks ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE webhooks ADD COLUMN events TEXT NOT NULL DEFAULT '[]';
ALTER TABLE webhooks ADD COLUMN public_key TEXT NOT NULL DEFAULT '';
ALTER TABLE webhooks ADD COLUMN former_secret_sealed TEXT;
ALTER TABLE webhooks ADD COLUMN former_public_key TEXT NOT NULL DEFAULT '';
ALTER TABLE webhooks ADD COLUMN former_until BIGINT;
ALTER TABLE webhooks ADD COLUMN disabled_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE webhooks ADD COLUMN disabled_at BIGINT;

CREATE INDEX webhooks_account ON webhooks (account_id, id);
