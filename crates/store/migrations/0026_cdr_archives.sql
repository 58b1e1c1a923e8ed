-- Days of CDRs that are in files: which file, what it must hold, and whether the table has the records as well. The chain of the
-- ledger vouches for every record wherever it is; the proof vouches for the file before anything of it is put back.

CREATE TABLE cdr_archives (
    id BIGINT PRIMARY KEY,
    file TEXT NOT NULL,
    records BIGINT NOT NULL,
    octets BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    proof BYTEA NOT NULL,
    state SMALLINT NOT NULL,
    written_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
