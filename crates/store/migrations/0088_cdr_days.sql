-- PostgreSQL: CDRs are in a table for each day (`store::cdr_days`), which goes as a whole when its records are in a file. What is there stays where it
-- is, as the part of all days before the one after tomorrow. SQLite has one table, as before.

/*POSTGRES
DO $$
DECLARE
    -- Ids tell when they were made, in milliseconds since 2024, above their last 22 bits.
    epoch_ms CONSTANT BIGINT := 1704067200000;
    newest BIGINT := (SELECT COALESCE(MAX(id), 0) FROM cdr_sms);
    day DATE := GREATEST(
        CAST(now() AT TIME ZONE 'UTC' AS DATE) + 2,
        CAST(to_timestamp(((newest >> 22) + epoch_ms) / 1000) AT TIME ZONE 'UTC' AS DATE) + 1
    );
    part TEXT := 'cdr_sms_until_' || to_char(day, 'YYYYMMDD');
    bound BIGINT := (CAST(extract(epoch FROM day) AS BIGINT) * 1000 - epoch_ms) << 22;
BEGIN
    EXECUTE format('ALTER TABLE cdr_sms RENAME TO %I', part);
    EXECUTE format('ALTER INDEX cdr_sms_pkey RENAME TO %I', part || '_pkey');
    EXECUTE format('CREATE TABLE cdr_sms (LIKE %I INCLUDING DEFAULTS, PRIMARY KEY (id)) PARTITION BY RANGE (id)', part);
    EXECUTE format('ALTER TABLE cdr_sms ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%s)', part, bound);
    CREATE TABLE cdr_sms_other PARTITION OF cdr_sms DEFAULT;
END $$;
*/
