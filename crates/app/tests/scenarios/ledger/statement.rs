//! Statements and trial balances of past moments say what balances said then, from the endpoint and from the command line.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Served;

const FOREVER: (&str, &str) = ("2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z");

/// Opening and closing of the wallet and of what is held.
fn sums(statement: &Value) -> Result<Vec<(String, String, String)>> {
    let text = |one: &Value, name: &str| one[name].as_str().map(str::to_owned).context("no text");
    let balances = statement["balances"].as_array().context("no balances")?;
    let mut sums = balances
        .iter()
        .map(|one| Ok((text(one, "balance")?, text(one, "opening")?, text(one, "closing")?)))
        .collect::<Result<Vec<_>>>()?;
    sums.sort();
    Ok(sums)
}

#[tokio::test]
async fn past_moments_are_told_as_they_were() -> Result<()> {
    let served = Served::start("statement", "10", &[]).await?;
    ensure!(served.charge("first", json!({ "action": "debit", "amount": "1.5" })).await?.status == 200);
    let then = served.balance().await?;
    // A hold of two, of which a part is taken: what came before it is another moment.
    let held = served.charge("hold", json!({ "action": "hold", "amount": "2" })).await?;
    let begun = held.body["done_at"].as_str().context("no moment")?.to_owned();
    let order = json!({ "action": "capture", "charge": held.body["charge"], "amount": "0.5" });
    ensure!(served.charge("part", order).await?.status == 200);
    let now = served.balance().await?;

    let path = |from: &str, to: &str| format!("/ledger/statement?account={}&from={from}&to={to}", served.account);
    let whole = served.service.get(&path(FOREVER.0, FOREVER.1)).await?;
    ensure!(whole.status == 200, "{}", whole.text);
    let of = |name: &str, opening: &str, closing: &str| (name.to_owned(), opening.to_owned(), closing.to_owned());
    ensure!(sums(&whole.body)? == [of("held", "0.00", &now.1), of("wallet", "0.00", &now.0)], "{} {now:?}", whole.text);
    let later = served.service.get(&path(&begun, FOREVER.1)).await?;
    ensure!(
        sums(&later.body)? == [of("held", &then.1, &now.1), of("wallet", &then.0, &now.0)],
        "{} {then:?}",
        later.text
    );
    let earlier = served.service.get(&path(FOREVER.0, &begun)).await?;
    ensure!(sums(&earlier.body)? == [of("wallet", "0.00", &then.0)], "{} {then:?}", earlier.text);
    for wrong in [path(FOREVER.1, FOREVER.0), path("x", FOREVER.1), "/ledger/statement?account=1&from=x".to_owned()] {
        ensure!(served.service.get(&wrong).await?.status == 400, "{wrong}");
    }

    let trial = served.service.get(&format!("/ledger/trial-balance?at={begun}")).await?;
    let currency = &trial.body["currencies"][0];
    ensure!(currency["balanced"] == true && currency["credit"] == "11.50", "{}", trial.text);
    let command = ["--output", "json", "ledger", "statement", "--account", &served.account];
    let output = served.world.run(&[&command[..], &["--from", FOREVER.0, "--to", FOREVER.1]].concat(), &[]).await?;
    let told: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(told["balances"] == whole.body["balances"], "{told} {}", whole.text);
    let output = served.world.run(&["--output", "json", "ledger", "trial-balance", "--at", &begun], &[]).await?;
    let told: Value = serde_json::from_slice(&output.stdout)?;
    ensure!(output.status.success() && told["currencies"] == trial.body["currencies"], "{told} {}", trial.text);
    served.world.passed();
    Ok(())
}
