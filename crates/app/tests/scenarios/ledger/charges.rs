//! `POST /charges` and `GET /balances/{id}`: each order once, refusals that stay, linked groups.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::wait::{PATIENCE, until};
use sambac_testkit::scenario::{Reply, Site};
use serde_json::{Value, json};

use super::{Served, charge};
use crate::world;

fn code(reply: &Reply) -> (u16, &str) {
    (reply.status, reply.body["code"].as_str().unwrap_or_default())
}

/// The charge's id.
fn id(reply: &Reply) -> Result<Value> {
    anyhow::ensure!(reply.status == 200, "{}", reply.text);
    Ok(reply.body["charge"].clone())
}

#[tokio::test]
async fn an_amount_is_held_captured_in_parts_and_refunded() -> Result<()> {
    let served = Served::start("charges", "10", &[]).await?;
    let held = served.charge("a", json!({ "action": "hold", "amount": "4" })).await?;
    let hold = id(&held)?;
    assert_eq!((&held.body["state"], &held.body["amount"]), (&json!("open"), &json!("4.00")), "{}", held.text);
    assert_eq!(served.balance().await?, ("6.00".to_owned(), "4.00".to_owned()));

    let part = json!({ "action": "capture", "charge": hold, "amount": "1", "keep_open": true });
    assert_eq!(served.charge("b", part.clone()).await?.body["state"], "open");
    let again = served.charge("b", part).await?;
    assert_eq!((again.status, &again.body["replayed"]), (200, &json!(true)), "{}", again.text);
    let rest = served.charge("c", json!({ "action": "capture", "charge": hold, "amount": "2.5" })).await?;
    assert_eq!((&rest.body["state"], &rest.body["captured"]), (&json!("captured"), &json!("3.50")), "{}", rest.text);
    assert_eq!(served.balance().await?, ("6.50".to_owned(), "0.00".to_owned()));

    let back = served.charge("d", json!({ "action": "refund", "charge": hold, "amount": "0.5" })).await?;
    assert_eq!((&back.body["refunded"], &back.body["moved"]), (&json!("0.50"), &json!("0.50")), "{}", back.text);
    let debit = served.charge("e", json!({ "action": "debit", "amount": "1", "currency": "EUR" })).await?;
    assert_eq!(debit.body["state"], "captured");
    let voided = id(&served.charge("f", json!({ "action": "hold", "amount": "2" })).await?)?;
    assert_eq!(served.charge("g", json!({ "action": "void", "charge": voided })).await?.body["state"], "voided");
    assert_eq!(served.balance().await?, ("6.00".to_owned(), "0.00".to_owned()));

    let mut database = served.world.database().await?;
    database.audit().await?;
    assert_eq!(database.balance("revenue").await?, 4_000_000);
    served.world.prove_ledger().await?;
    served.world.passed();
    Ok(())
}

