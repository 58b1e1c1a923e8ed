//! The demonstration's sockets: all bound before anything starts, so that a busy port costs nothing.

use std::net::SocketAddr;

use clap::Args;
use tokio::net::TcpListener;

use crate::exit::Failure;
use crate::platform::{Listeners, cannot_listen};

/// A flag for every port; 0 takes any free one.
#[derive(Args, Debug)]
pub(crate) struct Ports {
    /// Port of the public API.
    #[arg(long, default_value_t = 8080)]
    http_port: u16,
    /// Port of health and metrics.
    #[arg(long, default_value_t = 8081)]
    services_port: u16,
    /// Port where ESMEs bind.
    #[arg(long, default_value_t = 2775)]
    smpp_port: u16,
    /// Port of the first simulated operator; the second has the next one.
    #[arg(long, default_value_t = 2776)]
    sim_port: u16,
    /// Port of the webhook receiver.
    #[arg(long, default_value_t = 8082)]
    webhook_port: u16,
}

/// What was bound.
pub(super) struct Sockets {
    pub(super) platform: Listeners,
    pub(super) alpha: TcpListener,
    pub(super) beta: TcpListener,
    pub(super) sink: TcpListener,
}

impl Ports {
    /// Binds all, on this machine only.
    pub(super) async fn bind(&self) -> Result<Sockets, Failure> {
        let http = bind(self.http_port, "the public API", "--http-port").await?;
        let services = bind(self.services_port, "health and metrics", "--services-port").await?;
        let smpp = bind(self.smpp_port, "clients' SMPP", "--smpp-port").await?;
        let second = if self.sim_port == 0 { 0 } else { self.sim_port.saturating_add(1) };
        Ok(Sockets {
            platform: Listeners::from_bound(http, services, smpp),
            alpha: bind(self.sim_port, "the first simulated operator", "--sim-port").await?,
            beta: bind(second, "the second simulated operator", "--sim-port").await?,
            sink: bind(self.webhook_port, "the webhook receiver", "--webhook-port").await?,
        })
    }
}

async fn bind(port: u16, what: &str, flag: &str) -> Result<TcpListener, Failure> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    TcpListener::bind(address).await.map_err(|error| cannot_listen(address, what, flag, &error))
}
