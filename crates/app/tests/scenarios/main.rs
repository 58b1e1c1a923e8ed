//! Scenarios: the real binary with simulated operators and clients, one file per behaviour, counting what is in each state.
//!
//! A scenario that fails keeps its logs, journals and database, and prints where they are.
//!
//! ```text
//! cargo nextest run -p sambac-app --test scenarios one_message_rest
//! ```

mod account_news;
mod admin;
mod admin_shell;
mod alerts;
mod audit;
mod backlog_small;
mod bad_input;
mod batch;
mod canary;
mod cdr;
mod certify;
mod cluster;
mod connector_orders;
mod content;
mod demo;
mod doctor;
mod events;
mod expiry;
mod failures;
mod fair;
mod faults;
mod interop;
mod issuers;
mod kill_9;
mod ledger;
mod live_change;
mod load;
mod mo;
mod one_message_rest;
mod one_message_smpp;
mod operate;
mod opt_outs;
mod oracle;
mod otp;
mod payments;
mod pdu_log;
mod persons;
mod prices;
mod rebind;
mod receiver_policies;
mod reconcile;
mod redaction;
mod redis;
mod refused;
mod regression_a2;
mod regression_smsc;
mod regressions;
mod retention;
mod revoked;
mod samples;
mod sandbox;
mod schedule;
mod sigterm_drain;
mod slow_smsc;
mod smpp_tls;
mod strangers;
mod streams;
mod templates;
mod throttling_storm;
mod unreliable_operator;
mod unsendable;
mod webhooks;

use anyhow::Result;
use sambac_testkit::scenario::{Platform, Secrets, Simulator, Site, World};

/// A healthy operator, one account with funds, and the platform between them.
struct Healthy {
    world: World,
    operator: Simulator,
    secrets: Secrets,
    platform: Platform,
}

impl Healthy {
    async fn start(name: &str) -> Result<Self> {
        let world = world(name)?;
        let operator = world.simulator("alpha", "").await?;
        let soon = "settings = { flow = { queue_full_delay_ms = 100 } }";
        let site = Site::with_one_account("10").connector("alpha", &operator, soon).route("all", &["alpha"], "");
        let secrets = world.apply(&site).await?;
        let platform = world.platform(&[]).await?;
        platform.until_bound().await?;
        Ok(Self { world, operator, secrets, platform })
    }
}

fn world(name: &str) -> Result<World> {
    World::new(env!("CARGO_BIN_EXE_sambac"), name)
}
