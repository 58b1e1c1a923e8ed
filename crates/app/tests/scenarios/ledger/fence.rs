//! One process writes the ledger: a second one takes it over, and the first stops at once and says so.

use std::time::Duration;

use anyhow::{Result, ensure};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Platform, Site, World};
use serde_json::json;

use crate::world;

#[tokio::test]
async fn the_second_writer_of_a_database_fences_the_first() -> Result<()> {
    let file = world("fence_file")?;
    let url = format!("sqlite://{}", file.path("shared.db").display());
    takes_over("fence", &url).await?;
    file.passed();
    Ok(())
}

#[tokio::test]
async fn the_second_writer_fences_the_first_on_postgresql_too() -> Result<()> {
    let database = sambac_testkit::postgres::database(migrate).await?;
    takes_over("fence_postgres", database.url()).await
}

/// The schema, made by the program itself.
#[expect(clippy::expect_used, reason = "the testkit takes no error from it: a panic fails the test")]
pub(crate) async fn migrate(url: String) {
    let world = world("fence_schema").expect("a folder").on(&url);
    let output = world.run(&["migrate"], &[]).await.expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    world.passed();
}

async fn takes_over(name: &str, url: &str) -> Result<()> {
    let first = world(name)?.on(url);
    let secrets = first.apply(&Site::with_one_account("10")).await?;
    let key = first.admin_key("service", "charges:write,balances:read,config:read").await?;
    let mut one = first.platform(&[]).await?;
    let account = super::account(&one, &key, "bank").await?;
    let debit = json!({ "action": "debit", "amount": "1" });
    ensure!(super::charge(&one.service(&key)?, &account, "a", debit.clone()).await?.status == 200);

    let second = world(&format!("{name}_second"))?.on(url);
    same_master_key(&first, &second)?;
    let two = second.platform(&[]).await?;
    until_true("the first process ends", async || Ok(!one.is_running()?)).await?;
    let said = std::fs::read_to_string(first.path("platform.log"))?;
    ensure!(said.contains("writes the ledger now") && said.contains("may not write the ledger"), "{said}");
    serves_on(&two, &key, &account).await?;
    let balance = two.rest(&secrets)?.balance().await?;
    ensure!(balance.0 == "8.00", "{balance:?}");
    two.terminate(Duration::from_secs(10)).await?;
    second.prove_ledger().await?;
    first.passed();
    second.passed();
    Ok(())
}

async fn serves_on(platform: &Platform, key: &str, account: &str) -> Result<()> {
    let debit = json!({ "action": "debit", "amount": "1" });
    let service = platform.service(key)?;
    let again = super::charge(&service, account, "a", debit.clone()).await?;
    ensure!(again.status == 200 && again.body["replayed"] == true, "{}", again.text);
    ensure!(super::charge(&service, account, "b", debit).await?.status == 200);
    Ok(())
}

/// Both seal with the same key, as two processes of one installation do.
fn same_master_key(from: &World, to: &World) -> Result<()> {
    std::fs::create_dir_all(to.data_folder())?;
    std::fs::copy(from.data_folder().join("master.key"), to.data_folder().join("master.key"))?;
    Ok(())
}
