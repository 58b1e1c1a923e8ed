//! 64 clients at once against an account with money for exactly 100: exactly 100 are taken, whichever way they come and whichever
//! database it is.

use std::time::Duration;

use anyhow::{Result, ensure};
use sambac_testkit::faults::ledger::Reader;
use sambac_testkit::scenario::smpp::BindKind;
use sambac_testkit::scenario::{Platform, Rest, Secrets, Site, World, message};
use serde_json::json;

use super::charge;
use crate::world;

const CLIENTS: usize = 64;
/// Of each client: nearly twice as many in all as there is money for.
const EACH: usize = 3;
const MONEY_FOR: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_so_many_are_taken_as_there_is_money_for() -> Result<()> {
    let world = world("exactly")?;
    let url = format!("sqlite://{}", world.data_folder().join("sambac.db").display());
    takes_exactly(world, &url).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_so_many_are_taken_on_postgresql_too() -> Result<()> {
    let database = sambac_testkit::postgres::database(super::migrate).await?;
    let world = world("exactly_postgres")?.on(database.url());
    takes_exactly(world, database.url()).await
}

async fn takes_exactly(world: World, url: &str) -> Result<()> {
    // Nothing ends, so that nothing goes back.
    let operator = world.simulator("alpha", "[receipt]\ngiven = 0.0").await?;
    let site = Site::with_one_account("5").account("shop", "5").account("web", "5").api_key("web", "web");
    let site = (0..CLIENTS / 8).fold(site, |site, number| site.smpp_account("shop", &format!("till{number}"), ""));
    let site = site.connector("alpha", &operator, "").route("all", &["alpha"], "");
    let secrets = world.apply(&site).await?;
    let key = world.admin_key("service", "charges:write,balances:read,config:read").await?;
    let platform = world.platform(&[]).await?;
    let account = super::account(&platform, &key, "bank").await?;
    ensure!(by_charges(&platform.service(&key)?, &account).await? == MONEY_FOR, "charges");
    ensure!(by_rest(&platform.rest(&secrets)?.with_key(secrets.api_key("web")?)).await? == MONEY_FOR, "REST");
    ensure!(by_smpp(&platform, &secrets).await? == MONEY_FOR, "SMPP");
    platform.terminate(Duration::from_secs(10)).await?;
    let mut stored = Reader::open(url).await?;
    let wallets = "SELECT COUNT(*) FROM balances WHERE kind = 'wallet' AND balance_micros = 0";
    ensure!(stored.number(wallets).await? == 3, "every wallet is empty, and none is below");
    ensure!(
        stored.number("SELECT COUNT(*) FROM charges").await? == 2 * i64::try_from(MONEY_FOR)?,
        "charges of segments"
    );
    world.prove_ledger().await?;
    world.passed();
    Ok(())
}

async fn by_charges(service: &Rest, account: &str) -> Result<usize> {
    at_once(|client| {
        let (service, account) = (service.clone(), account.to_owned());
        async move {
            let mut taken = 0;
            for number in 0..EACH {
                let order = json!({ "action": "debit", "amount": "0.05" });
                let reply = charge(&service, &account, &format!("{client}-{number}"), order).await?;
                ensure!([200, 402].contains(&reply.status), "{}", reply.text);
                taken += usize::from(reply.status == 200);
            }
            Ok(taken)
        }
    })
    .await
}

async fn by_rest(rest: &Rest) -> Result<usize> {
    at_once(|_| {
        let rest = rest.clone();
        async move {
            let mut taken = 0;
            for _ in 0..EACH {
                let reply = rest.send(&json!({ "to": "+447700900123", "from": "Bank", "text": "x" })).await?;
                ensure!([202, 402].contains(&reply.status), "{}", reply.text);
                taken += usize::from(reply.status == 202);
            }
            Ok(taken)
        }
    })
    .await
}

/// A bind for each client: eight of each of eight system_ids.
async fn by_smpp(platform: &Platform, secrets: &Secrets) -> Result<usize> {
    let mut binds = Vec::new();
    for client in 0..CLIENTS {
        binds.push(platform.esme_as(secrets, &format!("till{}", client / 8), BindKind::Transceiver).await?);
    }
    let mut binds = binds.into_iter();
    at_once(|_| {
        let esme = binds.next();
        async move {
            let mut taken = 0;
            for _ in 0..EACH {
                let Some(esme) = &esme else { anyhow::bail!("no bind") };
                let answer = esme.submit(message("447700900123", b"x")).await?;
                // Refused for want of money, which the field has no status of its own for.
                ensure!(answer.status == 0 || answer.status == 0x45, "{answer:?}");
                taken += usize::from(answer.status == 0);
            }
            Ok(taken)
        }
    })
    .await
}

/// Runs all clients at once and adds up what was taken.
async fn at_once<F: Future<Output = Result<usize>>>(client: impl FnMut(usize) -> F) -> Result<usize> {
    let taken = futures_util::future::join_all((0..CLIENTS).map(client)).await;
    taken.into_iter().sum()
}
