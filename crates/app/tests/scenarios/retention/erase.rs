//! A person's number is erased wherever it is kept, and what was billed stays as it was.

use anyhow::{Context as _, Result, ensure};
use sambac_engine::cdr::archive::ArchiveFolder;
use sambac_store::chain::CdrFiles as _;
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Database, Rest, Site};
use serde_json::{Value, json};

use super::history::DAYS;
use super::{Old, states};
use crate::world;

/// In every old day once.
const NUMBER: u64 = 447_700_900_007;
const ERASED: i64 = 447_700_000_000;

impl Old {
    /// Records with the number, in the table and in files.
    async fn records_with_it(&self) -> Result<(usize, usize)> {
        let table = self.store.cdrs_between(0, i64::MAX, 100_000).await?;
        let mut in_files = 0;
        let mut files = ArchiveFolder::new(self.world.data_folder().join("archives")).cdrs();
        for day in self.store.cdr_archives().await? {
            let groups = files.open(&day).map_err(anyhow::Error::msg)?.len();
            for number in 0..groups {
                let rows = files.group(&day, number).map_err(anyhow::Error::msg)?;
                in_files += rows.iter().filter(|row| row.destination.as_u64() == NUMBER).count();
            }
        }
        Ok((table.iter().filter(|row| row.destination.as_u64() == NUMBER).count(), in_files))
    }
}

async fn until_ended(admin: &Rest, erasure: &Value) -> Result<Value> {
    let path = format!("/v1/admin/erasures/{}", erasure["id"].as_str().context("no id")?);
    let mut shown = Value::Null;
    until_true("it is erased", async || {
        shown = admin.get(&path).await?.body;
        Ok(!shown["ended_at"].is_null())
    })
    .await?;
    Ok(shown)
}

#[tokio::test]
async fn a_number_is_erased_everywhere_and_what_was_billed_stays() -> Result<()> {
    let world = world("erase")?;
    let operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let key = world.admin_key("privacy", "numbers:erase").await?;
    let url = format!("sqlite://{}", world.data_folder().join("sambac.db").display());
    let old = Old::of(world, &url).await?;
    let platform = old.world.platform(&[]).await?;
    platform.until_bound().await?;
    let (rest, admin) = (platform.rest(&secrets)?, platform.service(&key)?.at(platform.http()));
    let body = json!({ "to": format!("+{NUMBER}"), "from": "Bank", "text": "Your code is 123456", "reference": "of a person" });
    let sent =
        [rest.accepted(&body).await?, rest.accepted(&body).await?, rest.send_text("+447700900008", "other").await?];
    for id in &sent {
        rest.ended(id).await?;
    }
    until_true("the days are in files", async || Ok(old.listed().await? == states("archived"))).await?;
    old.done(&["restore", DAYS[1]]).await?;
    ensure!(old.records_with_it().await? == (3, 3), "{:?}", old.records_with_it().await?);
    let billed = billed(&old).await?;

    let asked =
        admin.post("/v1/admin/erasures", &json!({ "number": "+44 7700 900007", "reason": "ticket 1042" }), &[]).await?;
    ensure!(asked.status == 202 && !asked.text.contains("900007"), "{}", asked.text);
    let shown = until_ended(&admin, &asked.body).await?;
    let counts = (&shown["messages"], &shown["records"], &shown["days"], &shown["waiting"]);
    ensure!(counts == (&json!(2), &json!(5), &json!(3), &json!(0)), "{shown}");
    ensure!(old.records_with_it().await? == (0, 0), "{:?}", old.records_with_it().await?);
    let mut expected = states("archived");
    expected[1].1 = "restored".to_owned();
    ensure!(old.listed().await? == expected, "{:?}", old.listed().await?);
    let sms = rest.sms(&sent[0]).await?;
    ensure!(sms["to"] == format!("+{ERASED}") && sms["reference"].is_null(), "{sms}");
    ensure!(rest.sms(&sent[2]).await?["to"] == "+447700900008", "another number stays");
    let mut database = old.world.database().await?;
    ensure!(
        database
            .number("SELECT COUNT(*) FROM erasures WHERE number_sealed IS NULL AND length(number_digest) = 32")
            .await?
            == 1
    );
    drop(database);
    ensure!(self::billed(&old).await? == billed, "what was billed has changed");
    ensure!(
        !std::fs::read_to_string(old.world.path("platform.log"))?.contains(&NUMBER.to_string()),
        "it is in the log"
    );
    old.world.prove_ledger().await?;

    // A message that is on its way needs its number.
    rest.send_text("+999000000020", "no receipt").await?;
    let asked =
        admin.post("/v1/admin/erasures", &json!({ "number": "+999000000020", "reason": "too early" }), &[]).await?;
    let path = format!("/v1/admin/erasures/{}", asked.body["id"].as_str().context("no id")?);
    until_true("it waits", async || Ok(admin.get(&path).await?.body["waiting"] == json!(1))).await?;
    ensure!(admin.get(&path).await?.body["ended_at"].is_null());
    let refused =
        admin.post("/v1/admin/erasures", &json!({ "number": format!("+{ERASED}"), "reason": "again" }), &[]).await?;
    ensure!(refused.status == 400 && refused.text.contains("nobody's number"), "{}", refused.text);
    old.store.close().await;
    old.world.passed();
    Ok(())
}

