-- How much an account may spend, what it has spent on each day, by country, and since when its wallet is below zero.

ALTER TABLE accounts ADD COLUMN limits TEXT NOT NULL DEFAULT '';

CREATE TABLE spending (
    account_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    country TEXT NOT NULL,
    messages BIGINT NOT NULL,
    micros BIGINT NOT NULL,
    PRIMARY KEY (account_id, day, country)
) /*WITHOUT ROWID*/;

CREATE INDEX spending_day ON spending (day);

CREATE TABLE account_debts (
    id BIGINT PRIMARY KEY,
    since BIGINT NOT NULL,
    suspended_at BIGINT
);
