//! The `run` and `migrate` commands.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use sambac_engine::work::node::BindsNode;
use sambac_engine::{Engine, Lost};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::config::command::load;
use crate::config::{Config, Flags, LogFormat, Role};
use crate::exit::{Exit, Failure};
use crate::front::{self, Front, Reception};
use crate::output::Output;
use crate::platform::{self, Listeners, Platform};
use crate::{binds, signals, standby, telemetry};

/// How long a process takes leave that may not write any more: operators are unbound within that.
const FENCED_STOP: Duration = Duration::from_secs(6);

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
        tokio::pin!(stop);
        let binds = binds::start(&config).await?;
        if !config.does(Role::Worker) {
            return without_ledger(&config, binds.as_ref(), &output, stop).await;
        }
        let binds_stop = Duration::from_secs(config.limits.stop_timeout_s);
        let front = match config.cluster.listen {
            Some(_) => Some(Front::open(&config).await?),
            None => None,
        };
        let lease = tokio::select! {
            lease = standby::until_leased(&config, front.as_ref(), &output) => lease?,
            () = hand_over(front.as_ref()) => None,
            () = &mut stop => {
                stop_binds(binds.as_ref(), binds_stop).await;
                return Ok(());
            }
        };
        let listeners = match front.map(Front::into_doors) {
            Some(doors) => Listeners::behind(doors, &config)?,
            None => Listeners::bind(&config)?,
        };
        let (reception, handed) = Reception::open(&config).await?.unzip();
        let listeners = listeners.taking(handed);
        let lock = platform::take_folder(&config)?;
        let platform = Platform::start(&config, listeners, lock, lease.clone()).await?;
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
        tell_first_invitation(&engine).await?;
        let fenced = tokio::select! {
            () = &mut stop => None,
            lost = engine.fenced() => Some(lost),
        };
        tracing::info!("stopping");
        if let Some(reception) = reception {
            reception.close().await;
        }
        if let Some(lost) = fenced {
            // What it still has to store is refused, if the database answers at all.
            let both = async { tokio::join!(platform.stop(), stop_binds(binds.as_ref(), binds_stop)) };
            let _ = tokio::time::timeout(FENCED_STOP, both).await;
            return Err(failure(lost));
        }
        tokio::join!(platform.stop(), stop_binds(binds.as_ref(), binds_stop));
        tracing::info!("stopped");
        if let Some(lease) = lease {
            lease.release().await;
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

fn failure(lost: Lost) -> Failure {
    match lost {
        Lost::Ledger => Failure::because(
            Exit::Locked,
            "this process may not write the ledger of this database any more: another has taken it over, or its lease is over",
        ),
        Lost::Files(why) => Failure::because(
            Exit::Damaged,
            format!(
                "{why}: nothing was acknowledged that may not be there; the next start looks through the files first"
            ),
        ),
    }
}

/// Serves without ever having the ledger: by operators' binds, or by doors.
async fn without_ledger(
    config: &Config,
    binds: Option<&BindsNode>,
    output: &Output,
    stop: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let limit = Duration::from_secs(config.limits.stop_timeout_s);
    let has_doors = config.does(Role::Api) || config.does(Role::Smsc);
    match binds {
        Some(node) if !has_doors => binds::run_alone(config, node, output, stop).await,
        _ => {
            let served = front::run_alone(config, output, stop).await;
            stop_binds(binds, limit).await;
            served
        }
    }
}

/// Hands clients' connections to the node that works, as long as another one does.
async fn hand_over(front: Option<&Front>) {
    match front {
        Some(front) => front.forward().await,
        None => std::future::pending().await,
    }
}

/// Hands over what this process has of operators' binds, if it is one that has.
async fn stop_binds(binds: Option<&BindsNode>, limit: Duration) {
    if let Some(binds) = binds {
        binds.stop(limit).await;
    }
}

/// While the platform has no user, says by which token its first administrator is made: there is no default account. It goes to
/// standard error, once, and into no log.
async fn tell_first_invitation(engine: &Engine) -> Result<(), Failure> {
    let Some(token) = engine.first_invitation().await.context("no token for the first administrator could be made")?
    else {
        return Ok(());
    };
    let text = format!(
        "the platform has no user yet: make the first administrator within 24 hours by POST /v1/invitations/redeem, or\n  \
         sambac user redeem --login LOGIN\nwith this token, which is shown only now:\n  {}\n",
        token.expose_secret()
    );
    // A closed standard error is no reason not to run.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
    Ok(())
}

/// Starts logging as configured.
pub(crate) fn start_logging(config: &Config) {
    telemetry::start(&config.log.level, config.log.format == LogFormat::Json);
}
