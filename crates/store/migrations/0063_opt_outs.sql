-- Who wants no more messages of an account, of all its senders or of one; and who did and does no more. A number is known again by a
-- keyed digest, which stays when the number itself is erased: a person who is forgotten is left alone all the same.
CREATE TABLE opt_outs (
    id BIGINT PRIMARY KEY,
    account_id BIGINT NOT NULL,
    number_digest BYTEA NOT NULL,
    sender TEXT NOT NULL,
    number_sealed TEXT,
    state TEXT NOT NULL,
    source TEXT NOT NULL,
    set_by TEXT NOT NULL,
    note TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    CONSTRAINT opt_outs_number_key UNIQUE (number_digest, account_id, sender)
);

CREATE INDEX opt_outs_account ON opt_outs (account_id, id);
