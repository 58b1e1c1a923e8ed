//! Load over SMPP: an ESME with some binds that submits at a pace and counts what comes back.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sambac_smpp::{BindKind, BindRequest, Events, Session, SessionConfig, bind};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::esme_bind::Bind;
use super::latency::Latencies;
use super::messages::Messages;
use super::pace::Pace;

/// How an ESME binds.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) address: SocketAddr,
    pub(crate) system_id: String,
    pub(crate) password: String,
}

/// A load that runs.
pub(crate) struct EsmeLoad {
    pub(crate) messages: Arc<Messages>,
    binds: JoinSet<anyhow::Result<Figures>>,
    stop_sending: CancellationToken,
    end: CancellationToken,
}

/// What the binds of a load measured.
pub(crate) struct Figures {
    /// From offer to `submit_sm_resp`.
    pub(crate) accept: Latencies,
    /// From offer to the receipt.
    pub(crate) receipt: Latencies,
    /// Refusals by command_status.
    pub(crate) refusals: BTreeMap<String, u64>,
    /// Why binds ended before they were told to.
    pub(crate) broken: Vec<String>,
}

/// What every bind of a load knows.
#[derive(Clone)]
pub(crate) struct Orders {
    pub(crate) messages: Arc<Messages>,
    pub(crate) pace: Pace,
    pub(crate) stop_sending: CancellationToken,
    pub(crate) end: CancellationToken,
}

impl EsmeLoad {
    /// Binds, and begins to submit. The load's clock is that of `messages`.
    pub(crate) async fn start(
        credentials: &Credentials,
        (binds, window): (u16, u16),
        messages: Arc<Messages>,
        pace: Pace,
    ) -> anyhow::Result<Self> {
        let orders = Orders {
            messages: Arc::clone(&messages),
            pace,
            stop_sending: CancellationToken::new(),
            end: CancellationToken::new(),
        };
        let mut sessions = Vec::new();
        for _ in 0..binds {
            sessions.push(open(credentials, window).await?);
        }
        let mut tasks = JoinSet::new();
        for (session, events) in sessions {
            tasks.spawn(Bind::new(session, orders.clone())?.run(events));
        }
        Ok(Self { messages, binds: tasks, stop_sending: orders.stop_sending, end: orders.end })
    }

    /// Offers nothing more; answers and receipts are still taken.
    pub(crate) fn stop_sending(&self) {
        self.stop_sending.cancel();
    }

    /// Unbinds and gives the figures of all binds.
    pub(crate) async fn finish(mut self) -> anyhow::Result<Figures> {
        self.stop_sending.cancel();
        self.end.cancel();
        let mut sum = Figures::new()?;
        while let Some(figures) = self.binds.join_next().await {
            sum.add(figures??);
        }
        Ok(sum)
    }
}

impl Figures {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            accept: Latencies::new()?,
            receipt: Latencies::new()?,
            refusals: BTreeMap::new(),
            broken: Vec::new(),
        })
    }

    /// Adds all of `other`.
    pub(crate) fn add(&mut self, other: Self) {
        self.accept.add(&other.accept);
        self.receipt.add(&other.receipt);
        for (status, count) in other.refusals {
            *self.refusals.entry(status).or_default() += count;
        }
        self.broken.extend(other.broken);
    }
}

async fn open(credentials: &Credentials, window: u16) -> anyhow::Result<(Session, Events)> {
    let stream = TcpStream::connect(credentials.address).await.context("the platform's SMPP port")?;
    stream.set_nodelay(true)?;
    let request =
        BindRequest::new(BindKind::Transceiver, credentials.system_id.as_bytes(), credentials.password.as_bytes());
    let config = SessionConfig {
        window,
        events_capacity: 4_096,
        response_timeout: Duration::from_secs(60),
        ..SessionConfig::default()
    };
    let (session, events, _) = bind(stream, &request, config).await.context("the bind to the platform")?;
    Ok((session, events))
}
