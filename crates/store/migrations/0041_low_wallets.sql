-- Which accounts were told that their wallets are low: once for each time that they become so.

CREATE TABLE low_wallets (
    id BIGINT PRIMARY KEY,
    since BIGINT NOT NULL
);
