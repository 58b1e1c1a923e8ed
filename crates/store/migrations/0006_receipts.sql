-- Receipts: what the client asked to be told, when the operator says that a segment ended, and every receipt that found no
-- segment, with all that is needed to try it again.

ALTER TABLE messages ADD COLUMN registered_delivery SMALLINT NOT NULL DEFAULT 1;
ALTER TABLE segments ADD COLUMN done_at BIGINT;
ALTER TABLE cdr_sms ADD COLUMN done_at BIGINT;

CREATE TABLE orphan_receipts_before AS SELECT * FROM orphan_receipts;
DROP TABLE orphan_receipts;

CREATE TABLE orphan_receipts (
    id BIGINT PRIMARY KEY,
    connector_id BIGINT NOT NULL,
    receipt_key BIGINT NOT NULL,
    smsc_message_id TEXT NOT NULL,
    other_id TEXT,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    state SMALLINT NOT NULL,
    word TEXT,
    error TEXT,
    submit_date BIGINT,
    done_date BIGINT,
    received_at BIGINT NOT NULL
);

-- Stored states are those of messages, 6 to 11; receipts have their own numbers.
INSERT INTO orphan_receipts (id, connector_id, receipt_key, smsc_message_id, source, destination, state, error, received_at)
SELECT id, connector_id, receipt_key, smsc_message_id, CAST(destination AS TEXT), '',
    CASE state WHEN 6 THEN 2 WHEN 7 THEN 5 WHEN 8 THEN 3 WHEN 9 THEN 8 WHEN 10 THEN 5 WHEN 11 THEN 4 ELSE 7 END,
    error, received_at
FROM orphan_receipts_before;

DROP TABLE orphan_receipts_before;
CREATE INDEX orphan_receipts_key ON orphan_receipts (receipt_key);
