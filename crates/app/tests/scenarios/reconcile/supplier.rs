//! An operator's statement against the CDRs of a real run: made of the simulator's own journal it agrees; each way in which it can be
//! changed is named; bad rows are told and nothing is taken then; the same file is known again.

use std::path::Path;

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::{Site, World};
use serde_json::{Value, json};

use super::{days, reconcile};
use crate::admin_shell::{SCOPES, Shell};
use crate::world;

const COSTS: &str = "prefix,country,price,charge\n,default,0.03,accepted\n";

/// `sambac reconcile supplier`: its exit code, what it printed, and what it complained of.
async fn supplier(world: &World, name: &str, text: &str, more: &[&str]) -> Result<(i32, Value, String)> {
    let file = world.path(name);
    std::fs::write(&file, text)?;
    let file = file.to_string_lossy();
    let arguments = ["--output", "json", "reconcile", "supplier", "--operator", "alpha", "--file", &file];
    let output = world.run(&[&arguments, more].concat(), &[] as &[&Path]).await?;
    let told = serde_json::from_slice(&output.stdout).unwrap_or_default();
    Ok((output.status.code().context("it was killed")?, told, String::from_utf8(output.stderr)?))
}

/// Kind, how many we have and they, of each break.
fn breaks(told: &Value) -> Vec<(String, i64, i64)> {
    let all = told["breaks"].as_array().into_iter().flatten();
    all.map(|row| {
        let count = |key: &str| row[key].as_i64().unwrap_or(-1);
        (row["kind"].as_str().unwrap_or_default().to_owned(), count("expected_count"), count("found_count"))
    })
    .collect()
}

/// A real run of five messages that cost 0.03 each: what the CDRs say of them, and the days that they ended on.
async fn run(world: &World) -> Result<(Vec<(String, i64, String)>, (String, String))> {
    let mut operator = world.simulator("alpha", "").await?;
    let site = Site::with_one_account("10").connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site.table("admin_key", SCOPES)).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let shell = Shell::new(platform.http(), secrets.admin_key("operations")?);
    let costs = world.path("costs.csv");
    std::fs::write(&costs, COSTS)?;
    shell.ask(&["cost", "create", "alpha", "--currency", "EUR"]).await?;
    shell.ask(&["cost", "import", "alpha", &costs.to_string_lossy()]).await?;
    let rest = platform.rest(&secrets)?;
    let mut sent = Vec::new();
    for number in 0..5 {
        sent.push(rest.send_text(&format!("+999000{number:03}000"), "x").await?);
    }
    for id in &sent {
        rest.ended(id).await?;
    }
    operator.finish().await?;
    let mut database = world.database().await?;
    let rows: Vec<(String, i64, String)> =
        database.rows("SELECT smsc_message_id, cost_micros, COALESCE(mcc_mnc, '') FROM cdr_sms ORDER BY id").await?;
    assert!(rows.len() == 5 && rows.iter().all(|(_, cost, _)| *cost == 30_000), "{rows:?}");
    Ok((rows, days(world).await?))
}

#[tokio::test]
async fn a_statement_is_compared_line_by_line_and_by_day() -> Result<()> {
    let world = world("supplier")?;
    let (rows, (day, last)) = run(&world).await?;
    let mut database = world.database().await?;
    let span = ["--from", &day, "--to", &last];

    // By the operator's ids: all agree; then one is missing, one dearer, one twice, one nobody knows.
    let ids: Vec<&str> = rows.iter().map(|(id, ..)| id.as_str()).collect();
    let line = |id: &str, amount: &str| format!("{id},{amount}\n");
    let clean: String = ids.iter().map(|id| line(id, "0.03")).collect();
    let (code, told, _) = supplier(&world, "clean.csv", &format!("message_id,amount\n{clean}"), &span).await?;
    assert_eq!((code, breaks(&told), &told["known"]), (0, vec![], &json!(false)), "{told}");
    let (code, told, _) = supplier(&world, "again.csv", &format!("message_id,amount\n{clean}"), &span).await?;
    assert_eq!((code, &told["known"], &told["file"]), (0, &json!(true), &json!("clean.csv")), "{told}");
    let spoiled = [
        line(ids[0], "0.03"),
        line(ids[1], "0.04"),
        line(ids[2], "0.03"),
        line(ids[2], "0.03"),
        line(ids[3], "0.03"),
        line("FFFFFF", "0.03"),
    ];
    let (code, told, _) =
        supplier(&world, "spoiled.csv", &format!("message_id,amount\n{}", spoiled.concat()), &span).await?;
    let expected = [("only_ours", 1, 0), ("only_theirs", 0, 1), ("other_count", 1, 2), ("other_price", 1, 1)];
    let mut found = breaks(&told);
    found.sort();
    assert_eq!(
        (code, found),
        (7, expected.map(|(kind, ours, theirs)| (kind.to_owned(), ours, theirs)).into()),
        "{told}"
    );
    let price =
        told["breaks"].as_array().into_iter().flatten().find(|row| row["kind"] == "other_price").context("no price")?;
    assert_eq!(
        (&price["expected"], &price["found"], &price["examples"]),
        (&json!("0.03"), &json!("0.04"), &json!([ids[1]]))
    );

    // By day and network, with a tolerance for the amount.
    if day == last {
        let network = &rows[0].2;
        let by_day = |count: u8, amount: &str| format!("day;mcc_mnc;count;amount\n{day};{network};{count};{amount}\n");
        let (code, told, _) = supplier(&world, "day.csv", &by_day(5, "0,16"), &["--tolerance", "0.01"]).await?;
        assert_eq!((code, breaks(&told)), (0, vec![]), "{told}");
        let (code, told, _) = supplier(&world, "more.csv", &by_day(6, "0,18"), &[]).await?;
        assert_eq!((code, breaks(&told)), (7, vec![("other_count".to_owned(), 5, 6)]), "{told}");
        let (_, listed) = reconcile(&world, &["breaks", "--state", "gone"]).await?;
        let gone = listed.iter().any(|row| row["kind"] == "only_theirs");
        assert!(gone, "the last statement of a day counts: {listed:?}");
    }

    // A bad row: told with its line, and nothing is taken.
    let statements = "SELECT COUNT(*) FROM supplier_statements";
    let before = database.number(statements).await?;
    let (code, _, why) = supplier(&world, "bad.csv", "message_id,amount\nA,1\nB,one\n", &span).await?;
    assert!(code == 3 && why.contains("line 3") && why.contains("nothing was taken"), "{code}: {why}");
    assert_eq!(database.number(statements).await?, before);
    assert_eq!(database.number("SELECT COUNT(*) FROM supplier_lines WHERE message_id IN ('A', 'B')").await?, 0);
    world.passed();
    Ok(())
}