#[tokio::test]
async fn a_refusal_is_precise_and_stays_one() -> Result<()> {
    let served = Served::start("charges_refused", "1", &[]).await?;
    let debit = |amount: &str| json!({ "action": "debit", "amount": amount });
    let hold = id(&served.charge("hold", json!({ "action": "hold", "amount": "1" })).await?)?;
    let capture = |amount: &str| json!({ "action": "capture", "charge": hold, "amount": amount });
    let ended = id(&served.charge("free", json!({ "action": "void", "charge": hold })).await?)?;
    for (key, order, expected) in [
        ("too much", debit("1.000001"), (402, "insufficient_funds")),
        ("ended", capture("1"), (409, "hold_ended")),
        ("unknown", json!({ "action": "void", "charge": "hld_0000000000080" }), (404, "not_found")),
        ("nothing left", json!({ "action": "refund", "charge": ended }), (422, "amount_not_covered")),
        ("other money", json!({ "action": "debit", "amount": "1", "currency": "USD" }), (422, "currency_mismatch")),
        ("no amount", json!({ "action": "debit" }), (400, "invalid_request")),
        ("too fine", debit("0.0000001"), (400, "invalid_request")),
        // It would take all that is left.
        ("misspelt", json!({ "action": "capture", "charge": ended, "ammount": "1" }), (400, "invalid_request")),
    ] {
        let key = key.replace(' ', "-");
        let reply = served.charge(&key, order.clone()).await?;
        assert_eq!(code(&reply), expected, "{key}: {}", reply.text);
        assert_eq!(reply.headers["content-type"], "application/problem+json");
    }
    // Money comes, and the refusal stays: the same key is the same order.
    let more = "name = \"bank\"\ncurrency = \"EUR\"\ntariff = \"standard\"\npayment = [{ amount = \"5\", reference = \"more\" }]";
    served.world.apply(&Site::new().table("account", more)).await?;
    until("the payment counts", PATIENCE, async || Ok((served.balance().await?.0 == "6.00").then_some(()))).await?;
    assert_eq!(code(&served.charge("too-much", debit("1.000001")).await?), (402, "insufficient_funds"));
    assert_eq!(code(&served.charge("too-much", debit("1")).await?), (422, "idempotency_mismatch"));
    assert_eq!(served.charge("anew", debit("1.000001")).await?.status, 200);
    let without_key = served
        .service
        .post("/charges", &json!({ "account": served.account, "action": "debit", "amount": "1" }), &[])
        .await?;
    assert_eq!(code(&without_key), (400, "invalid_request"));
    served.world.database().await?.audit().await?;
    served.world.passed();
    Ok(())
}

#[tokio::test]
async fn nobody_charges_without_the_scope_for_it() -> Result<()> {
    let world = world("charges_scopes")?;
    let reader = world.apply(&Site::with_one_account("1")).await.map(drop);
    reader?;
    let reader = world.admin_key("reader", "balances:read").await?;
    let writer = world.admin_key("writer", "charges:write,config:read").await?;
    let platform = world.platform(&[]).await?;
    let account = super::account(&platform, &writer, "bank").await?;
    let order = json!({ "action": "debit", "amount": "0.1" });
    for (key, charged, read) in
        [("", 401, 401), ("sambac_admin_x", 401, 401), (&*reader, 403, 200), (&*writer, 200, 403)]
    {
        let service = platform.service(key)?;
        assert_eq!(charge(&service, &account, "k", order.clone()).await?.status, charged, "{key}");
        assert_eq!(service.get(&format!("/balances/{account}")).await?.status, read, "{key}");
    }
    let service = platform.service(&reader)?;
    assert_eq!(service.get("/balances/acc_0000000000080").await?.status, 404);
    let wanted = json!({ "account": account, "to": "+447700900123", "from": "Bank", "text": "x" });
    let price = service.post("/charges/price", &wanted, &[]).await?;
    assert_eq!(code(&price), (422, "no_route"), "{}", price.text);
    world.passed();
    Ok(())
}

