//! The node that works takes connections that came to other nodes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sambac_engine::clock::Clock;
use sambac_engine::doorway::Arrival;
use sambac_engine::lease::HeldLease;
use sambac_engine::seal::Seal;
use sambac_store::Store;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::PLACE;
use super::greeting::{Door, Greeting};
use crate::config::Config;
use crate::exit::Failure;
use crate::{master_key, platform};

/// Connections that have not greeted yet, at once.
const STRANGERS_MAX: usize = 512;
/// For a greeting to arrive.
const GREETING_LIMIT: Duration = Duration::from_secs(3);
/// Connections that wait for their door.
const WAITING_MAX: usize = 1_024;
/// How often the lease is looked at by which others find this node.
const LOOK: Duration = Duration::from_secs(1);
/// How long to wait when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What is handed over, for each door.
pub(crate) struct Handed {
    pub(crate) http: mpsc::Receiver<Arrival>,
    pub(crate) smpp: mpsc::Receiver<Arrival>,
    pub(crate) smpp_tls: mpsc::Receiver<Arrival>,
}

/// The other ends.
struct Doors {
    http: mpsc::Sender<Arrival>,
    smpp: mpsc::Sender<Arrival>,
    smpp_tls: mpsc::Sender<Arrival>,
}

/// The place where other nodes hand connections over; it is left when it is dropped.
pub(crate) struct Reception {
    stop: CancellationToken,
    advertising: JoinHandle<()>,
}

impl Reception {
    /// Opens it, where one is configured, and says where it is. What comes by it is `Handed`.
    pub(crate) async fn open(config: &Config) -> Result<Option<(Self, Handed)>, Failure> {
        let Some(listen) = config.cluster.listen else { return Ok(None) };
        let listener = platform::bind(Some(listen), "connections of other nodes", "SAMBAC_CLUSTER_LISTEN")?;
        let place = listener.local_addr().context("a listener has no address")?.to_string();
        let store = platform::open_as_it_is(config).await?;
        let seal = master_key::open(config, &store).await?;
        let stop = CancellationToken::new();
        let handed = receive(listener, seal, stop.clone());
        let time = Duration::from_secs(config.cluster.lease_s.max(1));
        let advertising = tokio::spawn(advertise(store, place, config.node, time, stop.clone()));
        Ok(Some((Self { stop, advertising }, handed)))
    }

    /// Nobody hands anything over any more.
    pub(crate) async fn close(self) {
        self.stop.cancel();
        // It ends by itself otherwise, when its lease is over.
        let _ = self.advertising.await;
    }
}

/// Takes what other nodes hand over at this listener, until `stop`.
fn receive(listener: TcpListener, seal: Seal, stop: CancellationToken) -> Handed {
    let ((http, of_http), (smpp, of_smpp), (smpp_tls, of_tls)) =
        (mpsc::channel(WAITING_MAX), mpsc::channel(WAITING_MAX), mpsc::channel(WAITING_MAX));
    let doors = Arc::new(Doors { http, smpp, smpp_tls });
    tokio::spawn(async move {
        let strangers = Arc::new(Semaphore::new(STRANGERS_MAX));
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            match accepted {
                Ok((stream, _)) => {
                    // Beyond its places a connection is closed: the node behind it tries again.
                    let Ok(place) = Arc::clone(&strangers).try_acquire_owned() else { continue };
                    let (seal, doors) = (seal.clone(), Arc::clone(&doors));
                    tokio::spawn(async move {
                        let greeted = timeout(GREETING_LIMIT, doors.let_in(&seal, stream)).await;
                        drop(place);
                        if greeted.is_err() {
                            tracing::debug!("a connection did not say where it comes from");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "no connection of another node could be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
    Handed { http: of_http, smpp: of_smpp, smpp_tls: of_tls }
}

impl Doors {
    async fn let_in(&self, seal: &Seal, mut stream: TcpStream) {
        let Ok(Some(greeting)) = Greeting::read(seal, &mut stream, Clock::system().now()).await else { return };
        let door = match greeting.door {
            Door::Http => &self.http,
            Door::Smpp => &self.smpp,
            Door::SmppTls => &self.smpp_tls,
        };
        // A door that is closed lets nobody in: the connection is closed.
        let _ = door.send((stream, greeting.peer)).await;
    }
}

/// Says where this node is, until `stop`: as long as it holds a lease of that name.
async fn advertise(store: Store, place: String, node: u8, time: Duration, stop: CancellationToken) {
    let name = format!("{PLACE}{place}");
    let mut held: Option<HeldLease> = None;
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            () = stop.cancelled() => break,
        }
        if held.as_ref().is_none_or(|lease| !lease.is_held()) {
            held = HeldLease::take(&store, &name, node, time).await.unwrap_or_else(|error| {
                tracing::error!(%error, "other nodes were not told where this one is");
                None
            });
        }
    }
    if let Some(held) = held {
        held.release().await;
    }
}
