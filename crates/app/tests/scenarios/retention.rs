//! What is kept for how long: days of CDRs go into files and come back, whatever interrupts that, and the ledger's chain vouches for
//! them wherever they are.

mod erase;
mod history;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_store::Store;
use sambac_store::rows::CdrRow;
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Database, Site, World};
use serde_json::Value;

use crate::world;
use history::{DAYS, RECORDS_OF_DAY};

/// A site with three days of records that are long past, and a way to look at them.
struct Old {
    world: World,
    store: Store,
    written: Vec<CdrRow>,
}

impl Old {
    async fn on_file(name: &str) -> Result<Self> {
        let world = world(name)?;
        let url = format!("sqlite://{}", world.data_folder().join("sambac.db").display());
        Self::with(world, &url).await
    }

    async fn with(world: World, url: &str) -> Result<Self> {
        world.apply(&Site::with_one_account("10")).await?;
        Self::of(world, url).await
    }

    async fn of(world: World, url: &str) -> Result<Self> {
        let store = Store::open(url).await?;
        let written = history::write(&store, &world.data_folder().join("master.key")).await?;
        Ok(Self { world, store, written })
    }

    /// The records of these days in the table, as they are.
    async fn in_table(&self, days: &[&str]) -> Result<()> {
        let is_of = |row: &&CdrRow| days.iter().any(|day| row.accepted_at.rfc3339().starts_with(day));
        let wanted = self.written.iter().filter(is_of);
        let there = self.store.cdrs_between(0, i64::MAX, 100_000).await?;
        ensure!(there.iter().eq(wanted), "{} records are in the table", there.len());
        Ok(())
    }

