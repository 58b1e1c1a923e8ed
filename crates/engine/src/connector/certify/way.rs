//! How the SMSC is reached: by an address and a password, or as a connector's settings say.

use std::time::Duration;

use sambac_smpp::{BindError, BindKind, BindRequest, CommandStatus, SessionConfig, bind};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::peer::Peer;
use crate::connector::dial::{DialError, Plan, Steps};
use crate::connector::hosts::Target;

/// A bind over plain TCP, with nothing set but who binds.
#[derive(Debug)]
pub struct DirectBind {
    /// `host:port`.
    pub address: String,
    /// Who binds.
    pub system_id: String,
    /// With which password.
    pub password: SecretString,
}

/// One of the two.
pub(super) enum Way {
    Direct(DirectBind),
    /// With the connector's own settings and credentials, to its hosts in order.
    Connector(Box<Plan>, Vec<Target>),
}

/// A bind that was taken.
pub(super) struct Bound {
    pub(super) peer: Peer,
    pub(super) host: String,
    pub(super) version: Option<u8>,
    pub(super) took: Duration,
}

/// Why one was not.
pub(super) struct NotBound {
    pub(super) why: String,
    /// Trying on with these credentials may lock us out.
    pub(super) is_refused: bool,
}

impl Way {
    /// Connects and binds.
    pub(super) async fn bind(&self, kind: BindKind, window: u16, limit: Duration) -> Result<Bound, NotBound> {
        match self {
            Self::Direct(direct) => direct.bind(kind, window, limit).await,
            Self::Connector(plan, targets) => {
                let mut last = NotBound { why: "the connector has no host".to_owned(), is_refused: false };
                for target in targets {
                    match by_plan(plan, target, kind).await {
                        Ok(bound) => return Ok(bound),
                        Err(error) if error.is_refused => return Err(error),
                        Err(error) => last = error,
                    }
                }
                Err(last)
            }
        }
    }
}

impl DirectBind {
    async fn bind(&self, kind: BindKind, window: u16, limit: Duration) -> Result<Bound, NotBound> {
        let link = |why: String| NotBound { why, is_refused: false };
        let connecting = timeout(limit, TcpStream::connect(&self.address)).await;
        let stream = connecting.map_err(|_| link(format!("no connection within {limit:?}")))?;
        let stream = stream.map_err(|error| link(format!("cannot connect: {error}")))?;
        // Not worth a word when it cannot be had.
        let _ = stream.set_nodelay(true);
        let config = SessionConfig { window, bind_timeout: limit, ..SessionConfig::default() };
        let request = BindRequest::new(kind, self.system_id.as_str(), self.password.expose_secret());
        let begun = Instant::now();
        let bound = bind(stream, &request, config).await;
        let (session, events, reply) =
            bound.map_err(|error| NotBound { why: error.to_string(), is_refused: is_refused(&error) })?;
        let (host, version) = (self.address.clone(), reply.interface_version);
        Ok(Bound { peer: Peer::new(session, events), host, version, took: begun.elapsed() })
    }
}

async fn by_plan(plan: &Plan, target: &Target, kind: BindKind) -> Result<Bound, NotBound> {
    let mut steps = Steps::default();
    let begun = Instant::now();
    match plan.dial(target, kind, &mut steps).await {
        Ok(dialled) => {
            let (host, version) = (target.to_string(), dialled.reply.interface_version);
            Ok(Bound { peer: Peer::new(dialled.session, dialled.events), host, version, took: begun.elapsed() })
        }
        Err(error) => {
            let is_refused = matches!(&error, DialError::Bind(why) if is_refused(why));
            Err(NotBound { why: error.to_string(), is_refused })
        }
    }
}

fn is_refused(error: &BindError) -> bool {
    matches!(error, BindError::Refused(CommandStatus::RINVPASWD | CommandStatus::RINVSYSID))
}
