//! What a run begins with: a database, an operator, accounts with much and with little, and a platform.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use tokio::sync::watch;

use super::client::Aim;
use super::proxy::Proxy;
use super::report::Report;
use super::run::{Run, Setting};
use crate::postgres::KillablePostgres;
use crate::scenario::{Simulator, Site, World};

/// Accounts with plenty; the first is the hot one.
const RICH: usize = 16;
/// Accounts that are often refused; every other one may go below zero.
const POOR: usize = 8;

impl Run {
    pub(super) async fn prepare(setting: &Setting) -> Result<Self> {
        let binary = setting.binary.display().to_string();
        let mut world = World::new(&binary, if setting.on_postgres { "faults_postgres" } else { "faults_sqlite" })?;
        let (mut postgres, mut proxy) = (None, None);
        if setting.on_postgres {
            let server = KillablePostgres::start(&world.path("postgres")).await?;
            let between = Proxy::start(server.socket()).await?;
            world = world.on(&server.url_by(between.port()));
            (postgres, proxy) = (Some(server), Some(between));
        }
        let operator =
            world.simulator("alpha", "magic = false\n[receipt]\ndelay_ms = [0, 50]\nresend_max = 1000").await?;
        let secrets = world.apply(&site(&operator)).await?;
        let service_key = world.admin_key("service", "charges:write,balances:read,config:read").await?;
        let version = String::from_utf8(world.run_plain(&["--version"]).await?.stdout)?.trim().to_owned();
        let report = Report {
            seed: setting.seed,
            store: if setting.on_postgres { "PostgreSQL" } else { "SQLite" },
            version,
            clients: setting.clients,
            ..Report::default()
        };
        let (whereabouts, _) = watch::channel(None);
        let mut run = Self {
            world,
            postgres,
            proxy,
            _operator: operator,
            secrets,
            service_key,
            platform: None,
            whereabouts,
            aim: Arc::new(Aim::new(Vec::new(), 0)),
            report,
        };
        run.start(&[]).await?;
        let accounts = run.account_ids().await?;
        run.aim = Arc::new(Aim::new(accounts, setting.charges));
        Ok(run)
    }

    async fn account_ids(&self) -> Result<Vec<String>> {
        let platform = self.platform.as_ref().context("no platform runs")?;
        let reply = platform.service(&self.service_key)?.at(platform.http()).get("/v1/admin/accounts").await?;
        let rows = reply.body["data"].as_array().with_context(|| reply.text.clone())?;
        let id = |name: &String| {
            let row = rows.iter().find(|row| row["name"] == **name);
            Some(row?["id"].as_str()?.to_owned())
        };
        account_names().iter().map(|name| id(name).with_context(|| format!("no account {name}"))).collect()
    }
}

pub(super) fn account_names() -> Vec<String> {
    (0..RICH + POOR).map(|number| format!("charged-{number}")).collect()
}

/// One account that sends messages, and those that are charged.
fn site(operator: &Simulator) -> Site {
    let soon = "window_max = 100\nsettings = { bind = { reconnect_min_ms = 100, reconnect_max_ms = 200 } }";
    let site = Site::with_one_account("1000000").connector("alpha", operator, soon).route("all", &["alpha"], "");
    account_names().iter().zip(0..).fold(site, |site, (name, number)| {
        let funds = if number < RICH { "1000000" } else { "2" };
        let limit = if number >= RICH && number % 2 == 0 { "\ncredit_limit = \"1.5\"" } else { "" };
        let keys = format!("name = \"{name}\"\ncurrency = \"EUR\"\ntariff = \"standard\"{limit}");
        site.table("account", &format!("{keys}\npayment = [{{ amount = \"{funds}\", reference = \"first\" }}]"))
    })
}
