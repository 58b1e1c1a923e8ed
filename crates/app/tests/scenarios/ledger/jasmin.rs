//! The billing vectors of Jasmin, as far as they mean something here, with the real binary: what a balance is after each. The table
//! with those that mean nothing, and why, is in `docs/reference/tariffs.md`.

use anyhow::{Context as _, Result};
use sambac_testkit::scenario::wait::{PATIENCE, until};
use sambac_testkit::scenario::{Rest, Site};
use serde_json::json;

use super::{Served, charge};
use crate::world;

/// One number that is delivered, one that the operator refuses.
const DELIVERED: &str = "+447700900100";
const REFUSED: &str = "+447700900140";
/// Nothing ends before it was looked at: the operator answers after two seconds (to magic numbers it would at once).
const OPERATOR: &str = "magic = false\n[answer]\ndelay_ms = 2000\n\
                        [[rule]]\ndestination = \"447700900140\"\nanswer = { reject = 1.0, reject_status = 11 }";

/// Available and held.
type Sums = (&'static str, &'static str);
/// The account; its price, charge policy and funds; a number and how many parts go there; the sums at once (`None`: refused, and
/// nothing is taken) and in the end.
type Vector = (&'static str, [&'static str; 3], (&'static str, usize), Option<Sums>, Sums);

const VECTORS: [Vector; 7] = [
    // Rate 1.2, one part, balance 10: 8.8 at once.
    ("once", ["1.2", "submit", "10"], (DELIVERED, 1), Some(("8.80", "0.00")), ("8.80", "0.00")),
    ("later", ["1.2", "delivered", "10"], (DELIVERED, 1), Some(("8.80", "1.20")), ("8.80", "0.00")),
    // Rate 0.2, five parts: 1.00 and not 0.9999999999999999.
    ("parts", ["0.2", "delivered", "10"], (DELIVERED, 5), Some(("9.00", "1.00")), ("9.00", "0.00")),
    // The same, refused by the operator: what was paid on submit stays paid, everything else goes back.
    ("kept", ["0.2", "submit", "10"], (REFUSED, 5), Some(("9.00", "0.00")), ("9.00", "0.00")),
    ("back", ["0.2", "accepted", "10"], (REFUSED, 5), Some(("9.00", "1.00")), ("10.00", "0.00")),
    // Rate 1.2, balance 1.0: refused.
    ("short", ["1.2", "submit", "1"], (DELIVERED, 1), None, ("1.00", "0.00")),
    // Rate 0: nothing is needed for it.
    ("free", ["0", "submit", "0"], (DELIVERED, 3), Some(("0.00", "0.00")), ("0.00", "0.00")),
];

/// A text of so many parts.
fn text(parts: usize) -> String {
    if parts == 1 { "x".to_owned() } else { "x".repeat(153 * parts) }
}

#[tokio::test]
async fn balances_are_as_in_jasmin_where_that_means_something() -> Result<()> {
    let world = world("jasmin_billing")?;
    let operator = world.simulator("alpha", OPERATOR).await?;
    let site = VECTORS.iter().fold(Site::new().connector("alpha", &operator, ""), provision);
    let secrets = world.apply(&site.route("all", &["alpha"], "")).await?;
    let platform = world.platform(&[]).await?;
    platform.until_bound().await?;
    let client = platform.service("")?.at(platform.http());
    for vector in &VECTORS {
        send(&client.with_key(secrets.api_key(vector.0)?), vector).await.with_context(|| vector.0)?;
    }
    for (account, .., in_the_end) in VECTORS {
        let rest = client.with_key(secrets.api_key(account)?);
        until(account, PATIENCE, async || Ok((rest.balance().await? == owned(in_the_end)).then_some(()))).await?;
    }
    world.database().await?.audit().await?;
    platform.terminate(PATIENCE).await?;
    world.prove_ledger().await?;
    world.passed();
    Ok(())
}

fn provision(site: Site, vector: &Vector) -> Site {
    let (account, [price, charge, funds], ..) = *vector;
    let rate = format!("rate = [{{ price = \"{price}\", charge = \"{charge}\" }}]");
    let keys = format!("name = \"{account}\"\ncurrency = \"EUR\"\ntariff = \"{account}\"");
    let payment = format!("\npayment = [{{ amount = \"{funds}\", reference = \"first\" }}]");
    site.table("tariff", &format!("name = \"{account}\"\ncurrency = \"EUR\"\n{rate}"))
        .table("account", &(keys + if funds == "0" { "" } else { &payment }))
        .api_key(account, account)
}

async fn send(rest: &Rest, vector: &Vector) -> Result<()> {
    let (account, _, (to, parts), at_once, in_the_end) = *vector;
    let sms = json!({ "to": to, "from": "Bank", "text": text(parts), "class": "transactional" });
    let reply = rest.send(&sms).await?;
    assert_eq!(reply.status, if at_once.is_some() { 202 } else { 402 }, "{account}: {}", reply.text);
    assert_eq!(rest.balance().await?, owned(at_once.unwrap_or(in_the_end)), "{account}");
    Ok(())
}

fn owned((available, held): Sums) -> (String, String) {
    (available.to_owned(), held.to_owned())
}

/// Jasmin's consumer charges a bill twice that it sees twice.
#[tokio::test]
async fn the_same_bill_twice_is_charged_once() -> Result<()> {
    let served = Served::start("jasmin_bill", "10", &[]).await?;
    let bill = "3f2c1d9e-5b7a-4f60-8a1e-0c9d7e6b5a43";
    // 0.9 of 1.2: the rest that Jasmin writes as 0.8999999999999999.
    let order = json!({ "action": "debit", "amount": "0.9" });
    for replayed in [false, true] {
        let reply = served.charge(bill, order.clone()).await?;
        assert_eq!((reply.status, &reply.body["replayed"]), (200, &json!(replayed)), "{}", reply.text);
        assert_eq!(served.balance().await?.0, "9.10");
    }
    // An amount that no money has is refused, and never rounded unseen.
    let artefact =
        charge(&served.service, &served.account, "float", json!({ "action": "debit", "amount": "0.8999999999999999" }));
    assert_eq!(artefact.await?.status, 400);
    served.world.passed();
    Ok(())
}