#[tokio::test]
async fn linked_orders_are_done_all_or_none() -> Result<()> {
    let served = Served::start("charges_linked", "1", &[]).await?;
    let batch = |linked: bool, prefix: &str, amounts: &[&str]| {
        let charges: Vec<_> = amounts
            .iter()
            .enumerate()
            .map(|(place, amount)| {
                json!({ "key": format!("{prefix}{place}"), "account": served.account, "action": "debit", "amount": amount })
            })
            .collect();
        json!({ "linked": linked, "charges": charges })
    };
    let statuses = |reply: &Reply| -> Vec<u64> {
        let results = reply.body["charges"].as_array().map_or(&[][..], Vec::as_slice);
        results.iter().filter_map(|result| result["status"].as_u64()).collect()
    };
    let refused = served.service.post("/charges/batch", &batch(true, "a", &["0.4", "0.7", "0.1"]), &[]).await?;
    assert_eq!(statuses(&refused), [409, 402, 409], "{}", refused.text);
    assert_eq!(served.balance().await?.0, "1.00");
    let again = served.service.post("/charges/batch", &batch(true, "a", &["0.4", "0.7", "0.1"]), &[]).await?;
    assert_eq!(
        (statuses(&again), &again.body["charges"][0]["problem"]["replayed"]),
        (vec![409, 402, 409], &json!(true))
    );
    // For themselves, those go through that can.
    let mut misspelt = batch(true, "d", &["0.1"]);
    misspelt["charges"][0]["curency"] = json!("USD");
    let misspelt = served.service.post("/charges/batch", &misspelt, &[]).await?;
    assert_eq!(code(&misspelt), (400, "invalid_request"));
    assert!(misspelt.text.contains("curency"), "{}", misspelt.text);
    let single = served.service.post("/charges/batch", &batch(false, "b", &["0.4", "0.7", "0.1"]), &[]).await?;
    assert_eq!(statuses(&single), [200, 402, 200], "{}", single.text);
    let done = served.service.post("/charges/batch", &batch(true, "c", &["0.2", "0.3"]), &[]).await?;
    assert_eq!((statuses(&done), served.balance().await?.0), (vec![200, 200], "0.00".to_owned()), "{}", done.text);
    served.world.database().await?.audit().await?;
    served.world.prove_ledger().await?;
    served.world.passed();
    Ok(())
}

#[tokio::test]
async fn what_is_held_goes_back_when_its_time_is_over() -> Result<()> {
    let served = Served::start("charges_expire", "1", &[]).await?;
    let hold = id(&served.charge("a", json!({ "action": "hold", "amount": "0.6", "expires_in_s": 1 })).await?)?;
    until("the hold expires", PATIENCE, async || Ok((served.balance().await?.1 == "0.00").then_some(()))).await?;
    let late = served.charge("b", json!({ "action": "capture", "charge": hold })).await?;
    assert_eq!(code(&late), (409, "hold_ended"), "{}", late.text);
    assert!(late.body["detail"].as_str().context("no detail")?.contains("expired"), "{}", late.text);
    let mut database = served.world.database().await?;
    database.audit().await?;
    assert_eq!(database.number("SELECT COUNT(*) FROM ledger_postings WHERE kind = 'expire'").await?, 1);
    served.world.prove_ledger().await?;
    served.world.passed();
    Ok(())
}

/// An account that pays from another's wallet spends that one's money, on its own charges.
#[tokio::test]
async fn a_shared_wallet_pays_for_both() -> Result<()> {
    let world = world("shared_wallet")?;
    let branch = "name = \"branch\"\ncurrency = \"EUR\"\ntariff = \"standard\"\nwallet_of = \"bank\"";
    let site = Site::with_one_account("1").table("account", branch).api_key("branch", "branch");
    let operator = world.simulator("alpha", "").await?;
    let site = site.connector("alpha", &operator, "").route("all", &["alpha"], "");
    let served = Served::start_in(world, site, &[]).await?;
    served.platform.until_bound().await?;
    let rest = served.platform.rest(&served.secrets)?.with_key(served.secrets.api_key("branch")?);
    let sent = rest.send_text("+447700900123", "from the branch").await?;
    assert_eq!(rest.final_state(&sent).await?, "delivered");
    assert_eq!((rest.balance().await?.0, served.balance().await?.0), ("0.95".to_owned(), "0.95".to_owned()));
    let reply = served.charge("a", json!({ "action": "debit", "amount": "0.95" })).await?;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let refused = rest.send(&json!({ "to": "+447700900123", "from": "Bank", "text": "x" })).await?;
    assert_eq!(code(&refused), (402, "insufficient_funds"), "{}", refused.text);
    let mut database = served.world.database().await?;
    database.audit().await?;
    let charged = "SELECT COUNT(*) FROM charges c JOIN accounts a ON a.id = c.account_id WHERE a.name = 'branch' AND c.wallet_of IS NOT NULL";
    assert_eq!(database.number(charged).await?, 1);
    served.world.prove_ledger().await?;
    served.world.passed();
    Ok(())
}
