-- The guard against pumping: an account's settings as JSON, empty for the defaults; and how many codes it has held against.
ALTER TABLE accounts ADD COLUMN otp_guard TEXT NOT NULL DEFAULT '';

CREATE TABLE otp_stops (
    account_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    country TEXT NOT NULL,
    mcc_mnc TEXT NOT NULL,
    profile TEXT NOT NULL,
    rule TEXT NOT NULL,
    stopped BIGINT NOT NULL,
    watched BIGINT NOT NULL,
    PRIMARY KEY (account_id, day, country, mcc_mnc, profile, rule)
);