    /// `sambac cdr …` on the data folder; what it printed.
    async fn cdr(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<std::process::Output> {
        self.world.run_with(&[&["--output", "json", "cdr"], arguments].concat(), variables).await
    }

    async fn done(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.cdr(arguments, &[]).await?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// `sambac cdr …` fails, and says this.
    async fn refused(&self, arguments: &[&str], what: &str) -> Result<()> {
        let output = self.cdr(arguments, &[]).await?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success() && told.contains(what), "{what}: {told}");
        Ok(())
    }

    /// Days in files, with their states.
    async fn listed(&self) -> Result<Vec<(String, String)>> {
        let listed = self.done(&["list"]).await?;
        let text = |day: &Value, name: &str| day[name].as_str().map(str::to_owned).context("no text");
        let days = listed["days"].as_array().context("no days")?;
        days.iter().map(|day| Ok((text(day, "day")?, text(day, "state")?))).collect()
    }

    /// The file of the second day.
    fn file(&self) -> PathBuf {
        self.world.data_folder().join("archives").join(format!("cdr-{}.parquet", DAYS[1]))
    }

    fn files(&self) -> Result<Vec<String>> {
        let entries = std::fs::read_dir(self.world.data_folder().join("archives"))?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<Result<Vec<_>>>()?;
        names.retain(|name| name.starts_with("cdr-"));
        names.sort();
        Ok(names)
    }

    /// What `sambac ledger verify` found.
    async fn findings(&self) -> Result<Vec<String>> {
        let output = self.world.run(&["--output", "json", "ledger", "verify"], &[]).await?;
        let lines = String::from_utf8(output.stdout)?;
        let lines = lines.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
        let found: Vec<_> = lines.iter().filter_map(|line| line["finding"].as_str().map(str::to_owned)).collect();
        ensure!(output.status.success() == found.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(found)
    }
}

fn states(state: &str) -> Vec<(String, String)> {
    DAYS.iter().map(|day| ((*day).to_owned(), state.to_owned())).collect()
}

/// The running platform moves what is old; a person puts days back, and moves them again.
async fn there_and_back(old: Old) -> Result<()> {
    let platform = old.world.platform(&[]).await?;
    until_true("the days are in files", async || Ok(old.listed().await? == states("archived"))).await?;
    old.in_table(&[]).await?;
    old.world.prove_ledger().await?;
    let restored = old.done(&["restore", DAYS[1], "--until", DAYS[2]]).await?;
    ensure!(restored["days"].as_array().is_some_and(|days| days.len() == 2), "{restored}");
    old.in_table(&DAYS[1..]).await?;
    old.world.prove_ledger().await?;
    // They stay, also when the platform looks again.
    platform.terminate(Duration::from_secs(10)).await?;
    let platform = old.world.platform(&[]).await?;
    old.done(&["restore", DAYS[1]]).await?;
    old.in_table(&DAYS[1..]).await?;
    old.done(&["archive", "--before", "2025-02-01"]).await?;
    old.in_table(&[]).await?;
    let again = format!("cdr-{}.2.parquet", DAYS[2]);
    ensure!(old.files()?.len() == 3 && old.files()?.contains(&again), "{:?}", old.files());
    ensure!(old.listed().await? == states("archived"));
    old.world.prove_ledger().await?;
    platform.terminate(Duration::from_secs(10)).await?;
    old.store.close().await;
    old.world.passed();
    Ok(())
}

#[tokio::test]
async fn old_days_go_into_files_and_come_back() -> Result<()> {
    there_and_back(Old::on_file("retention").await?).await
}

#[tokio::test]
async fn old_days_go_into_files_and_come_back_on_postgresql() -> Result<()> {
    let database = sambac_testkit::postgres::database(crate::ledger::migrate).await?;
    let world = world("retention_postgres")?.on(database.url());
    there_and_back(Old::with(world, database.url()).await?).await
}

/// Whatever step is the last one: no record is lost or told twice, the chain vouches for all of them in between, and the next
/// call brings the move to its end.
async fn survives(old: Old) -> Result<()> {
    let moves: [&[&str]; 2] = [&["archive", "--before", "2025-02-01"], &["restore", DAYS[0], "--until", DAYS[2]]];
    let kills = [
        (0, "cdr_file_written:1"),
        (0, "cdr_file_named:1"),
        (0, "cdr_removed:1"),
        (0, "cdr_removed:3"),
        (0, "cdr_file_written:1"),
        (1, "cdr_restored:1"),
        (1, "cdr_restored:4"),
        (0, "cdr_file_named:1"),
        (0, "cdr_removed:2"),
    ];
    for (which, point) in kills {
        let output = old.cdr(moves[which], &[("TEST_KILL_AT", point)]).await?;
        ensure!(!output.status.success(), "{point} was not reached");
        let findings = old.findings().await?;
        ensure!(findings.is_empty(), "after {point}: {} findings, {:?}", findings.len(), findings.first());
    }
    old.done(moves[0]).await?;
    old.in_table(&[]).await?;
    ensure!(old.listed().await? == states("archived"), "{:?}", old.listed().await?);
    ensure!(old.files()?.len() == 3, "nothing is left over: {:?}", old.files()?);
    old.done(moves[1]).await?;
    old.in_table(&DAYS).await?;
    old.world.prove_ledger().await?;
    old.store.close().await;
    old.world.passed();
    Ok(())
}

#[tokio::test]
async fn a_move_that_is_cut_off_anywhere_loses_nothing() -> Result<()> {
    survives(Old::on_file("retention_killed").await?).await
}

#[tokio::test]
async fn a_move_that_is_cut_off_anywhere_loses_nothing_on_postgresql() -> Result<()> {
    let database = sambac_testkit::postgres::database(crate::ledger::migrate).await?;
    let world = world("retention_killed_postgres")?.on(database.url());
    survives(Old::with(world, database.url()).await?).await
}

/// Who has the files and the database, and not the key, hides nothing.
#[tokio::test]
async fn tampering_with_files_and_days_is_named() -> Result<()> {
    let old = Old::on_file("retention_tampered").await?;
    old.done(&["archive", "--before", "2025-02-01"]).await?;
    ensure!(old.findings().await?.is_empty());
    let (file, kept) = (old.file(), old.world.path("kept.parquet"));
    std::fs::copy(&file, &kept)?;
    let mut octets = std::fs::read(&file)?;
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    std::fs::write(&file, &octets)?;
    told(&old, 1, "is not the file that was written").await?;
    let refused = old.cdr(&["restore", DAYS[1]], &[]).await?;
    ensure!(
        !refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("is not the file"),
        "{refused:?}"
    );
    std::fs::remove_file(&file)?;
    told(&old, 1, "No such file").await?;
    std::fs::copy(&kept, &file)?;
    ensure!(old.findings().await?.is_empty(), "it is there again");

    spoiled(&old, "UPDATE cdr_archives SET records = records - 1 WHERE id = (SELECT MIN(id) FROM cdr_archives)")
        .await?;
    told(&old, 1, "was not written by who has the key").await?;
    spoiled(&old, "UPDATE cdr_archives SET records = records + 1 WHERE id = (SELECT MIN(id) FROM cdr_archives)")
        .await?;
    // A day that nothing vouches for any more is gone record by record.
    spoiled(&old, "CREATE TABLE kept AS SELECT * FROM cdr_archives; DELETE FROM cdr_archives").await?;
    let all = old.findings().await?;
    ensure!(all.len() == 3 * RECORDS_OF_DAY && all[0].contains("was deleted"), "{} findings", all.len());
    spoiled(&old, "INSERT INTO cdr_archives SELECT * FROM kept").await?;
    old.store.close().await;
    old.world.passed();
    Ok(())
}

/// What is done to records that were put back does not find its way into the files, and the files mend it.
#[tokio::test]
async fn the_file_is_the_better_witness() -> Result<()> {
    let old = Old::on_file("retention_witness").await?;
    let days: &[&str] = &["archive", "--before", "2025-02-01"];
    old.done(days).await?;
    old.done(&["restore", DAYS[1]]).await?;
    let ids: Vec<_> = [7, 8, 9].iter().map(|at| old.written[RECORDS_OF_DAY + at].id.raw()).collect();
    let [changed, gone, replayed] = ids[..] else { anyhow::bail!("{ids:?}") };
    let octets = std::fs::read(old.file())?;
    spoiled(&old, &format!("UPDATE cdr_sms SET price_micros = price_micros + 1 WHERE id = {changed}")).await?;
    told(&old, 1, &format!("cdr_sms {changed} was changed: price_micros")).await?;
    old.refused(days, &format!("has record {changed}, which was changed in the table")).await?;
    let mended = old.done(&["restore", DAYS[1]]).await?;
    ensure!(mended["days"][0]["mended"] == 1, "{mended}");

    // A later block that does not name it, or names another record, vouches for nothing.
    spoiled(&old, &format!("UPDATE cdr_sms SET price_micros = 1, block_id = block_id + 1 WHERE id = {replayed}"))
        .await?;
    old.refused(days, &format!("has record {replayed}, which was changed in the table")).await?;
    spoiled(&old, &format!("DELETE FROM cdr_sms WHERE id = {gone}")).await?;
    told(&old, 2, "cdr_sms").await?;
    old.refused(days, &format!("has record {gone}, which is gone from the table")).await?;
    let mended = old.done(&["restore", DAYS[1]]).await?;
    ensure!(mended["days"][0]["mended"] == 2, "{mended}");
    old.in_table(&DAYS[1..2]).await?;
    old.world.prove_ledger().await?;

    let add = format!(
        "CREATE TABLE copied AS SELECT * FROM cdr_sms WHERE id = {gone}; UPDATE copied SET id = id + 1;
         INSERT INTO cdr_sms SELECT * FROM copied; DROP TABLE copied"
    );
    spoiled(&old, &add).await?;
    old.refused(days, &format!("does not have record {}", gone + 1)).await?;
    ensure!(std::fs::read(old.file())? == octets && old.files()?.len() == 3, "{:?}", old.files());
    spoiled(&old, &format!("DELETE FROM cdr_sms WHERE id = {}", gone + 1)).await?;
    old.done(days).await?;
    old.in_table(&[]).await?;
    old.world.prove_ledger().await?;
    let restored = "SELECT COUNT(*) FROM audit_log WHERE action = 'cdr.restored'";
    ensure!(old.world.database().await?.number(restored).await? == 3, "who put back what is known");
    old.store.close().await;
    old.world.passed();
    Ok(())
}

async fn spoiled(old: &Old, sql: &str) -> Result<()> {
    Database::spoil(&old.world.data_folder().join("sambac.db"), sql).await
}

async fn told(old: &Old, count: usize, what: &str) -> Result<()> {
    let findings = old.findings().await?;
    ensure!(findings.len() == count && findings[0].contains(what), "{what}: {} findings, {findings:?}", findings.len());
    Ok(())
}
