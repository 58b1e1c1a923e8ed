//! This process's part as a node with operators' binds: beside the ledger or the wait for it, or by itself.

use std::time::Duration;

use anyhow::Context as _;
use sambac_api::{Limits, serve};
use sambac_engine::clock::Clock;
use sambac_engine::work::node::BindsNode;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Role};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::{platform, queue, standby};

/// Begins to ask for connectors; `None` when that is not this process's part.
pub(crate) async fn start(config: &Config) -> Result<Option<BindsNode>, Failure> {
    let Some(work) = queue::settings(config)?.filter(|_| config.does(Role::Connector)) else { return Ok(None) };
    let store = standby::prepared(config).await?;
    let settings = platform::settings(config, &store).await?;
    let lease = Duration::from_secs(config.cluster.lease_s);
    let node = BindsNode::start(settings, &work, lease, store, Clock::steady()).await;
    Ok(Some(node.context("the node did not start")?))
}

/// Serves as nothing else until `stop` resolves.
pub(crate) async fn run_alone(
    config: &Config,
    node: &BindsNode,
    output: &Output,
    stop: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let listener = platform::bind(config.services.listen, "health and metrics", "--services-listen")?;
    let services = listener.local_addr().context("the services listener has no address")?;
    let (end, limits) = (CancellationToken::new(), Limits::default());
    let server = tokio::spawn(serve(listener, sambac_api::binds(node.clone(), limits), limits, end.clone()));
    let line = json!({ "ready": true, "roles": ["connector"], "services": services });
    output.print(&line, || format!("ready: binds to operators, health http://{services}"))?;
    stop.await;
    tracing::info!("stopping");
    node.stop(Duration::from_secs(config.limits.stop_timeout_s)).await;
    end.cancel();
    server
        .await
        .map_err(|error| Failure::because(Exit::Failed, format!("the services listener ended badly: {error}")))?;
    Ok(())
}
