-- What people know better than the tables that are compiled in: networks, prefixes of numbers; and which networks belong together.

CREATE TABLE networks (
    id BIGINT PRIMARY KEY,
    mcc_mnc TEXT NOT NULL UNIQUE,
    country TEXT NOT NULL,
    operator TEXT NOT NULL,
    source TEXT NOT NULL,
    as_of TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE number_prefixes (
    id BIGINT PRIMARY KEY,
    prefix TEXT NOT NULL UNIQUE,
    mcc_mnc TEXT NOT NULL,
    source TEXT NOT NULL,
    as_of TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE operator_groups (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    aliases TEXT NOT NULL,
    networks TEXT NOT NULL,
    source TEXT NOT NULL,
    as_of TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
