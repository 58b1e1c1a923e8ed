-- What accounts are told of, in the order in which it was committed: webhooks carry it, streams and lists read it here.

CREATE TABLE account_events (
    account_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject BIGINT,
    body TEXT,
    PRIMARY KEY (account_id, id)
) /*WITHOUT ROWID*/;
