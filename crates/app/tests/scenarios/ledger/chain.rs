//! Whoever edits the database file is found out: each column of each sealed table, rows that are gone, rows that were put in, and an
//! end that was cut off.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::{Database, Site, World};
use serde_json::{Value, json};

use super::Served;
use crate::world;

const SEALED: [&str; 6] = ["ledger_postings", "charges", "holds", "ledger_commands", "cdr_sms", "payments"];
/// Without these the file refuses it; who has the file takes them away first.
const UNGUARD: &str = "PRAGMA foreign_keys = OFF; DROP TRIGGER ledger_postings_no_update; DROP TRIGGER ledger_postings_no_delete; \
    DROP TRIGGER ledger_blocks_no_update; DROP TRIGGER ledger_blocks_no_delete;";

/// What the verification named: table and id, and what it said.
type Findings = BTreeMap<(String, String), String>;

/// A real run: messages of several ends, holds of several ends.
async fn run(world: World) -> Result<World> {
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("50").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let served = Served::start_in(world, site, &[]).await?;
    let payments = (0..9).map(|number| format!("{{ amount = \"1\", reference = \"more {number}\" }}"));
    let payments = payments.collect::<Vec<_>>().join(", ");
    let paid = format!("name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\npayment = [{payments}]");
    served.world.apply(&Site::new().table("account", &paid)).await?;
    served.platform.until_bound().await?;
    let rest = served.platform.rest(&served.secrets)?;
    for number in 0..26 {
        let ending = if number % 3 == 0 { "010" } else { "000" };
        let sent = rest.send_text(&format!("+999000{number:03}{ending}"), "text").await?;
        rest.ended(&sent).await?;
        let held = served.charge(&format!("hold-{number}"), json!({ "action": "hold", "amount": "0.5" })).await?;
        let order = if number % 2 == 0 { "capture" } else { "void" };
        let order = json!({ "action": order, "charge": held.body["charge"] });
        ensure!(served.charge(&format!("end-{number}"), order).await?.status == 200);
    }
    // The last block is of this alone.
    ensure!(served.charge("last", json!({ "action": "debit", "amount": "1" })).await?.status == 200);
    served.platform.terminate(Duration::from_secs(10)).await?;
    served.world.prove_ledger().await?;
    Ok(served.world)
}

/// Spoils a copy of the run and has it verified.
async fn spoiled(world: &World, sql: &str, heads: &[&str]) -> Result<Findings> {
    let (database, kept) = (world.data_folder().join("sambac.db"), world.path("kept.db"));
    if !kept.exists() {
        std::fs::copy(&database, &kept)?;
    }
    std::fs::copy(&kept, &database)?;
    for log in ["sambac.db-wal", "sambac.db-shm"] {
        let log = world.data_folder().join(log);
        if log.exists() {
            std::fs::remove_file(log)?;
        }
    }
    Database::spoil(&database, &format!("{UNGUARD}{sql}")).await?;
    let mut arguments = vec!["--output", "json", "ledger", "verify"];
    heads.iter().for_each(|head| arguments.extend(["--head", head]));
    let output = world.run(&arguments, &[] as &[&Path]).await?;
    let mut findings = Findings::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let line: Value = serde_json::from_str(line)?;
        if let (Some(table), Some(id)) = (line["table"].as_str(), line["id"].as_str()) {
            let said = line["finding"].as_str().unwrap_or_default().to_owned();
            findings.insert((table.to_owned(), id.to_owned()), said);
        }
    }
    ensure!(output.status.success() == findings.is_empty(), "{:?} with {findings:?}", output.status);
    Ok(findings)
}

/// Columns of a table and another value for each, as SQL.
async fn edits(database: &mut Database, table: &str) -> Result<Vec<(String, String)>> {
    let columns: Vec<(String, String)> =
        database.rows(&format!("SELECT name, type FROM pragma_table_info('{table}')")).await?;
    let other = |(name, kind): (String, String)| {
        let value = match kind.as_str() {
            "TEXT" => format!("COALESCE({name}, '') || 'x'"),
            "BOOLEAN" => format!("1 - {name}"),
            "BYTEA" => format!("CAST({name} || x'00' AS BLOB)"),
            _ => format!("COALESCE({name}, 0) + 1"),
        };
        (name, value)
    };
    Ok(columns.into_iter().map(other).collect())
}

