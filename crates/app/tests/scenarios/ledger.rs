//! The ledger from outside: charges of other services, who may write, what each end of a segment costs, and tampering.

mod auditor;
mod chain;
mod charges;
mod exactly;
mod faults;
mod fence;
mod jasmin;
mod kill_points;
mod statement;
mod tampered;

pub(crate) use fence::migrate;

use anyhow::{Context as _, Result, ensure};
use sambac_testkit::scenario::{Platform, Reply, Rest, Secrets, Site, World};
use serde_json::{Value, json};

use crate::world;

/// A platform with one account in funds, and a service that may charge it.
struct Served {
    world: World,
    platform: Platform,
    secrets: Secrets,
    service: Rest,
    account: String,
}

impl Served {
    async fn start(name: &str, funds: &str, variables: &[(&str, &str)]) -> Result<Self> {
        let world = world(name)?;
        Self::start_in(world, Site::with_one_account(funds), variables).await
    }

    async fn start_in(world: World, site: Site, variables: &[(&str, &str)]) -> Result<Self> {
        let secrets = world.apply(&site).await?;
        let key = world.admin_key("service", "charges:write,balances:read,config:read").await?;
        let platform = world.platform(variables).await?;
        let service = platform.service(&key)?;
        let account = account(&platform, &key, "bank").await?;
        Ok(Self { world, platform, secrets, service, account })
    }

    /// `POST /charges` with this key.
    async fn charge(&self, key: &str, order: Value) -> Result<Reply> {
        charge(&self.service, &self.account, key, order).await
    }

    /// Available and held, as `GET /balances/{id}` says.
    async fn balance(&self) -> Result<(String, String)> {
        let reply = self.service.get(&format!("/balances/{}", self.account)).await?;
        ensure!(reply.status == 200, "{}", reply.text);
        let amount = |key: &str| reply.body[key].as_str().map(str::to_owned).context("no amount");
        Ok((amount("available")?, amount("held")?))
    }
}

/// The id of an account.
async fn account(platform: &Platform, key: &str, name: &str) -> Result<String> {
    let client = platform.service(key)?.at(platform.http());
    let reply = client.get("/v1/admin/accounts").await?;
    let accounts = reply.body["data"].as_array().with_context(|| reply.text.clone())?;
    let account = accounts.iter().find(|account| account["name"] == name).context("no such account")?;
    Ok(account["id"].as_str().context("no id")?.to_owned())
}

async fn charge(service: &Rest, account: &str, key: &str, mut order: Value) -> Result<Reply> {
    order["account"] = json!(account);
    service.post("/charges", &order, &[("idempotency-key", key)]).await
}
