//! Rows that are to become money, edited by who has the database and not the key: nothing is credited for them, and a person is told.

use anyhow::Result;
use sambac_testkit::scenario::wait::{PATIENCE, until};
use sambac_testkit::scenario::{Database, World, raw_id};
use serde_json::{Value, json};

use super::transfers::{Bank, id, transfer};
use super::{Served, available, until_state};
use crate::admin_shell::REFUSED;

async fn spoil(world: &World, sql: &str) -> Result<()> {
    Database::spoil(&world.data_folder().join("sambac.db"), sql).await
}

/// What the open alert of this row says, as soon as there is one.
async fn told(world: &World, subject: &str) -> Result<String> {
    let mut database = world.database().await?;
    let sql = format!(
        "SELECT text FROM alerts WHERE kind = 'ledger_breach' AND subject = '{subject}' AND cleared_at IS NULL"
    );
    until(&format!("an alert names {subject}"), PATIENCE, async || {
        let rows: Vec<(String,)> = database.rows(&sql).await?;
        Ok(rows.into_iter().next().map(|(text,)| text))
    })
    .await
}

/// A transfer that was put in as approved, one that was open and is made approved, one whose amount was changed, and one that is
/// booked and made approved again: none is booked. They can be refused, and what nobody has touched is booked.
#[tokio::test]
async fn a_transfer_that_was_edited_or_put_in_is_not_booked() -> Result<()> {
    let bank = Bank::start("tampered_transfer", &[("SAMBAC_PAYMENTS_TRANSFER_ALONE_MAX", "1")]).await?;
    let mut open = Vec::new();
    for reference in ["INV-1", "INV-2", "INV-3"] {
        open.push(id(&bank.anna.ask(&transfer("60", reference)).await?)?);
    }
    let [approved, changed, honest] = &open[..] else { anyhow::bail!("{open:?}") };
    let columns = "account_id, amount_micros, currency, reason, asked_by_key, asked_by, asked_at, expires_at, proof";
    let (first, second) = (raw_id(approved)?, raw_id(changed)?);
    let edit = format!(
        "INSERT INTO bank_transfers (id, state, reference, {columns})
            SELECT id + 1, 'approved', 'forged', {columns} FROM bank_transfers WHERE id = {first};
         INSERT INTO bank_transfers (id, state, reference, account_id, amount_micros, currency, reason, asked_by_key, asked_by,
            asked_at, expires_at)
            SELECT id + 2, 'approved', 'bare', account_id, amount_micros, currency, reason, asked_by_key, asked_by, asked_at,
            expires_at FROM bank_transfers WHERE id = {first};
         UPDATE bank_transfers SET state = 'approved' WHERE id = {first};
         UPDATE bank_transfers SET amount_micros = 600000000 WHERE id = {second};"
    );
    spoil(&bank.world, &edit).await?;
    for number in [first, first + 1] {
        let said = told(&bank.world, &format!("bank_transfers {number}")).await?;
        assert!(said.contains("was changed by who has not the key"), "{said}");
    }
    assert!(told(&bank.world, &format!("bank_transfers {}", first + 2)).await?.contains("has no proof"));
    let approve = ["payment", "approve", changed, "--reason", "seen by me"];
    bank.ben.refused(&approve, REFUSED, "is not what was written").await?;
    assert_eq!(bank.available().await?, "10.00");
    for id in [approved, changed] {
        let refused = bank.ben.ask(&["payment", "refuse", id, "--reason", "forged"]).await?;
        assert_eq!(refused["state"], "refused", "{refused}");
    }

    let booked = bank.ben.ask(&["payment", "approve", honest, "--reason", "seen by me"]).await?;
    assert_eq!((&booked["state"], bank.available().await?), (&json!("booked"), "70.00".to_owned()), "{booked}");
    let again = raw_id(honest)?;
    spoil(&bank.world, &format!("UPDATE bank_transfers SET state = 'approved' WHERE id = {again}")).await?;
    told(&bank.world, &format!("bank_transfers {again}")).await?;
    assert_eq!(bank.available().await?, "70.00");
    bank.world.database().await?.audit().await?;
    bank.world.prove_ledger().await?;
    bank.world.passed();
    Ok(())
}

/// A transfer that was refused, and whose row was put back to what it was before, proof and all, is not approved: the audit log
/// knows better, and a person is told.
#[tokio::test]
async fn a_refused_transfer_that_is_put_back_is_not_approved() -> Result<()> {
    let bank = Bank::start("refused_transfer", &[("SAMBAC_PAYMENTS_TRANSFER_ALONE_MAX", "1")]).await?;
    let asked = id(&bank.anna.ask(&transfer("60", "INV-1")).await?)?;
    let number = raw_id(&asked)?;
    spoil(&bank.world, &format!("CREATE TABLE kept AS SELECT * FROM bank_transfers WHERE id = {number}")).await?;
    let refused = bank.ben.ask(&["payment", "refuse", &asked, "--reason", "not ours"]).await?;
    assert_eq!(refused["state"], "refused", "{refused}");
    let back = format!(
        "DELETE FROM bank_transfers WHERE id = {number}; INSERT INTO bank_transfers SELECT * FROM kept; DROP TABLE kept"
    );
    spoil(&bank.world, &back).await?;
    let approve = ["payment", "approve", &asked, "--reason", "seen by me"];
    bank.ben.refused(&approve, REFUSED, "was refused, as the audit log says").await?;
    told(&bank.world, &format!("bank_transfers {number}")).await?;
    assert_eq!(bank.available().await?, "10.00");
    bank.world.prove_ledger().await?;
    bank.world.passed();
    Ok(())
}

/// A payment on its way that was made another account's credits neither; when it is as it was, it credits its own.
#[tokio::test]
async fn a_payment_that_was_made_another_accounts_credits_nobody() -> Result<()> {
    let served = Served::start("tampered_payment", &[("SAMBAC_PAYMENTS_CHECK_S", "600")]).await?;
    let stranger = served.rest.with_key(served.secrets.api_key("stranger")?);
    let (payment, at_provider) = served.opened().await?;
    let number = raw_id(&payment)?;
    let owner = served.world.database().await?.number("SELECT account_id FROM payment_intents").await?;
    let other = "UPDATE payment_intents SET account_id = (SELECT id FROM accounts WHERE name = 'other')";
    spoil(&served.world, other).await?;
    served.provider.becomes(&at_provider, "succeeded", Value::Null)?;
    assert_eq!(served.tell_event("evt_1", &at_provider).await?, 200);
    told(&served.world, &format!("payment_intents {number}")).await?;
    assert_eq!((available(&served.rest).await?, available(&stranger).await?), ("10.00".to_owned(), "0.00".to_owned()));

    spoil(&served.world, &format!("UPDATE payment_intents SET account_id = {owner}")).await?;
    assert_eq!(served.tell_event("evt_2", &at_provider).await?, 200);
    until_state(&served.rest, &payment, "succeeded").await?;
    assert_eq!((available(&served.rest).await?, available(&stranger).await?), ("15.00".to_owned(), "0.00".to_owned()));
    served.proven().await
}
