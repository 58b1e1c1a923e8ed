//! The database: whether it answers, is of a version that is known to work, has our schema, and keeps what was committed.

use sambac_engine::clock::Clock;
use sambac_store::{PostgresFacts, Store};

use super::finding::Findings;
use crate::config::Config;

/// The oldest PostgreSQL that is tried in our tests' place: what is older gets no corrections any more.
const POSTGRES_MIN: i64 = 140_000;
/// Connections of one process.
const CONNECTIONS: i64 = 20;
/// By so much clocks may differ: a message's validity and a code's life are counted in seconds.
const SKEW_MAX_MS: i64 = 1_000;

pub(super) async fn look(config: &Config, findings: &mut Findings) {
    let place = config.store_place();
    match Store::open_existing(&config.store_url()).await {
        Ok(Some(store)) => {
            findings.good("database", format!("{place} answers"));
            schema(&store, findings).await;
            match store.sqlite_version().await {
                Ok(Some(version)) => {
                    findings.good("database version", format!("SQLite {version}, built in; every commit is flushed"));
                }
                Ok(None) => postgres(&store, findings).await,
                Err(error) => findings.bad("database version", error.to_string(), "see what the database says"),
            }
            store.close().await;
        }
        Ok(None) => findings.skipped("database", format!("{place} is not there yet: the first start makes it")),
        Err(error) => {
            findings.bad(
                "database",
                format!("{place}: {error}"),
                "start it, or correct `store.url`; nothing is taken without it",
            );
        }
    }
}

async fn schema(store: &Store, findings: &mut Findings) {
    match store.missing_steps().await {
        Ok(Some(missing)) if missing.is_empty() => findings.good("schema", "up to date"),
        Ok(Some(missing)) => {
            let found = format!("{} steps are missing", missing.len());
            findings.warning("schema", found, "the next start of `sambac run` makes them, or `sambac migrate` before");
        }
        Ok(None) => findings.skipped("schema", "none yet: the first start makes it"),
        Err(error) => findings.bad("schema", error.to_string(), "run the newer program, or another database"),
    }
}

async fn postgres(store: &Store, findings: &mut Findings) {
    let clock = Clock::system();
    let before = clock.now();
    match store.postgres_facts().await {
        Ok(Some(facts)) => {
            version(&facts, findings);
            durability(&facts, findings);
            access(&facts, findings);
            let (early, late) = (before.0 - facts.now.0, facts.now.0 - clock.now().0);
            let skew_ms = early.max(late).max(0) / 1_000;
            let to_do = "let both machines follow the same time servers (chrony, systemd-timesyncd)";
            findings.check("clock", skew_ms <= SKEW_MAX_MS, format!("{skew_ms} ms apart from the database's"), to_do);
        }
        Ok(None) => {}
        Err(error) => findings.bad("database version", error.to_string(), "see what the database says"),
    }
}

fn version(facts: &PostgresFacts, findings: &mut Findings) {
    let found = format!("PostgreSQL {}.{}", facts.version / 10_000, facts.version % 10_000);
    findings.advise("database version", facts.version >= POSTGRES_MIN, found, "use PostgreSQL 14 or newer");
    let encoding = setting(facts, "server_encoding");
    findings.check("encoding", encoding == "UTF8", encoding, "make the database with `createdb --encoding UTF8`");
    let to_do = "name the primary in `store.url`: this one follows another and cannot be written to";
    let is_writable = !facts.is_replica && setting(facts, "default_transaction_read_only") != "on";
    findings.check("writable", is_writable, if is_writable { "yes" } else { "no" }, to_do);
}

fn durability(facts: &PostgresFacts, findings: &mut Findings) {
    for (check, name, to_do) in [
        (
            "flushing",
            "fsync",
            "set `fsync = on` and make the database anew from a backup: what it said was kept may be lost with the power",
        ),
        (
            "page writes",
            "full_page_writes",
            "set `full_page_writes = on`: a page that was half written with the power is lost otherwise",
        ),
    ] {
        let value = setting(facts, name);
        findings.check(check, value == "on", format!("{name} = {value}"), to_do);
    }
    let checksums = setting(facts, "data_checksums");
    let to_do = "make clusters with `initdb --data-checksums`, or `pg_checksums --enable` while it is stopped: else a bad disk changes \
                 rows without being noticed";
    findings.advise("checksums", checksums == "on", format!("data_checksums = {checksums}"), to_do);
    let autovacuum = setting(facts, "autovacuum");
    let to_do = "set `autovacuum = on`: tables that are never cleaned grow until they are slow";
    findings.advise("autovacuum", autovacuum == "on", format!("autovacuum = {autovacuum}"), to_do);
    findings.good("synchronous_commit", "on, whatever the server has: each of our sessions sets it");
}

fn access(facts: &PostgresFacts, findings: &mut Findings) {
    let number = |name| setting(facts, name).parse::<i64>().unwrap_or_default();
    let left = number("max_connections") - number("superuser_reserved_connections");
    let to_do =
        format!("raise `max_connections`: each process of the platform has up to {CONNECTIONS}, and tools need some");
    findings.advise("connections", left >= 2 * CONNECTIONS, format!("{left} for all"), &to_do);
    let to_do =
        "set `ssl = on` there and `?sslmode=verify-full` in `store.url`: codes and passwords travel readably otherwise";
    let found = match (facts.is_encrypted, facts.is_local) {
        (true, _) => "TLS",
        (false, true) => "none, on this machine",
        (false, false) => "none",
    };
    findings.advise("encryption", facts.is_encrypted || facts.is_local, found, to_do);
    let found = if facts.is_superuser { "a superuser" } else { "a role of its own" };
    let to_do = "make a role that owns the database and nothing else: `CREATE ROLE sambac LOGIN` and `ALTER DATABASE … OWNER TO sambac`";
    findings.advise("role", !facts.is_superuser, found, to_do);
}

fn setting(facts: &PostgresFacts, name: &str) -> String {
    facts.settings.get(name).cloned().unwrap_or_else(|| "not told".to_owned())
}
