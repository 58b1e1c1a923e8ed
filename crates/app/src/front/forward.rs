//! A node that waits, or that does nothing else, hands clients' connections to the node that works.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use sambac_api::{Limits, serve};
use sambac_engine::clock::Clock;
use sambac_engine::seal::Seal;
use sambac_store::Store;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::PLACE;
use super::greeting::{Door, Greeting};
use crate::config::Config;
use crate::exit::Failure;
use crate::output::Output;
use crate::platform::Doors;
use crate::{master_key, platform, standby};

/// Connections that are handed over at once.
const CONNECTIONS_MAX: usize = 8_192;
/// How often it is asked where the node is that works.
const ASK: Duration = Duration::from_millis(250);
/// How long a client waits until a node works: longer than it takes one to hand over in good order.
const WAIT: Duration = Duration::from_secs(6);
/// For that node to take a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// For a client to ask, and to take the answer that nobody is there.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How long to wait when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What a client of the API is told while nobody works.
const NOBODY: &str = "{\"type\":\"about:blank\",\"title\":\"Service unavailable\",\"status\":503,\"code\":\"service_unavailable\",\
                      \"detail\":\"no node works at this moment: try again in a few seconds\"}";

/// Public doors of a node whose visitors are another node's.
pub(crate) struct Front {
    doors: Doors,
    seal: Seal,
    /// Where the node is that works: nearly always one place.
    places: watch::Receiver<Vec<String>>,
    slots: Arc<Semaphore>,
}

impl Front {
    /// Opens the doors.
    pub(crate) async fn open(config: &Config) -> Result<Self, Failure> {
        let doors = Doors::open(config)?;
        let store = standby::prepared(config).await?;
        let seal = master_key::open(config, &store).await?;
        let (tell, places) = watch::channel(Vec::new());
        tokio::spawn(find(store, tell));
        let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Ok(Self { doors, seal, places, slots })
    }

    /// Where the public API and clients' SMPP are.
    pub(crate) fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.doors.http.local_addr()?, self.doors.smpp.local_addr()?))
    }

    /// Where the node is that works.
    pub(crate) fn places(&self) -> watch::Receiver<Vec<String>> {
        self.places.clone()
    }

    /// Hands connections over until it is dropped; those that are handed over go on.
    pub(crate) async fn forward(&self) {
        loop {
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return };
            match self.next().await {
                Ok(visitor) => {
                    let (seal, places) = (self.seal.clone(), self.places.clone());
                    tokio::spawn(hand_over(seal, places, visitor, slot));
                }
                Err(error) => {
                    tracing::warn!(%error, "no connection could be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn next(&self) -> io::Result<(Door, TcpStream, SocketAddr)> {
        let tls = async {
            match &self.doors.smpp_tls {
                Some((listener, _)) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        let (door, (stream, peer)) = tokio::select! {
            accepted = self.doors.http.accept() => (Door::Http, accepted?),
            accepted = self.doors.smpp.accept() => (Door::Smpp, accepted?),
            accepted = tls => (Door::SmppTls, accepted?),
        };
        Ok((door, stream, peer))
    }

    /// The doors, for this node's own visitors from now on.
    pub(crate) fn into_doors(self) -> Doors {
        self.doors
    }
}

/// Keeps asking the database where the node is that works, for as long as somebody wants to know.
async fn find(store: Store, tell: watch::Sender<Vec<String>>) {
    loop {
        match store.leases_held(PLACE).await {
            Ok(mut held) => {
                // Who came last first: the one before may be gone without having said so.
                held.sort_by_key(|row| std::cmp::Reverse(row.expires_at));
                let places: Vec<_> =
                    held.iter().filter_map(|row| row.name.strip_prefix(PLACE)).map(str::to_owned).collect();
                tell.send_if_modified(|before| {
                    let is_news = *before != places;
                    if is_news {
                        *before = places;
                    }
                    is_news
                });
            }
            Err(error) => tracing::error!(%error, "it was not read where the node is that works"),
        }
        if timeout(ASK, tell.closed()).await.is_ok() {
            return;
        }
    }
}

async fn hand_over(
    seal: Seal,
    places: watch::Receiver<Vec<String>>,
    (door, mut stream, peer): (Door, TcpStream, SocketAddr),
    _slot: OwnedSemaphorePermit,
) {
    if let Ok(mut there) = timeout(WAIT, reach(&seal, places, (door, peer))).await {
        // Either end may go at any time.
        let _ = stream.set_nodelay(true);
        let _ = copy_bidirectional(&mut stream, &mut there).await;
    } else if door == Door::Http {
        // In time or not, it ends here.
        let _ = timeout(ANSWER_LIMIT, answer_for_nobody(stream)).await;
    }
}

/// Tries until a node that works takes the connection.
async fn reach(seal: &Seal, places: watch::Receiver<Vec<String>>, (door, peer): (Door, SocketAddr)) -> TcpStream {
    loop {
        let known = places.borrow().clone();
        for place in &known {
            let greeting = Greeting { door, peer, at: Clock::system().now() };
            let connected = timeout(CONNECT_LIMIT, async {
                let mut there = TcpStream::connect(place).await?;
                there.set_nodelay(true)?;
                greeting.write(seal, &mut there).await?;
                Ok::<_, io::Error>(there)
            });
            if let Ok(Ok(there)) = connected.await {
                return there;
            }
        }
        tokio::time::sleep(ASK).await;
    }
}

/// Answers the first request of a client that nobody can be found for, once it has begun.
async fn answer_for_nobody(mut stream: TcpStream) -> io::Result<()> {
    let mut octets = [0; 4_096];
    if stream.read(&mut octets).await? == 0 {
        return Ok(());
    }
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         retry-after: 2\r\nconnection: close\r\n\r\n{NOBODY}",
        NOBODY.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // A connection that is closed with octets unread loses its answer.
    while stream.read(&mut octets).await? > 0 {}
    Ok(())
}

/// A node that has doors and nothing else: serves until `stop` resolves.
pub(crate) async fn run_alone(config: &Config, output: &Output, stop: impl Future<Output = ()>) -> Result<(), Failure> {
    let front = Front::open(config).await?;
    let listener = platform::bind(config.services.listen, "health and metrics", "--services-listen")?;
    let (http, smpp) = front.addresses().context("a listener has no address")?;
    let services = listener.local_addr().context("a listener has no address")?;
    let (end, limits) = (CancellationToken::new(), Limits::default());
    let server = tokio::spawn(serve(listener, sambac_api::front(front.places(), limits), limits, end.clone()));
    let line = json!({ "ready": true, "roles": ["api", "smsc"], "http": http, "smpp": smpp, "services": services });
    output.print(&line, || format!("ready: API http://{http}, SMPP {smpp}, for the node that works"))?;
    tokio::select! {
        () = front.forward() => {}
        () = stop => {}
    }
    end.cancel();
    // It ends with the process in any case.
    let _ = server.await;
    Ok(())
}
