-- Payments are sealed as all else of money. Block 0 is "before that".

ALTER TABLE payments ADD COLUMN block_id BIGINT NOT NULL DEFAULT 0;
