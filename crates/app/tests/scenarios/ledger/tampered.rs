//! Who edits the database behind the platform's back turns nothing of it into money, and has nothing of it sealed anew.

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::wait::{PATIENCE, until};
use sambac_testkit::scenario::{Database, Platform, Reply, Site, World, raw_id};
use serde_json::{Value, json};

use super::{account, charge};
use crate::admin_shell::Shell;
use crate::world;

const KEY: &str = "name = \"operations\"
scopes = [\"operations\", \"config:read\", \"charges:write\", \"balances:read\"]";

/// A platform that is started again with other rows in its database.
struct Robbed {
    world: World,
    platform: Platform,
    key: String,
    account: String,
}

impl Robbed {
    async fn start(name: &str) -> Result<Self> {
        let world = world(name)?;
        let secrets = world.apply(&Site::with_one_account("10").table("admin_key", KEY)).await?;
        let key = secrets.admin_key("operations")?.to_owned();
        let platform = world.platform(&[]).await?;
        let account = account(&platform, &key, "bank").await?;
        Ok(Self { world, platform, key, account })
    }

    /// Changes the database of a platform that has ended, and starts another one.
    async fn after(self, sql: &str) -> Result<Self> {
        let Self { world, platform, key, account } = self;
        platform.kill_9().await?;
        Database::spoil(&world.data_folder().join("sambac.db"), sql).await?;
        let platform = world.platform(&[]).await?;
        Ok(Self { world, platform, key, account })
    }

    async fn charge(&self, key: &str, order: Value) -> Result<Reply> {
        charge(&self.platform.service(&self.key)?, &self.account, key, order).await
    }

    /// The id of a charge that is made, and its number in the database.
    async fn charged(&self, key: &str, order: Value) -> Result<(String, i64)> {
        let reply = self.charge(key, order).await?;
        ensure!(reply.status == 200, "{}", reply.text);
        let id = reply.body["charge"].as_str().context("no charge")?.to_owned();
        let number = raw_id(&id)?;
        Ok((id, number))
    }

    async fn available(&self) -> Result<i64> {
        self.world.database().await?.number("SELECT balance_micros FROM balances WHERE kind = 'wallet'").await
    }

    /// What the open alert of this row says.
    async fn alert(&self, subject: &str) -> Result<Option<String>> {
        let shell = Shell::new(self.platform.http(), &self.key);
        let alerts = shell.ask(&["alerts"]).await?;
        let alerts = alerts["data"].as_array().context("no alerts")?;
        let is_meant = |alert: &&Value| {
            alert["kind"] == "ledger_breach" && alert["subject"] == subject && alert.get("cleared_at").is_none()
        };
        Ok(alerts.iter().find(is_meant).and_then(|alert| alert["text"].as_str()).map(str::to_owned))
    }

    async fn until_told(&self, subject: &str) -> Result<String> {
        until(&format!("an alert names {subject}"), PATIENCE, async || self.alert(subject).await).await
    }

    /// What `sambac ledger verify` prints.
    async fn verified(&self) -> Result<String> {
        let output = self.world.run(&["ledger", "verify"], &[]).await?;
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// A wallet that was turned into ours, and our revenue into the wallet: what was paid in and taken says whose each is. It is told
/// when the platform starts, and by whoever asks.
#[tokio::test]
async fn a_wallet_that_was_exchanged_is_told() -> Result<()> {
    let robbed = Robbed::start("tampered_wallet").await?;
    robbed.charged("a", json!({ "action": "debit", "amount": "9" })).await?;
    let account = raw_id(&robbed.account)?;
    let robbed = robbed
        .after(&format!(
            "UPDATE balances SET account_id = NULL, kind = 'adjustments' WHERE kind = 'wallet';
             UPDATE balances SET account_id = {account}, kind = 'wallet' WHERE kind = 'revenue' AND balance_micros > 0;
             UPDATE balances SET kind = 'revenue' WHERE kind = 'adjustments' AND account_id IS NULL;"
        ))
        .await?;
    let told = robbed.until_told("ledger").await?;
    ensure!(told.contains("is not whose, for what or in the currency"), "{told}");
    let checked = robbed.world.run(&["ledger", "check"], &[]).await?;
    let text = String::from_utf8(checked.stdout)?;
    ensure!(!checked.status.success() && text.contains("is not whose"), "{text}");
    robbed.world.passed();
    Ok(())
}

/// A hold that says more than was ever taken gives nothing back, whoever asks for it, before it is as it was; nor does one that
/// was put back to what it was before its refund. The edit is not sealed: the verification names it still.
#[tokio::test]
async fn a_hold_that_was_changed_gives_nothing_back() -> Result<()> {
    let robbed = Robbed::start("tampered_hold").await?;
    let debit = json!({ "action": "debit", "amount": "0.1" });
    let (forged, forged_number) = robbed.charged("a", debit.clone()).await?;
    let (honest, honest_number) = robbed.charged("b", debit).await?;
    let (_, expiring) = robbed.charged("c", json!({ "action": "hold", "amount": "1", "expires_in_s": 86_400 })).await?;
    let forge = format!(
        "UPDATE holds SET captured_micros = 90000000, amount_micros = 90000000 WHERE id = {forged_number};
         UPDATE holds SET expires_at = 1, amount_micros = 5000000 WHERE id = {expiring};"
    );
    let robbed = robbed.after(&forge).await?;
    let refund = |charge: &str| json!({ "action": "refund", "charge": charge });
    for _ in 0..2 {
        let refused = robbed.charge("refund-a", refund(&forged)).await?;
        assert_eq!((refused.status, &refused.body["code"]), (503, &json!("service_unavailable")), "{}", refused.text);
    }
    let said = robbed.until_told(&format!("holds {forged_number}")).await?;
    assert!(said.contains(&forged) && said.contains("sambac ledger verify"), "{said}");
    robbed.until_told(&format!("holds {expiring}")).await?;
    assert_eq!(robbed.available().await?, 8_800_000, "neither a refund nor an end has moved anything");
    let found = robbed.verified().await?;
    for number in [forged_number, expiring] {
        assert!(found.contains(&format!("holds {number} was changed")), "{found}");
    }

    // What nobody has touched goes on, also in a process that did not seal it.
    let kept: Vec<(i64, i64)> = robbed
        .world
        .database()
        .await?
        .rows(&format!("SELECT refunded_micros, block_id FROM holds WHERE id = {honest_number}"))
        .await?;
    assert_eq!(robbed.charge("refund-b", refund(&honest)).await?.body["moved"], "0.10");
    let back = format!(
        "UPDATE holds SET refunded_micros = {}, block_id = {} WHERE id = {honest_number};
         UPDATE holds SET captured_micros = 100000, amount_micros = 100000 WHERE id = {forged_number}",
        kept[0].0, kept[0].1
    );
    let robbed = robbed.after(&back).await?;
    assert_eq!(robbed.charge("again-b", refund(&honest)).await?.status, 503, "its block vouches for what it was");
    robbed.until_told(&format!("holds {honest_number}")).await?;
    let check = robbed.world.run(&["ledger", "check"], &[]).await?;
    let check = format!("{}{}", String::from_utf8(check.stdout)?, String::from_utf8_lossy(&check.stderr));
    assert!(check.contains("is not what its commands add up to"), "{check}");

    assert_eq!(robbed.charge("refund-a", refund(&forged)).await?.body["moved"], "0.10", "it is as it was");
    assert_eq!(robbed.alert(&format!("holds {forged_number}")).await?, None);
    assert_eq!(robbed.available().await?, 9_000_000);
    robbed.world.passed();
    Ok(())
}

/// A price that was raised behind a message's back is not given back by a receipt that contradicts the first one, and the record of
/// it is not sealed anew.
#[tokio::test]
async fn a_price_that_was_raised_is_not_given_back() -> Result<()> {
    let world = world("tampered_price")?;
    let shape = "shape = { states = ['delivered', 'undelivered'], gap_ms = 5000 }";
    let scenario = format!("magic = false\n[[rule]]\ndestination = \"447700900101\"\n{shape}");
    let operator = world.simulator("alpha", &scenario).await?;
    let settings = "settings = { receipt = { which_final = 'last' } }";
    let site = Site::with_one_account("10").connector("alpha", &operator, settings).route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let rest = platform.rest(&secrets)?;
    let id = rest.send_text("+447700900101", "text").await?;
    assert_eq!(rest.ended(&id).await?["state"], "delivered");
    let forge = "UPDATE messages SET price_micros = 90000000; UPDATE charges SET amount_micros = 90000000;
        UPDATE cdr_sms SET price_micros = 90000000";
    Database::spoil(&world.data_folder().join("sambac.db"), forge).await?;
    let available = rest.balance().await?.0;
    rest.until_event(&id, "charge_doubted").await?;
    let mut database = world.database().await?;
    assert_eq!(rest.balance().await?.0, available);
    assert_eq!(database.number("SELECT COUNT(*) FROM charges WHERE state = 1").await?, 1, "nothing is corrected");
    let segment = database.number("SELECT id FROM charges").await?;
    let told = format!(
        "SELECT COUNT(*) FROM alerts WHERE kind = 'ledger_breach' AND subject IN ('charges {segment}', 'cdr_sms {segment}')"
    );
    until("it is told", PATIENCE, async || Ok((database.number(&told).await? == 2).then_some(()))).await?;
    let found = String::from_utf8(world.run(&["ledger", "verify"], &[]).await?.stdout)?;
    for said in ["charges {} was changed", "cdr_sms {} was changed"] {
        assert!(found.contains(&said.replace("{}", &segment.to_string())), "{found}");
    }
    world.passed();
    Ok(())
}

/// An answer that was changed is not given again, and its order is not carried out a second time.
#[tokio::test]
async fn an_answer_that_was_changed_is_not_given_again() -> Result<()> {
    let robbed = Robbed::start("tampered_answer").await?;
    let debit = json!({ "action": "debit", "amount": "0.1" });
    let (first, _) = robbed.charged("a", debit.clone()).await?;
    let forge = "UPDATE ledger_commands SET answer = REPLACE(answer, '100000', '900000')";
    let robbed = robbed.after(forge).await?;
    assert_eq!(robbed.charge("a", debit.clone()).await?.status, 503);
    let number = robbed.world.database().await?.number("SELECT id FROM ledger_commands").await?;
    robbed.until_told(&format!("ledger_commands {number}")).await?;
    assert_eq!(robbed.available().await?, 9_900_000);
    let mend = "UPDATE ledger_commands SET answer = REPLACE(answer, '900000', '100000')";
    let robbed = robbed.after(mend).await?;
    let again = robbed.charge("a", debit).await?;
    assert_eq!((&again.body["charge"], &again.body["replayed"]), (&json!(first), &json!(true)), "{}", again.text);
    robbed.world.passed();
    Ok(())
}
