-- What the texts of an account may not carry, as JSON; empty: no rules.
ALTER TABLE accounts ADD COLUMN content_rules TEXT NOT NULL DEFAULT '';
