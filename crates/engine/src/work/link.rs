//! The link to the broker, which comes again whenever it is lost.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sambac_bus::amqp::{BrokerError, BrokerUrl};
use sambac_bus::work::{WorkBroker, WorkQueues};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::WorkSettings;
use crate::Inner;
use crate::alert::AlertKind;

/// Pauses while the broker is away.
const RETRY_MIN: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(3);
/// How often a link that is up is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How long a broker that does not say that it is short may take to take something.
const TAKES_WITHIN: Duration = Duration::from_secs(20);
/// After how long an alert tells that nothing is carried.
const ALERT_AFTER: Duration = Duration::from_secs(10);
/// Whom the alert is of.
const SUBJECT: &str = "work";

/// The link as it is now: up with a broker, or down.
pub(crate) struct BrokerLink {
    settings: WorkSettings,
    /// As the broker's own pages show it.
    name: &'static str,
    /// Nobody carries anything by it any more.
    done: CancellationToken,
    now: watch::Sender<Option<Arc<WorkBroker>>>,
    /// How often it came up.
    number: AtomicU64,
}

impl BrokerLink {
    pub(super) fn new(settings: WorkSettings, name: &'static str) -> Arc<Self> {
        Arc::new(Self {
            settings,
            name,
            done: CancellationToken::new(),
            now: watch::Sender::new(None),
            number: AtomicU64::new(0),
        })
    }

    /// The last word has gone: it ends.
    pub(super) fn done(&self) {
        self.done.cancel();
    }

    /// The names of the queues.
    pub(super) const fn queues(&self) -> &WorkQueues {
        &self.settings.queues
    }

    /// Waits until it is up.
    pub(super) async fn up(&self) -> Arc<WorkBroker> {
        let mut now = self.now.subscribe();
        loop {
            if let Some(broker) = now.borrow_and_update().clone() {
                return broker;
            }
            // The sender lives as long as we do.
            let _ = now.changed().await;
        }
    }

    /// Which one it is: what comes by one of them comes in its order.
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// The broker, if it is up.
    pub(super) fn now(&self) -> Option<Arc<WorkBroker>> {
        self.now.borrow().clone()
    }

    /// Whether it is up.
    pub(super) fn is_up(&self) -> bool {
        self.now.borrow().is_some()
    }

    /// Waits until it is another than this one, or down: then nothing more comes or goes by this one.
    pub(super) async fn lost(&self, broker: &Arc<WorkBroker>) -> BrokerError {
        let is_other = |now: &Option<Arc<WorkBroker>>| now.as_ref().is_none_or(|now| !Arc::ptr_eq(now, broker));
        // The sender lives as long as we do.
        let _ = self.now.subscribe().wait_for(is_other).await;
        BrokerError::Broker("the link was lost".to_owned())
    }

    /// Something has failed by this one: everybody lets it go.
    pub(super) fn failed(&self, broker: &Arc<WorkBroker>, error: &BrokerError) {
        let is_this = |now: &mut Option<Arc<WorkBroker>>| {
            let is_this = now.as_ref().is_some_and(|now| Arc::ptr_eq(now, broker));
            if is_this {
                *now = None;
            }
            is_this
        };
        if self.now.send_if_modified(is_this) {
            tracing::warn!(%error, "the link to the broker is given up");
        }
    }

    async fn connect(&self, url: &BrokerUrl) -> Result<Arc<WorkBroker>, BrokerError> {
        let broker = WorkBroker::connect(url, self.settings.queues.clone(), self.name).await?;
        // What is dead has a place to go to before anything can die.
        broker.declare(&self.queues().dead()).await?;
        broker.declare(&self.queues().results()).await?;
        Ok(Arc::new(broker))
    }
}

/// Connects again and again until nobody carries anything by it, and tells of a broker that carries nothing.
pub(super) async fn run(inner: Arc<Inner>, link: Arc<BrokerLink>) {
    let (mut pause, mut trouble) = (RETRY_MIN, Trouble::default());
    // Nodes begin at different ones.
    let urls =
        link.settings.urls.iter().cycle().skip(usize::from(inner.settings.node) % link.settings.urls.len().max(1));
    for url in urls {
        let connected = tokio::select! {
            connected = link.connect(url) => connected,
            () = link.done.cancelled() => return,
        };
        let served = match connected {
            Ok(broker) => {
                let served = serve(&inner, &link, (url, &broker), &mut trouble).await;
                broker.close().await;
                served
            }
            Err(error) => Err(error),
        };
        match served {
            Ok(()) => pause = RETRY_MIN,
            Err(error) => trouble.is(&inner, url, &error),
        }
        if link.done.is_cancelled() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = link.done.cancelled() => return,
        }
        pause = RETRY_MAX.min(pause.saturating_mul(2));
    }
}

/// Has everybody work by this broker until it is lost. One that is short of memory or of room says nothing of it to those who have just come: nobody works by
/// it before it has taken something.
async fn serve(
    inner: &Inner,
    link: &BrokerLink,
    (url, broker): (&BrokerUrl, &Arc<WorkBroker>),
    trouble: &mut Trouble,
) -> Result<(), BrokerError> {
    let (mut word, mut look, since) = (pin!(broker.knock()), tokio::time::interval(LOOK), Instant::now());
    loop {
        tokio::select! {
            word = &mut word => break word?,
            _ = look.tick() => {}
            () = link.done.cancelled() => return Ok(()),
        }
        if broker.is_blocked() && broker.is_up() {
            trouble.is(inner, url, &short());
        } else if since.elapsed() >= TAKES_WITHIN {
            return Err(BrokerError::Timeout);
        }
    }
    link.number.fetch_add(1, Ordering::AcqRel);
    link.now.send_replace(Some(Arc::clone(broker)));
    watch(inner, link, (url, broker), trouble).await;
    Ok(())
}

/// What a broker says of itself.
fn short() -> BrokerError {
    BrokerError::Broker("it is short of memory or of disk, and takes nothing".to_owned())
}

/// Looks at a link until it is lost, or nobody carries anything by it.
async fn watch(inner: &Inner, link: &BrokerLink, (url, broker): (&BrokerUrl, &Arc<WorkBroker>), trouble: &mut Trouble) {
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            _ = link.lost(broker) => return,
            () = link.done.cancelled() => return,
        }
        if !broker.is_up() {
            return link.failed(broker, &BrokerError::Broker("the connection ended".to_owned()));
        }
        if broker.is_blocked() {
            trouble.is(inner, url, &short());
        } else {
            trouble.is_over(inner);
        }
    }
}

/// Since when nothing is carried.
#[derive(Default)]
struct Trouble(Option<Instant>);

impl Trouble {
    fn is(&mut self, inner: &Inner, url: &BrokerUrl, error: &BrokerError) {
        let text = format!("{url}: {error}");
        let since = *self.0.get_or_insert_with(|| {
            tracing::warn!(broker = text.as_str(), "no work is carried to or from other nodes");
            Instant::now()
        });
        if since.elapsed() >= ALERT_AFTER {
            inner.alerts.holds(AlertKind::WorkBroker, SUBJECT, &text);
        }
    }

    fn is_over(&mut self, inner: &Inner) {
        if self.0.take().is_some() {
            tracing::info!("work is carried again");
        }
        inner.alerts.clear(AlertKind::WorkBroker, SUBJECT, "work is carried again");
    }
}