/// A record whose price somebody has edited is not sealed with it: it is left, the others are erased, the erasure stays open, and a
/// person is told which record it is. When it is as it was, the erasure ends.
#[tokio::test]
async fn a_record_that_was_edited_is_not_sealed_by_an_erasure() -> Result<()> {
    let old = Old::on_file("erase_edited").await?;
    let with_it: Vec<_> = old.written.iter().filter(|row| row.destination.as_u64() == NUMBER).collect();
    let [edited, ..] = with_it[..] else { anyhow::bail!("nobody has the number") };
    let (file, id) = (old.world.data_folder().join("sambac.db"), edited.id.raw());
    let set = |micros: i64| format!("UPDATE cdr_sms SET price_micros = {micros} WHERE id = {id}");
    Database::spoil(&file, &set(edited.price_micros + 1)).await?;
    let number = format!("+{NUMBER}");
    let erase = ["erase", "--number", &number, "--reason", "ticket 1042"];
    let output = old.world.run_with(&erase, &[]).await?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success() && told.contains(&format!("record {id} of cdr_sms")), "{told}");
    ensure!(old.records_with_it().await? == (1, 0), "{:?}", old.records_with_it().await?);
    let findings = old.findings().await?;
    ensure!(findings.len() == 1 && findings[0].contains("was changed"), "{findings:?}");

    let platform = old.world.platform(&[("SAMBAC_RETENTION_CDR_MONTHS", "0")]).await?;
    until_true("it is told", async || {
        let mut database = old.world.database().await?;
        let sql = format!("SELECT COUNT(*) FROM alerts WHERE kind = 'erasure' AND text LIKE '%{id}%'");
        Ok(database.number(&sql).await? == 1)
    })
    .await?;
    ensure!(old.world.database().await?.number("SELECT COUNT(*) FROM erasures WHERE ended_at IS NULL").await? == 1);
    platform.kill_9().await?;
    Database::spoil(&file, &set(edited.price_micros)).await?;
    let platform = old.world.platform(&[("SAMBAC_RETENTION_CDR_MONTHS", "0")]).await?;
    until_true("it is erased", async || {
        let mut database = old.world.database().await?;
        Ok(database.number("SELECT COUNT(*) FROM erasures WHERE ended_at IS NOT NULL").await? == 1)
    })
    .await?;
    drop(platform);
    ensure!(old.records_with_it().await? == (0, 0), "{:?}", old.records_with_it().await?);
    old.world.prove_ledger().await?;
    old.store.close().await;
    old.world.passed();
    Ok(())
}

/// All that tells of money, as text.
async fn billed(old: &Old) -> Result<Vec<String>> {
    let mut database = old.world.database().await?;
    let mut told = Vec::new();
    for sql in [
        "SELECT json_array(id, account_id, rate_id, amount_micros, state, captured_micros, hold_posting_id, settle_posting_id, block_id) FROM charges ORDER BY id",
        "SELECT json_array(id, debit_id, credit_id, amount_micros, kind, block_id) FROM ledger_postings ORDER BY id",
        "SELECT json_array(id, balance_micros) FROM balances ORDER BY id",
        "SELECT json_array(id, account_id, operator_id, mcc_mnc, state, price_micros, charge_state, accepted_at, final_at) FROM cdr_sms ORDER BY id",
    ] {
        let rows: Vec<(String,)> = database.rows(sql).await?;
        told.extend(rows.into_iter().map(|(row,)| row));
    }
    Ok(told)
}

/// Whatever step is the last one: nothing is lost, the chain vouches for all records, and the platform goes on by itself.
#[tokio::test]
async fn an_erasure_that_is_cut_off_is_done_by_whoever_comes_next() -> Result<()> {
    for point in ["erase_put_back:1", "cdr_restored:4", "erase_tables:1", "cdr_file_named:2", "cdr_removed:5"] {
        let old = Old::on_file("erase_killed").await?;
        old.done(&["archive", "--before", "2025-02-01"]).await?;
        let number = format!("+{NUMBER}");
        let arguments = ["erase", "--number", &number, "--reason", "ticket 1042"];
        let output = old.world.run_with(&arguments, &[("TEST_KILL_AT", point)]).await?;
        ensure!(!output.status.success(), "{point} was not reached");
        let findings = old.findings().await?;
        ensure!(findings.is_empty(), "after {point}: {} findings, {:?}", findings.len(), findings.first());
        let platform = old.world.platform(&[]).await?;
        until_true("it is erased", async || {
            let mut database = old.world.database().await?;
            Ok(database.number("SELECT COUNT(*) FROM erasures WHERE ended_at IS NOT NULL").await? == 1)
        })
        .await?;
        ensure!(old.records_with_it().await? == (0, 0), "after {point}: {:?}", old.records_with_it().await?);
        drop(platform);
        old.done(&["restore", DAYS[0], "--until", DAYS[2]]).await?;
        let there = old.store.cdrs_between(0, i64::MAX, 100_000).await?;
        let same = there.iter().zip(&old.written).filter(|(now, before)| now == before).count();
        ensure!(
            there.len() == old.written.len() && same == there.len() - 3,
            "after {point}: {same} of {}",
            there.len()
        );
        old.world.prove_ledger().await?;
        old.store.close().await;
        old.world.passed();
    }
    Ok(())
}
