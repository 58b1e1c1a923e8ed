-- Up to which block of each shard of the ledger consumers outside were told.

CREATE TABLE event_cursors (
    id BIGINT PRIMARY KEY,
    block_id BIGINT NOT NULL,
    moved_at BIGINT NOT NULL
);
