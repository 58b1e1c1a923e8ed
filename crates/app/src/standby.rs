//! A node that waits while another works: it tells so on its services listener, and begins when the other has ended.
//!
//! ```text
//! let lease = standby::until_leased(&config, &output).await?;
//! …
//! lease.release().await;
//! ```

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sambac_api::{Limits, serve};
use sambac_engine::lease::{HeldLease, Standby};
use sambac_store::Store;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::exit::Failure;
use crate::front::Front;
use crate::output::Output;
use crate::platform;

/// Waits until this node may work; `None` at once where nodes have no lease.
pub(crate) async fn until_leased(
    config: &Config,
    front: Option<&Front>,
    output: &Output,
) -> Result<Option<HeldLease>, Failure> {
    let time = Duration::from_secs(config.cluster.lease_s);
    if time.is_zero() {
        return Ok(None);
    }
    wait(config, front, output, prepared(config).await?, time).await.map(Some)
}

/// The database, as the node that works has made it; while there was none, as this one makes it.
pub(crate) async fn prepared(config: &Config) -> Result<Store, Failure> {
    let store = platform::open_as_it_is(config).await?;
    // While another works, its schema is added to at most. A schema without leases is nobody's who has one.
    let is_nobodys = !store.has_leases().await.context("the database cannot be read")?;
    let migrated = if is_nobodys { store.migrate().await } else { store.migrate_beside_others().await };
    migrated.context("the database cannot be migrated")?;
    Ok(store)
}

async fn wait(
    config: &Config,
    front: Option<&Front>,
    output: &Output,
    store: Store,
    time: Duration,
) -> Result<HeldLease, Failure> {
    let listener = platform::bind(config.services.listen, "health and metrics", "--services-listen")?;
    let services = listener.local_addr().context("the services listener has no address")?;
    let (says, holder) = watch::channel(Arc::<str>::from("another node"));
    let (stop, limits) = (CancellationToken::new(), Limits::default());
    let health = match front {
        Some(front) => sambac_api::front(front.places(), limits),
        None => sambac_api::standby(holder, limits),
    };
    let server = tokio::spawn(serve(listener, health, limits, stop.clone()));
    let doors = front.map(Front::addresses).transpose().context("a listener has no address")?;
    let standby = Standby::new(store, config.node, time);
    let lease = standby
        .until_ours(|by| {
            tracing::info!(%by, "another node works; this one waits for its turn");
            says.send_replace(Arc::from(by));
            let (http, smpp) = doors.unzip();
            let line = json!({ "ready": false, "standby": by, "services": services, "http": http, "smpp": smpp });
            // A closed standard output is no reason not to wait.
            let _ = output.print(&line, || format!("standby: {by} works; health http://{services}"));
        })
        .await;
    stop.cancel();
    // The address is to be free again for the services of a node that works.
    let _ = server.await;
    Ok(lease)
}
