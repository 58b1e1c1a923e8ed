-- What a person last asked of a connector: it outlives the process. Without a row, it is to run.

CREATE TABLE connector_orders (
    id BIGINT PRIMARY KEY REFERENCES connectors (id) ON DELETE CASCADE,
    asked TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at BIGINT NOT NULL
);
