//! Reconciliation from the shell and by the services listener, with the real binary: nothing differs after a real run, and its counts
//! are the operator's; what is then taken away is named, told, and explained.

mod supplier;

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::{Rest, Site, World};
use sambac_testkit::sql;
use serde_json::{Value, json};

use crate::world;

/// `sambac reconcile …`: its exit code, and what it printed.
async fn reconcile(world: &World, arguments: &[&str]) -> Result<(i32, Vec<Value>)> {
    let arguments = [&["--output", "json", "reconcile"], arguments].concat();
    let output = world.run(&arguments, &[] as &[&Path]).await?;
    let text = String::from_utf8(output.stdout)?;
    let lines = text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    Ok((output.status.code().context("it was killed")?, lines))
}

/// The days that the run may have been on.
async fn days(world: &World) -> Result<(String, String)> {
    let sql =
        "SELECT date(MIN(final_at) / 1000000, 'unixepoch'), date(MAX(final_at) / 1000000, 'unixepoch') FROM messages";
    let rows: Vec<(String, String)> = world.database().await?.rows(sql).await?;
    rows.into_iter().next().context("no messages")
}

fn sum(report: &Value, what: &str) -> i64 {
    report["lines"].as_array().into_iter().flatten().filter_map(|line| line[what].as_i64()).sum()
}

#[tokio::test]
async fn a_clean_run_agrees_with_its_operator_and_what_is_taken_away_is_named() -> Result<()> {
    let world = world("reconcile")?;
    let mut operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let key = world.admin_key("auditor", "operations").await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let rest = platform.rest(&secrets)?;
    let mut sent = Vec::new();
    for number in 0..12 {
        let ending = if number % 3 == 0 { "010" } else { "000" };
        let text = if number % 4 == 0 { "long ".repeat(50) } else { "short".to_owned() };
        sent.push(rest.send_text(&format!("+999000{number:03}{ending}"), &text).await?);
    }
    for id in &sent {
        rest.ended(id).await?;
    }
    let submits = i64::try_from(operator.finish().await?.submits().count())?;
    let (from, to) = days(&world).await?;
    let (code, told) = reconcile(&world, &["--from", &from, "--to", &to]).await?;
    let report = &told[0];
    ensure!(code == 0 && report["breaks"] == json!([]), "exit code {code}: {report}");
    let counts = ["messages", "segments", "charges", "held_in_ledger", "cdrs"].map(|what| sum(report, what));
    assert_eq!(counts, [12, submits, submits, submits, submits], "{report}");
    assert_eq!(report["lines"][0]["charged"], report["lines"][0]["posted"]);

    // Somebody takes a record away behind the platform's back.
    let url = format!("sqlite://{}", world.data_folder().join("sambac.db").display());
    sql::run(&url, "DELETE FROM cdr_sms WHERE id = (SELECT MIN(id) FROM cdr_sms)").await?;
    let page = world.path("page.html");
    let page_path = page.to_string_lossy().into_owned();
    let (code, told) = reconcile(&world, &["--from", &from, "--to", &to, "--page", &page_path]).await?;
    let found = &told[0]["breaks"][0];
    assert_eq!((code, &found["kind"], &found["expected_count"]), (7, &json!("no_cdr"), &json!(1)), "{found}");
    assert_eq!(found["examples"], json!([format!("{}/1", sent[0])]));
    let page = std::fs::read_to_string(page)?;
    ensure!(
        page.contains("no_cdr:") && page.contains("bank") && !page.contains("<script") && !page.contains("http"),
        "{page}"
    );

    let id = found["id"].as_str().context("no id")?;
    by_the_listener(&platform.service(&key)?, &platform.service(&key)?.at(platform.http()), (&from, &to), id).await?;
    ensure!(platform.metrics().await?.contains("sambac_reconcile_breaks_open 0"));
    let (code, told) = reconcile(&world, &["--from", &from, "--to", &to]).await?;
    assert_eq!((code, &told[0]["breaks"][0]["state"]), (0, &json!("explained")), "{told:?}");
    let (code, listed) = reconcile(&world, &["breaks", "--state", "explained"]).await?;
    assert_eq!((code, &listed[0]["explained_by"]), (0, &json!("admin key auditor")), "{listed:?}");
    let (code, _) = reconcile(&world, &["explain", "no_such:-:-:2026-01-01", "--reason", "a guess"]).await?;
    assert_eq!(code, 4);
    let (code, _) = reconcile(&world, &["--from", &to, "--to", "2020-01-01"]).await?;
    assert_eq!(code, 3);
    world.passed();
    Ok(())
}

/// A run, the alert, the list, and the explanation.
async fn by_the_listener(service: &Rest, public: &Rest, (from, to): (&str, &str), id: &str) -> Result<()> {
    let run = service.post("/reconcile/run", &json!({ "from": from, "to": to }), &[]).await?;
    assert_eq!((run.status, &run.body["breaks"]), (200, &json!(1)), "{}", run.text);
    let wrong = service.post("/reconcile/run", &json!({ "from": to, "to": "2020-01-01" }), &[]).await?;
    assert_eq!((wrong.status, &wrong.body["code"]), (400, &json!("invalid_request")), "{}", wrong.text);
    let open = async || -> Result<bool> {
        let alerts = public.get("/v1/admin/alerts").await?;
        let all = alerts.body["data"].as_array().context("no alerts")?.clone();
        Ok(all.iter().any(|alert| alert["kind"] == "reconcile_break" && alert["cleared_at"].is_null()))
    };
    ensure!(open().await?, "the alert is open");
    let listed = service.get("/reconcile/breaks?state=open").await?;
    assert_eq!(listed.body["data"][0]["id"], json!(id), "{}", listed.text);
    let explanation = json!({ "id": id, "reason": "restored from the archive" });
    let explained = service.post("/reconcile/breaks/explain", &explanation, &[]).await?;
    assert_eq!((explained.status, &explained.body["state"]), (200, &json!("explained")), "{}", explained.text);
    ensure!(!open().await?, "the alert is cleared");
    let nobody = service.with_key("").get("/reconcile/breaks").await?;
    assert_eq!(nobody.status, 401, "{}", nobody.text);
    Ok(())
}
