-- When a batch was called off: whoever has not had a turn gets none, also when the process dies in between.
ALTER TABLE batches ADD COLUMN canceled_at BIGINT;
