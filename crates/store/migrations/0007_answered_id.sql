-- All messages of one submit_multi are known to their client by the id of the first: the others keep it here.

ALTER TABLE messages ADD COLUMN answered_id BIGINT;

CREATE INDEX messages_answered ON messages (answered_id) WHERE answered_id IS NOT NULL;
