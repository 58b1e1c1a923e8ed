-- Prices as versioned sheets, of tariffs (what accounts pay) and of cost books (what operators are paid). A sheet and its rates
-- are written once and never changed. Rates of a sheet that is not in price_sheets count for nothing.

CREATE TABLE cost_books (
    id BIGINT PRIMARY KEY,
    operator_id BIGINT NOT NULL UNIQUE REFERENCES operators (id),
    currency TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE price_sheets (
    id BIGINT PRIMARY KEY,
    book_id BIGINT NOT NULL,
    version BIGINT NOT NULL,
    effective_from BIGINT NOT NULL,
    effective_to BIGINT,
    rate_count BIGINT NOT NULL,
    source TEXT NOT NULL,
    note TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    withdrawn_at BIGINT,
    CONSTRAINT price_sheets_version UNIQUE (book_id, version),
    CONSTRAINT price_sheets_ends_later CHECK (effective_to IS NULL OR effective_to > effective_from)
);

-- A sheet ends where the next one begins, so this is what keeps two sheets from counting at one time.
CREATE UNIQUE INDEX price_sheets_effective ON price_sheets (book_id, effective_from) WHERE withdrawn_at IS NULL;

CREATE TABLE rates (
    id BIGINT PRIMARY KEY,
    sheet_id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    sender_form SMALLINT,
    class SMALLINT,
    price_micros BIGINT NOT NULL CONSTRAINT rates_price_not_negative CHECK (price_micros >= 0),
    charge_policy SMALLINT NOT NULL
);

CREATE INDEX rates_sheet ON rates (sheet_id, id);

-- What there was becomes the first sheet of its tariff, from the beginning of time. Its id is beside its tariff's.
INSERT INTO price_sheets (id, book_id, version, effective_from, rate_count, source, note, created_by, created_at)
SELECT id + 1, id, 1, 0, (SELECT COUNT(*) FROM tariff_rates r WHERE r.tariff_id = tariffs.id), 'migration', '', 'migration',
    created_at
FROM tariffs;

-- Of several conditions the first counted; MCC and MNC of three digits were a country's.
INSERT INTO rates (id, sheet_id, scope, price_micros, charge_policy)
SELECT id, tariff_id + 1,
    CASE
        WHEN mcc_mnc IS NOT NULL AND LENGTH(mcc_mnc) = 3 THEN 'mcc:' || mcc_mnc
        WHEN mcc_mnc IS NOT NULL THEN 'network:' || mcc_mnc
        WHEN prefix IS NOT NULL THEN 'prefix:' || prefix
        WHEN mcc IS NOT NULL THEN 'mcc:' || SUBSTR('00' || CAST(mcc AS TEXT), LENGTH(CAST(mcc AS TEXT)), 3)
        ELSE 'default'
    END,
    price_micros, 2
FROM tariff_rates;

DROP TABLE tariff_rates;
