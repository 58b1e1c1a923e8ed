-- What reconciliation found to differ, with what people say of it; and which day was compared by whom, so that several processes
-- compare each day once.

CREATE TABLE reconcile_breaks (
    id TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    account_id BIGINT,
    operator_id BIGINT,
    day TEXT NOT NULL,
    currency TEXT,
    expected_count BIGINT NOT NULL,
    found_count BIGINT NOT NULL,
    expected_micros BIGINT NOT NULL,
    found_micros BIGINT NOT NULL,
    examples TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    explained_by TEXT,
    explained_at BIGINT,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);

CREATE INDEX reconcile_breaks_day ON reconcile_breaks (day);
CREATE INDEX reconcile_breaks_open ON reconcile_breaks (id) WHERE state = 'open';

CREATE TABLE reconcile_runs (
    day TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);
