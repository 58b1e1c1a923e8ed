-- Who did what to the platform: entries that are never changed, each of which seals the one before.

CREATE TABLE audit_log (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    account_id BIGINT,
    address TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);

CREATE INDEX audit_log_account ON audit_log (account_id, id);

/*IMMUTABLE audit_log*/

-- Where it ends: whoever adds an entry holds this row.
INSERT INTO platform (key, value) VALUES ('audit_head', '0');
