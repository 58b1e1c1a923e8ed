-- Statements of operators, line by line as they were taken: the evidence of what was compared with CDRs.

CREATE TABLE supplier_statements (
    id BIGINT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    operator_id BIGINT NOT NULL REFERENCES operators (id),
    file TEXT NOT NULL,
    from_day TEXT NOT NULL,
    to_day TEXT NOT NULL,
    currency TEXT NOT NULL,
    line_count BIGINT NOT NULL,
    message_count BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    imported_at BIGINT NOT NULL,
    imported_by TEXT NOT NULL
);

CREATE TABLE supplier_lines (
    statement_id BIGINT NOT NULL,
    line BIGINT NOT NULL,
    message_id TEXT,
    day BIGINT,
    mcc_mnc TEXT,
    count BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    PRIMARY KEY (statement_id, line)
) /*WITHOUT ROWID*/;
