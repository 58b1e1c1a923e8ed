//! The `run` and `migrate` commands.

use clap::Args;
use serde_json::json;

use crate::config::command::load;
use crate::config::{Config, Flags, LogFormat};
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::platform::{self, Listeners, Platform};
use crate::{signals, telemetry};

/// Run the platform until SIGINT or SIGTERM.
#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    flags: Flags,
}

/// Bring the database's schema up to date and exit. (`run` does so by itself.)
#[derive(Args, Debug)]
pub(crate) struct Migrate {
    #[command(flatten)]
    flags: Flags,
}

impl Run {
    /// Serves; prints where once it is ready.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let config = load(&self.flags)?.config;
        start_logging(&config);
        let stop = signals::stop()?;
        let listeners = Listeners::bind(&config)?;
        let lock = platform::take_folder(&config)?;
        let platform = Platform::start(&config, listeners, lock).await?;
        let addresses = platform.addresses();
        let ready = json!({
            "ready": true, "http": addresses.http, "services": addresses.services, "smpp": addresses.smpp,
            "smpp_tls": addresses.smpp_tls,
        });
        output.print(&ready, || {
            let (http, services, smpp) = (addresses.http, addresses.services, addresses.smpp);
            format!("ready: API http://{http}, services http://{services}, SMPP {smpp}")
        })?;
        let engine = platform.engine().clone();
        let fenced = tokio::select! {
            () = stop => false,
            () = engine.fenced() => true,
        };
        tracing::info!("stopping");
        platform.stop().await;
        tracing::info!("stopped");
        if fenced {
            return Err(Failure::because(Exit::Locked, "another process has taken over the ledger of this database"));
        }
        Ok(())
    }
}

impl Migrate {
    /// Migrates.
    pub(crate) async fn run(self, output: Output) -> Result<(), Failure> {
        let config = load(&self.flags)?.config;
        start_logging(&config);
        platform::open_store(&config).await?.close().await;
        output.print(&json!({"migrated": true}), || "the database is up to date".to_owned())
    }
}

/// Starts logging as configured.
pub(crate) fn start_logging(config: &Config) {
    telemetry::start(&config.log.level, config.log.format == LogFormat::Json);
}
