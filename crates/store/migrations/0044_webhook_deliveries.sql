-- What became of each attempt to tell a webhook, for some days; what it never took; and since when it takes nothing.

CREATE TABLE webhook_deliveries (
    webhook_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    event TEXT NOT NULL,
    kind TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    at BIGINT NOT NULL,
    took_ms BIGINT NOT NULL,
    status BIGINT,
    outcome TEXT NOT NULL,
    PRIMARY KEY (webhook_id, id)
) /*WITHOUT ROWID*/;

CREATE TABLE webhook_dead_letters (
    webhook_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (webhook_id, id)
) /*WITHOUT ROWID*/;

CREATE TABLE webhook_failures (
    id BIGINT PRIMARY KEY,
    since BIGINT NOT NULL
);
