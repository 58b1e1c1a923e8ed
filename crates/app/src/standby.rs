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
use crate::output::Output;
use crate::platform;

/// Waits until this node may work; `None` at once where nodes have no lease.
pub(crate) async fn until_leased(config: &Config, output: &Output) -> Result<Option<HeldLease>, Failure> {
    let time = Duration::from_secs(config.cluster.lease_s);
    if time.is_zero() {
        return Ok(None);
    }
    let store = platform::open_as_it_is(config).await?;
    // While another works the schema stays as that one knows it. A schema without leases is nobody's who has one.
    if !store.has_leases().await.context("the database cannot be read")? {
        store.migrate().await.context("the database cannot be migrated")?;
    }
    wait(config, output, store, time).await.map(Some)
}

async fn wait(config: &Config, output: &Output, store: Store, time: Duration) -> Result<HeldLease, Failure> {
    let listener = platform::bind(config.services.listen, "health and metrics", "--services-listen")?;
    let services = listener.local_addr().context("the services listener has no address")?;
    let (says, holder) = watch::channel(Arc::<str>::from("another node"));
    let (stop, limits) = (CancellationToken::new(), Limits::default());
    let server = tokio::spawn(serve(listener, sambac_api::standby(holder, limits), limits, stop.clone()));
    let standby = Standby::new(store, config.node, time);
    let lease = standby
        .until_ours(|by| {
            tracing::info!(%by, "another node works; this one waits for its turn");
            says.send_replace(Arc::from(by));
            let line = json!({ "ready": false, "standby": by, "services": services });
            // A closed standard output is no reason not to wait.
            let _ = output.print(&line, || format!("standby: {by} works; health http://{services}"));
        })
        .await;
    stop.cancel();
    // The address is to be free again for the services of a node that works.
    let _ = server.await;
    Ok(lease)
}