/// Columns of all tables together that may have the tint of before by chance: one in four runs has one, one in 10,000 has more.
const UNNAMED_MAX: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_column_of_every_row_that_was_edited_is_named() -> Result<()> {
    let world = run(world("tamper_columns")?).await?;
    let mut database = world.database().await?;
    let mut expected: Vec<(String, String, String)> = Vec::new();
    let mut sql = String::new();
    for table in SEALED {
        let ids: Vec<(i64,)> = database.rows(&format!("SELECT id FROM {table} ORDER BY id")).await?;
        let edits = edits(&mut database, table).await?;
        ensure!(ids.len() >= edits.len(), "{table} has {} rows for {} columns", ids.len(), edits.len());
        for ((column, value), (id,)) in edits.into_iter().zip(ids) {
            sql.push_str(&format!("UPDATE {table} SET {column} = {value} WHERE id = {id};"));
            expected.push((table.to_owned(), id.to_string(), column));
        }
    }
    drop(database);
    let findings = spoiled(&world, &sql, &[]).await?;
    let (mut missed, mut unnamed) = (Vec::new(), 0);
    for (table, id, column) in &expected {
        let said = findings.get(&(table.clone(), id.clone()));
        let is_named = said.is_some_and(|said| match column.as_str() {
            // Its old number is gone, and nobody knows the new one.
            "id" => said.contains("was deleted"),
            column => said.contains(column),
        });
        // A row's digest misses nothing; a column's tint is one octet, which another value has once in 256 times.
        if !is_named && said.is_some_and(|said| said.ends_with("was changed")) {
            unnamed += 1;
        } else if !is_named {
            missed.push(format!("{table}.{column} of {id}: {said:?}"));
        }
    }
    ensure!(unnamed <= UNNAMED_MAX, "{unnamed} columns are not named");
    ensure!(missed.is_empty(), "not found or not named:\n  {}", missed.join("\n  "));
    let ids = expected.iter().filter(|(.., column)| column == "id").count();
    ensure!(findings.len() == expected.len() + ids, "more is found than was edited: {findings:#?}");
    world.passed();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_are_gone_or_put_in_and_blocks_that_were_edited_are_named() -> Result<()> {
    let world = run(world("tamper_rows")?).await?;
    ensure!(spoiled(&world, "", &[]).await?.is_empty(), "nothing was edited");
    for table in SEALED {
        let (id, columns) = a_row_of(&world, table).await?;
        let key = (table.to_owned(), id.to_string());
        let gone = spoiled(&world, &format!("DELETE FROM {table} WHERE id = {id}"), &[]).await?;
        ensure!(gone.len() == 1 && gone.get(&key).is_some_and(|said| said.contains("deleted")), "{table}: {gone:?}");
        let values = columns.replace("key", "key || 'x'").replace("reference", "reference || 'x'");
        let put_in =
            format!("INSERT INTO {table} (id, {columns}) SELECT id + 1, {values} FROM {table} WHERE id = {id}");
        let added = spoiled(&world, &put_in, &[]).await?;
        let key = (table.to_owned(), (id + 1).to_string());
        ensure!(added.len() == 1 && added.get(&key).is_some_and(|said| said.contains("added")), "{table}: {added:?}");
    }
    // An end that is taken back: the row is as it was before, and the chain knows better.
    let settled = number(&world, "SELECT MIN(id) FROM charges WHERE state = 1").await?;
    let undone = format!(
        "UPDATE charges SET state = 0, captured_micros = 0, settle_posting_id = NULL, settle_block_id = NULL WHERE id = {settled}"
    );
    let findings = spoiled(&world, &undone, &[]).await?;
    ensure!(findings.contains_key(&("charges".to_owned(), settled.to_string())), "{findings:?}");
    let block = number(&world, "SELECT id FROM ledger_blocks ORDER BY id LIMIT 1 OFFSET 5").await?;
    for (column, other) in [
        ("epoch", "epoch + 1"),
        ("previous_hash", "CAST(previous_hash || x'00' AS BLOB)"),
        ("hash", "CAST(hash || x'00' AS BLOB)"),
        ("leaves", "CAST(leaves || x'00' AS BLOB)"),
        ("created_at", "created_at + 1"),
    ] {
        let findings =
            spoiled(&world, &format!("UPDATE ledger_blocks SET {column} = {other} WHERE id = {block}"), &[]).await?;
        let key = ("ledger_blocks".to_owned(), block.to_string());
        ensure!(findings.len() == 1 && findings.contains_key(&key), "{column}: {findings:?}");
    }
    cut_off(&world).await?;
    world.passed();
    Ok(())
}

/// A connection of its own each time: the file is another one after each spoiling.
async fn number(world: &World, sql: &str) -> Result<i64> {
    world.database().await?.number(sql).await
}

/// The id of one of the first rows of a table, and its other columns.
async fn a_row_of(world: &World, table: &str) -> Result<(i64, String)> {
    let mut database = world.database().await?;
    let id = database.number(&format!("SELECT id FROM {table} ORDER BY id LIMIT 1 OFFSET 3")).await?;
    let columns: Vec<(String,)> =
        database.rows(&format!("SELECT name FROM pragma_table_info('{table}') WHERE name <> 'id'")).await?;
    Ok((id, columns.into_iter().map(|(name,)| name).collect::<Vec<_>>().join(", ")))
}

/// The last block with all that it sealed is taken away, so that everything fits together again: only a head that was kept
/// outside knows.
async fn cut_off(world: &World) -> Result<()> {
    spoiled(world, "", &[]).await?;
    let output = world.run(&["--output", "json", "ledger", "head"], &[]).await?;
    let heads: Value = serde_json::from_slice(&output.stdout)?;
    let head = heads["heads"][0].as_str().context("a head")?.to_owned();
    ensure!(spoiled(world, "", &[&head]).await?.is_empty(), "the head that was kept is the one that is there");
    let last = number(world, "SELECT block_id FROM ledger_shards WHERE id = 0").await?;
    let mut sql = String::new();
    for table in SEALED {
        sql.push_str(&format!("DELETE FROM {table} WHERE block_id = {last};"));
    }
    sql.push_str(&format!(
        "DELETE FROM ledger_blocks WHERE id = {last}; \
         UPDATE ledger_shards SET block_id = block_id - 1, hash = (SELECT hash FROM ledger_blocks WHERE id = {last} - 1) WHERE id = 0;"
    ));
    ensure!(spoiled(world, &sql, &[]).await?.is_empty(), "without a head nobody can tell");
    let cut = spoiled(world, &sql, &[&head]).await?;
    ensure!(cut.values().any(|said| said.contains("cut off")), "{cut:?}");
    Ok(())
}
