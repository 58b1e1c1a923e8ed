//! Start and stop of the engine.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use sambac_bus::Bus;
use sambac_domain::id::IdSource;
use sambac_domain::number::NetworkTable;
use sambac_domain::time::Timestamp;
use sambac_store::chain::SHARD_OF_ENGINE;
use sambac_store::rows::{AlertRow, BreakageRow, ConnectorOrderRow};
use sambac_store::{Chain, Configuration, Store, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::Admission;
use crate::alert::{self, AlertKind, Alerts};
use crate::breakage::Breakages;
use crate::clock::Clock;
use crate::commit::{self, Loaded, Money, Write};
use crate::ledger::Ledger;
use crate::live::LiveMessages;
use crate::metrics::Metrics;
use crate::opt_out::OptOuts;
use crate::pdu_log::PduLog;
use crate::rate::SharedLimits;
use crate::receipt_watch::ReceiptWatch;
use crate::request_signature::{Nonces, SPAN_NONCES_MAX};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::tariff::Books;
use crate::work::{self, Role};
use crate::{
    Engine, Inner, catalogue, connector, erasure, events, expire, feed, lease, ledger, mo, notice_keeper, orphan, otp,
    payment, recover, relay, retention, smsc, webhook,
};

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database could not be read.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// The HTTP client for webhooks could not be made.
    #[error("the webhook client: {0}")]
    Webhooks(#[from] webhook::ClientError),
    /// What is needed for Redis could not be read.
    #[error("Redis: {0}")]
    Redis(#[from] sambac_bus::redis::RedisError),
}

impl Engine {
    /// Loads the configuration, settles what a crash left in doubt, and starts connectors, webhooks and timers.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start(settings: Settings, store: Store, clock: Clock) -> Result<Self, StartError> {
        // First of all: whoever had the ledger before writes nothing more that is not read here.
        let chain = take_chain(&settings, &store, clock.now()).await?;
        let epoch = chain.head().epoch;
        let configuration = store.load_configuration().await?;
        let (accounts, wallets) = (configuration.accounts.clone(), wallets(&configuration));
        let (writes, inbox) = mpsc::channel(settings.writes_capacity);
        let begun = Begun::with_ledger(&settings, &store, &clock, configuration, writes).await?;
        let meter = commit::spend::meter(&store.spending_since(clock.now().start_of_month().day()).await?);
        let begun = Begun { ledger: wallets, ..begun };
        let inner = make(settings, store, clock, begun)?;
        inner.committer.spawn(commit::run(Arc::clone(&inner), Money { accounts, meter, chain }, inbox));
        match inner.work.office() {
            Some(office) => {
                recover::recover_receipts(&inner).await?;
                work::apply_snapshot(&inner, office);
                work::adopt(&inner).await?;
                work::start(&inner, office);
            }
            None => recover::recover(&inner).await?,
        }
        start_tasks(&inner, epoch);
        Ok(Self(inner))
    }

    /// Takes the configuration and balances from the database again.
    pub async fn reload(&self) {
        reload(&self.0).await;
    }

    /// Stops: refuses new messages, unbinds, and stores what is known, within `limit`; while the database takes nothing, within twice that.
    pub async fn stop(&self, limit: Duration) {
        self.0.draining.cancel();
        self.0.feeds.ending.cancel();
        self.0.smpp_sessions.unbind_all(limit / 2).await;
        self.0.stopping.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(limit, self.0.tasks.wait()).await.is_err() {
            tracing::warn!("not everything ended in time; the next start settles what is in doubt");
        }
        self.0.work.done();
        self.0.closing.cancel();
        self.0.committer.close();
        if tokio::time::timeout(limit, self.0.committer.wait()).await.is_err() {
            tracing::warn!("the database does not take what is left; nobody was told that it has it");
        }
        self.0.own_store.close().await;
        self.0.store.close().await;
    }
}

/// What an engine begins with.
pub(crate) struct Begun {
    pub(crate) writes: mpsc::Sender<Write>,
    pub(crate) work: Role,
    snapshot: Snapshot,
    networks: Arc<NetworkTable>,
    ledger: Ledger,
    nonces: Nonces,
    webhooks: webhook::Registry,
    orders: Vec<ConnectorOrderRow>,
    alerts: Vec<AlertRow>,
    breakages: Vec<BreakageRow>,
    greatest_id: i64,
}

impl Begun {
    /// As the last process with the ledger has left it, but for the money.
    async fn with_ledger(
        settings: &Settings,
        store: &Store,
        clock: &Clock,
        configuration: Configuration,
        writes: mpsc::Sender<Write>,
    ) -> Result<Self, StoreError> {
        let built_in = Arc::new(NetworkTable::built_in());
        let networks = catalogue::laid_over(&built_in, &configuration);
        let books = Books::load(store, &configuration, clock.now(), &Books::default()).await?;
        let mut snapshot = Snapshot::build(configuration, networks, books, &settings.seal);
        snapshot.platform_floor = settings.margin_floor;
        snapshot.opt_outs = Arc::new(OptOuts::restored(&settings.seal, store).await?);
        Ok(Self {
            writes,
            work: Role::of_ledger(settings.work.as_ref()),
            snapshot,
            networks: built_in,
            ledger: Ledger::default(),
            nonces: nonces(store, clock.now()).await?,
            webhooks: webhook::Registry::restored(store.webhook_failures().await?),
            orders: store.connector_orders().await?,
            alerts: store.alerts().await?,
            breakages: store.breakages().await?,
            greatest_id: store.greatest_id().await?,
        })
    }

    /// For a process that has nothing to do with messages and money but to carry them: it needs no prices.
    ///
    /// # Errors
    /// What the database said.
    pub(crate) async fn without_ledger(
        settings: &Settings,
        store: &Store,
        clock: &Clock,
        writes: mpsc::Sender<Write>,
        work: Role,
    ) -> Result<Self, StoreError> {
        let configuration = store.load_configuration().await?;
        let built_in = Arc::new(NetworkTable::built_in());
        let networks = catalogue::laid_over(&built_in, &configuration);
        Ok(Self {
            writes,
            work,
            snapshot: Snapshot::build(configuration, networks, Books::default(), &settings.seal),
            networks: built_in,
            ledger: Ledger::default(),
            nonces: Nonces::restored(&[], clock.now().as_secs()),
            webhooks: webhook::Registry::default(),
            orders: store.connector_orders().await?,
            alerts: Vec::new(),
            breakages: Vec::new(),
            greatest_id: 0,
        })
    }
}

/// What all tasks of a process share.
///
/// # Errors
/// [`StartError`], of what is reached over the network.
pub(crate) fn make(settings: Settings, store: Store, clock: Clock, begun: Begun) -> Result<Arc<Inner>, StartError> {
    let metrics = Metrics::new();
    Ok(Arc::new(Inner {
        webhooks: begun.webhooks,
        connectors: connector::Registry::restored(begun.orders),
        pdu_log: PduLog::new(settings.pdu_log, clock.clone()),
        alerts: Alerts::restored(clock.clone(), begun.alerts),
        breakages: Breakages::restored(begun.breakages),
        ids: IdSource::new(settings.node, begun.greatest_id),
        own_store: store.apart(),
        store,
        clock,
        bus: Bus::new(settings.lane_capacity),
        snapshot: ArcSwap::from_pointee(begun.snapshot),
        networks: begun.networks,
        ledger: Mutex::new(begun.ledger),
        live: LiveMessages::new(settings.live_capacity),
        shared_limits: SharedLimits::of(&settings, &metrics)?,
        metrics,
        admission: Admission::new(settings.writes_capacity),
        writes: begun.writes,
        work: begun.work,
        store_away: AtomicBool::new(false),
        fenced: ledger::Fenced::default(),
        smpp_sessions: smsc::Sessions::default(),
        overdue: crate::overdue::OverdueList::default(),
        webhook_client: webhook::Client::new(&settings.webhook_private_ranges, &settings.webhook_ports)?,
        feeds: feed::Feeds::default(),
        payments: payment::Payments::new(&settings.payments)?,
        solvency: crate::solvency::Watch::default(),
        starving: AtomicUsize::new(0),
        verified_binds: smsc::VerifiedBinds::default(),
        joined: crate::joined::JoinedParts::default(),
        destinations: crate::rate::Destinations::new(tokio::time::Instant::now()),
        refusals: crate::audit::Refusals::default(),
        admin_changes: tokio::sync::Mutex::new(()),
        erasure_asked: tokio::sync::Notify::new(),
        batches: crate::batch::Batches::default(),
        handset_given_up: tokio::sync::Notify::new(),
        signing: crate::signing::Signing::default(),
        callers: crate::caller::Callers::new(begun.nonces)?,
        otp: otp::OtpShared::new(&settings.seal),
        smpp_door: smsc::Door::new(&settings),
        strikes: smsc::Strikes::default(),
        certifications: connector::certify::Certifications::default(),
        receipt_watch: ReceiptWatch::default(),
        account_changes: tokio::sync::Mutex::new(()),
        idempotency_claims: Mutex::new(HashSet::new()),
        draining: CancellationToken::new(),
        stopping: CancellationToken::new(),
        tasks: TaskTracker::new(),
        closing: CancellationToken::new(),
        committer: TaskTracker::new(),
        settings,
    }))
}

/// Takes the ledger over from whoever had it before. Payments from before they were sealed are counted once.
async fn take_chain(settings: &Settings, store: &Store, now: Timestamp) -> Result<Chain, StoreError> {
    let key = settings.seal.chain_key();
    store.note_unsealed_payments(key.clone(), now).await?;
    store.take_chain(SHARD_OF_ENGINE, key, &ledger::holder(settings.node), now).await
}

/// Nonces that have come to another process, or before.
async fn nonces(store: &Store, now: Timestamp) -> Result<Nonces, StoreError> {
    let most = u32::try_from(SPAN_NONCES_MAX).unwrap_or(u32::MAX);
    Ok(Nonces::restored(&store.request_nonces(now, most).await?, now.as_secs()))
}

fn wallets(configuration: &Configuration) -> Ledger {
    let mut wallets = Ledger::default();
    wallets.load(&configuration.accounts, &configuration.balances);
    wallets
}

fn start_tasks(inner: &Arc<Inner>, epoch: i64) {
    inner.breakages.tell(&inner.alerts);
    inner.tasks.spawn(ledger::watch_files(Arc::clone(inner)));
    if let Some(lease) = inner.settings.lease.clone() {
        inner.tasks.spawn(lease::run(Arc::clone(inner), lease));
    }
    inner.tasks.spawn(alert::run(Arc::clone(inner)));
    inner.tasks.spawn(crate::clock::watch(Arc::clone(inner)));
    // A listener is not begun with files that cannot be used.
    inner.alerts.clear_kind(AlertKind::SmppCertificate, "the process began anew");
    inner.alerts.clear_kind(AlertKind::LedgerFenced, "this process has the ledger");
    inner.tasks.spawn(connector::away::run(Arc::clone(inner)));
    inner.tasks.spawn(relay::run_due(Arc::clone(inner)));
    inner.tasks.spawn(expire::run(Arc::clone(inner)));
    inner.tasks.spawn(mo::run(Arc::clone(inner)));
    inner.tasks.spawn(orphan::run(Arc::clone(inner)));
    inner.tasks.spawn(otp::run(Arc::clone(inner)));
    inner.tasks.spawn(otp::remember(Arc::clone(inner)));
    inner.tasks.spawn(crate::batch::run(Arc::clone(inner)));
    inner.tasks.spawn(crate::opt_out::run(Arc::clone(inner)));
    inner.tasks.spawn(notice_keeper::run(Arc::clone(inner)));
    inner.tasks.spawn(feed::run(Arc::clone(inner)));
    inner.tasks.spawn(webhook::run_keeper(Arc::clone(inner)));
    inner.tasks.spawn(ledger::run_due(Arc::clone(inner)));
    inner.tasks.spawn(payment::run_janitor(Arc::clone(inner)));
    inner.tasks.spawn(ledger::run_auditor(Arc::clone(inner)));
    inner.tasks.spawn(erasure::run(Arc::clone(inner)));
    inner.tasks.spawn(retention::run(Arc::clone(inner)));
    inner.tasks.spawn(retention::make_days(Arc::clone(inner)));
    inner.tasks.spawn(crate::reconcile::run_nightly(Arc::clone(inner)));
    inner.tasks.spawn(crate::solvency::run(Arc::clone(inner)));
    inner.tasks.spawn(crate::keyring::run_uses(Arc::clone(inner)));
    inner.tasks.spawn(crate::audit::run(Arc::clone(inner)));
    inner.tasks.spawn(crate::rate::keeper::run(Arc::clone(inner)));
    match inner.settings.events.clone() {
        Some(settings) => drop(inner.tasks.spawn(events::run(Arc::clone(inner), settings))),
        None => inner.alerts.clear_kind(AlertKind::EventsUnsent, "nobody is to be told of events"),
    }
    inner.tasks.spawn(watch_configuration(Arc::clone(inner)));
    apply_snapshot(inner);
    inner.tasks.spawn(crate::uncertain::run(Arc::clone(inner)));
    inner.tasks.spawn(ledger::watch_shard(Arc::clone(inner), epoch));
}

async fn reload(inner: &Arc<Inner>) {
    let configuration = match inner.store.load_configuration().await {
        Ok(configuration) => configuration,
        Err(error) => return tracing::error!(%error, "configuration not reloaded"),
    };
    let before = inner.snapshot.load_full();
    let books = match Books::load(&inner.store, &configuration, inner.clock.now(), &before.books).await {
        Ok(books) => books,
        Err(error) => return tracing::error!(%error, "prices not reloaded"),
    };
    let accounts = configuration.accounts.clone();
    let networks = catalogue::laid_over(&inner.networks, &configuration);
    let mut snapshot = Snapshot::build(configuration, networks, books, &inner.settings.seal);
    snapshot.platform_floor = inner.settings.margin_floor;
    snapshot.keep_limits(&before);
    snapshot.opt_outs = Arc::clone(&before.opt_outs);
    let loaded = Loaded { snapshot: Arc::new(snapshot), accounts };
    let (done, wait) = oneshot::channel();
    if inner.write(Write::Reload { loaded: Some(loaded), done }).await {
        // The group commit always answers, or has ended.
        let _ = wait.await;
        apply_snapshot(inner);
    }
}

/// Makes what runs agree with the configuration.
fn apply_snapshot(inner: &Arc<Inner>) {
    connector::apply_snapshot(inner);
    match &inner.work {
        Role::Alone => webhook::apply_snapshot(inner),
        Role::Ledger(office) => {
            work::apply_snapshot(inner, office);
            webhook::apply_snapshot(inner);
        }
        Role::Binds(_) => {}
    }
}

/// Notices changes that another process made.
pub(crate) async fn watch_configuration(inner: Arc<Inner>) {
    let mut interval = tokio::time::interval(inner.settings.reload_interval);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = inner.stopping.cancelled() => return,
        }
        match inner.store.configuration_version().await {
            Ok(version) => {
                let snapshot = inner.snapshot.load_full();
                if version != snapshot.version || snapshot.books.is_incomplete_at(inner.clock.now()) {
                    reload(&inner).await;
                }
            }
            Err(error) => tracing::error!(%error, "the configuration's version was not read"),
        }
    }
}
