-- Requests with one text for many recipients. What is still to be done follows from how many recipients have a row: they are taken
-- in their order, and the rows of some of them come in one commit with their messages. The content is wiped at the end.

CREATE TABLE batches (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    api_key_id BIGINT NOT NULL,
    total BIGINT NOT NULL,
    content BYTEA,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX batches_account ON batches (account_id, id);
CREATE INDEX batches_open ON batches (account_id, id) WHERE ended_at IS NULL;

CREATE TABLE batch_recipients (
    batch_id BIGINT NOT NULL,
    no BIGINT NOT NULL,
    message_id BIGINT,
    error TEXT,
    field TEXT,
    detail TEXT,
    PRIMARY KEY (batch_id, no)
);
