//! The process dies at a named point of a commit: what was charged was charged once, and asking again gives the same answer.

use anyhow::{Result, ensure};
use sambac_testkit::scenario::wait::until_true;
use sambac_testkit::scenario::{Site, World};
use serde_json::{Value, json};

use crate::world;

/// Before the commit nothing was done; after it, before the answer, all was. The client cannot tell, and asks again.
#[tokio::test]
async fn a_lost_answer_is_given_again_and_nothing_is_charged_twice() -> Result<()> {
    for point in ["before_commit", "after_commit"] {
        let world = world(&format!("kill_{point}"))?;
        world.apply(&Site::with_one_account("10")).await?;
        let key = world.admin_key("service", "charges:write,balances:read,config:read").await?;
        for times in 1..=3 {
            dies_and_comes_back(&world, &key, point, times).await?;
        }
        let mut database = world.database().await?;
        database.audit().await?;
        ensure!(database.balance("revenue").await? == 3 * 1_000_000, "not charged three times at {point}");
        world.prove_ledger().await?;
        world.passed();
    }
    Ok(())
}

async fn dies_and_comes_back(world: &World, key: &str, point: &str, times: u32) -> Result<()> {
    let order = json!({ "action": "debit", "amount": "1" });
    let charge_key = format!("{point}-{times}");
    let answered = {
        let mut platform = world.platform(&[("TEST_KILL_AT", &format!("{point}:{times}"))]).await?;
        let account = super::account(&platform, key, "bank").await?;
        let service = platform.service(key)?;
        let mut first = None;
        // Until it dies: other charges bring it there when the first did not.
        for number in 0..20 {
            let name = if number == 0 { charge_key.clone() } else { format!("{charge_key}-free-{number}") };
            let wanted =
                if number == 0 { order.clone() } else { json!({ "action": "void", "charge": "hld_0000000000080" }) };
            let reply = super::charge(&service, &account, &name, wanted).await;
            if number == 0 {
                first = reply.as_ref().ok().map(|reply| reply.body.clone());
            }
            if reply.is_err() {
                break;
            }
        }
        until_true("it dies", async || Ok(!platform.is_running()?)).await?;
        first
    };
    world.database().await?.audit().await?;
    let platform = world.platform(&[]).await?;
    let account = super::account(&platform, key, "bank").await?;
    let again = super::charge(&platform.service(key)?, &account, &charge_key, order).await?;
    ensure!(again.status == 200, "{}", again.text);
    // The first commit is that of the charge itself.
    let was_done = times > 1 || point == "after_commit";
    ensure!(again.body["replayed"] == Value::Bool(was_done), "{point}:{times}: {}", again.text);
    if let Some(first) = answered {
        let same = |field: &str| first[field] == again.body[field];
        ensure!(same("charge") && same("done_at"), "{first} {}", again.text);
    }
    platform.kill_9().await
}
