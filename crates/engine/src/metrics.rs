//! What the engine counts. Handles are kept, so that counting costs an atomic addition and no look-up.

mod rate;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use sambac_domain::error::ErrorCode;
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use sambac_store::Batch;
use sambac_store::rows::OutboxKind;

use crate::Inner;
use crate::alert::AlertKind;
use crate::connector::FlowStatus;
pub(crate) use rate::RateMetrics;

/// One label with a value out of a small, known set.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct Label {
    name: String,
}

/// All metrics of the engine.
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    accepted: Counter,
    refused: Family<Label, Counter>,
    submitted: Counter,
    operator_refused: Counter,
    unknown: Counter,
    finished: Family<Label, Counter>,
    orphans: Counter,
    not_asked: Counter,
    handsets: Family<Label, Counter>,
    handsets_unrouted: Gauge,
    webhooks: Family<Label, Counter>,
    notices_given_up: Family<Label, Counter>,
    binds_refused: Counter,
    connections_refused: Counter,
    commits: Counter,
    commits_failed: Counter,
    invariants_broken: Counter,
    ledger_breaches: Gauge,
    ledger_audits: Counter,
    reconcile_runs: Counter,
    reconcile_breaks: Gauge,
    events: Family<Label, Counter>,
    events_lag: Gauge,
    charges_corrected: Family<Label, Counter>,
    charges_below_limit: Counter,
    commit_seconds: Histogram,
    commit_messages: Histogram,
    receipt_seconds: Histogram,
    submit_seconds: Histogram,
    connectors: Connectors,
    queued: Family<Label, Gauge>,
    live: Gauge,
    in_doubt: Gauge,
    in_doubt_oldest: Gauge,
    smpp_sessions: Gauge,
    alerts_open: Family<Label, Gauge>,
    rate: RateMetrics,
    database_failing: AtomicBool,
}

#[derive(Default)]
struct Connectors {
    bound: Family<Label, Gauge>,
    sent: Family<Label, Counter>,
    throttled: Family<Label, Counter>,
    receipts: Family<Label, Counter>,
    bind_attempts: Family<Label, Counter>,
    bind_failures: Family<BindFailure, Counter>,
    window: Family<Label, Gauge>,
    in_flight: Family<Label, Gauge>,
    learned: Family<Label, Gauge>,
    paused: Family<Label, Gauge>,
    receipts_suspicious: Family<Label, Gauge>,
}

/// A failed attempt to bind.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BindFailure {
    name: String,
    class: String,
}

/// The handles of one connector.
pub(crate) struct ConnectorMetrics {
    bound: Gauge,
    sent: Counter,
    throttled: Counter,
    receipts: Counter,
    submit_seconds: Histogram,
    bind_attempts: Counter,
    bind_failures: Family<BindFailure, Counter>,
    name: String,
    window: Gauge,
    in_flight: Gauge,
    learned: Gauge,
    paused: Gauge,
}

impl ConnectorMetrics {
    pub(crate) fn flow(&self, flow: &FlowStatus) {
        self.window.set(gauge(flow.window));
        self.in_flight.set(gauge(flow.in_flight));
        self.learned.set(i64::try_from(flow.learned_throughput_per_s.unwrap_or(0)).unwrap_or(i64::MAX));
        self.paused.set(i64::try_from(flow.paused.as_millis()).unwrap_or(i64::MAX));
    }

    pub(crate) fn bound(&self, binds: usize) {
        self.bound.set(gauge(binds));
    }

    /// A segment was written to a link.
    pub(crate) fn sent(&self, now: Timestamp, accepted_at: Timestamp) {
        self.sent.inc();
        self.submit_seconds.observe(seconds_between(accepted_at, now));
    }

    pub(crate) fn throttled(&self) {
        self.throttled.inc();
    }

    pub(crate) fn receipt(&self) {
        self.receipts.inc();
    }

    /// An attempt to bind begins.
    pub(crate) fn bind_tried(&self) {
        self.bind_attempts.inc();
    }

    /// An attempt to bind failed, for this class of reasons.
    pub(crate) fn bind_failed(&self, class: &str) {
        let label = BindFailure { name: self.name.clone(), class: class.to_owned() };
        self.bind_failures.get_or_create(&label).inc();
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let latency = || Histogram::new(exponential_buckets(0.001, 2.0, 16));
        let mut registry = Registry::with_prefix("sambac");
        let rate = RateMetrics::registered(&mut registry);
        let mut metrics = Self {
            registry: Mutex::new(registry),
            rate,
            accepted: Counter::default(),
            refused: Family::default(),
            submitted: Counter::default(),
            operator_refused: Counter::default(),
            unknown: Counter::default(),
            finished: Family::default(),
            orphans: Counter::default(),
            not_asked: Counter::default(),
            handsets: Family::default(),
            handsets_unrouted: Gauge::default(),
            webhooks: Family::default(),
            notices_given_up: Family::default(),
            binds_refused: Counter::default(),
            connections_refused: Counter::default(),
            commits: Counter::default(),
            commits_failed: Counter::default(),
            invariants_broken: Counter::default(),
            ledger_breaches: Gauge::default(),
            ledger_audits: Counter::default(),
            reconcile_runs: Counter::default(),
            reconcile_breaks: Gauge::default(),
            events: Family::default(),
            events_lag: Gauge::default(),
            charges_corrected: Family::default(),
            charges_below_limit: Counter::default(),
            commit_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 14)),
            commit_messages: Histogram::new(exponential_buckets(1.0, 2.0, 12)),
            receipt_seconds: latency(),
            submit_seconds: latency(),
            connectors: Connectors::default(),
            queued: Family::default(),
            live: Gauge::default(),
            in_doubt: Gauge::default(),
            in_doubt_oldest: Gauge::default(),
            smpp_sessions: Gauge::default(),
            alerts_open: Family::default(),
            database_failing: AtomicBool::new(false),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let mut registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let r = &mut *registry;
        r.register("messages_accepted", "Messages taken", self.accepted.clone());
        r.register("messages_refused", "Messages not taken, by error code", self.refused.clone());
        r.register("messages_finished", "Messages that reached a final state", self.finished.clone());
        r.register("segments_submitted", "Segments taken by operators", self.submitted.clone());
        r.register("segments_refused", "Segments refused by operators", self.operator_refused.clone());
        r.register("segments_unknown", "Segments sent without an answer: possible duplicates", self.unknown.clone());
        r.register("mo_messages", "Messages from handsets, by what happened to them", self.handsets.clone());
        r.register(
            "mo_messages_unrouted",
            "Messages from handsets that no route takes and that are kept",
            self.handsets_unrouted.clone(),
        );
        r.register("receipts_orphaned", "Receipts that named no segment", self.orphans.clone());
        r.register("receipts_not_asked_for", "Segments that no operator is asked about", self.not_asked.clone());
        r.register("webhook_attempts", "Webhook requests, by outcome", self.webhooks.clone());
        r.register("notices_given_up", "News that its client did not fetch in time", self.notices_given_up.clone());
        r.register("smpp_binds_refused", "Binds of clients refused", self.binds_refused.clone());
        r.register(
            "smpp_connections_refused",
            "Connections refused for lack of room",
            self.connections_refused.clone(),
        );
        r.register("commits", "Group commits", self.commits.clone());
        r.register("commits_failed", "Group commits that the database refused", self.commits_failed.clone());
        self.register_ledger(r);
        r.register("commit_duration_seconds", "Time of one group commit", self.commit_seconds.clone());
        r.register("commit_messages", "Messages taken by one group commit", self.commit_messages.clone());
        r.register(
            "accept_to_receipt_seconds",
            "From acceptance to the operator's receipt",
            self.receipt_seconds.clone(),
        );
        r.register("accept_to_submit_seconds", "From acceptance to submit_sm", self.submit_seconds.clone());
        r.register("connector_binds", "Binds that are up", self.connectors.bound.clone());
        r.register("connector_segments_sent", "Segments written to the link", self.connectors.sent.clone());
        r.register("connector_throttled", "Answers that said too fast", self.connectors.throttled.clone());
        r.register("connector_receipts", "Receipts that came in", self.connectors.receipts.clone());
        r.register("connector_bind_attempts", "Attempts to bind", self.connectors.bind_attempts.clone());
        r.register(
            "connector_bind_failures",
            "Attempts to bind that failed, by class",
            self.connectors.bind_failures.clone(),
        );
        r.register("connector_window", "Segments that may be unanswered", self.connectors.window.clone());
        r.register("connector_in_flight", "Segments whose answer is not stored", self.connectors.in_flight.clone());
        r.register(
            "connector_learned_throughput_per_s",
            "Rate learned from the operator's throttling; 0 = none",
            self.connectors.learned.clone(),
        );
        r.register("connector_paused_ms", "What is left of the rest after a throttle", self.connectors.paused.clone());
        r.register(
            "connector_receipts_suspicious",
            "1 when all receipts say delivered, at once",
            self.connectors.receipts_suspicious.clone(),
        );
        r.register("queue_tasks", "Tasks waiting in memory, by lane", self.queued.clone());
        r.register("segments_in_doubt", "Segments sent and not answered, now", self.in_doubt.clone());
        r.register("segments_in_doubt_oldest_age_seconds", "Age of the oldest of them", self.in_doubt_oldest.clone());
        r.register("messages_in_memory", "Unfinished messages in memory", self.live.clone());
        r.register("smpp_sessions", "Client sessions bound", self.smpp_sessions.clone());
        r.register("alerts_open", "Alerts that are open, by kind", self.alerts_open.clone());
    }

    fn register_ledger(&self, r: &mut Registry) {
        r.register(
            "invariants_broken",
            "Batches given up because memory contradicted the database",
            self.invariants_broken.clone(),
        );
        r.register(
            "ledger_breaches",
            "Sums of money that were wrong when it was last added up",
            self.ledger_breaches.clone(),
        );
        r.register("ledger_audits", "How often all money was added up", self.ledger_audits.clone());
        r.register("reconcile_runs", "How often days were reconciled", self.reconcile_runs.clone());
        r.register("reconcile_breaks_open", "Breaks that nobody has explained", self.reconcile_breaks.clone());
        r.register("billing_events", "Billing events, by what became of them", self.events.clone());
        r.register(
            "billing_events_lag_blocks",
            "Blocks of the ledger of which consumers outside were not told",
            self.events_lag.clone(),
        );
        r.register("charges_corrected", "Charges that another end was believed of", self.charges_corrected.clone());
        r.register(
            "charges_below_limit",
            "Of these, those that took a wallet below its limit",
            self.charges_below_limit.clone(),
        );
    }

    /// The handles of a connector.
    pub(crate) fn connector(&self, name: &str) -> ConnectorMetrics {
        let label = label(name);
        ConnectorMetrics {
            bound: self.connectors.bound.get_or_create_owned(&label),
            sent: self.connectors.sent.get_or_create_owned(&label),
            throttled: self.connectors.throttled.get_or_create_owned(&label),
            receipts: self.connectors.receipts.get_or_create_owned(&label),
            submit_seconds: self.submit_seconds.clone(),
            bind_attempts: self.connectors.bind_attempts.get_or_create_owned(&label),
            bind_failures: self.connectors.bind_failures.clone(),
            name: name.to_owned(),
            window: self.connectors.window.get_or_create_owned(&label),
            in_flight: self.connectors.in_flight.get_or_create_owned(&label),
            learned: self.connectors.learned.get_or_create_owned(&label),
            paused: self.connectors.paused.get_or_create_owned(&label),
        }
    }

    pub(crate) fn accepted(&self) {
        self.accepted.inc();
    }

    pub(crate) fn refused(&self, code: ErrorCode) {
        self.refused.get_or_create(&label(code.code())).inc();
    }

    pub(crate) fn submitted(&self) {
        self.submitted.inc();
    }

    pub(crate) fn refused_by_operator(&self) {
        self.operator_refused.inc();
    }

    pub(crate) fn unknown(&self) {
        self.unknown.inc();
    }

    /// How many segments are in doubt, and for how long the oldest.
    pub(crate) fn uncertain(&self, count: i64, oldest_age_s: i64) {
        self.in_doubt.set(count);
        self.in_doubt_oldest.set(oldest_age_s);
    }

    pub(crate) fn finished(&self, state: MessageState) {
        self.finished.get_or_create(&label(state.as_str())).inc();
    }

    pub(crate) fn receipt(&self, accepted_at: Timestamp, received_at: Timestamp) {
        self.receipt_seconds.observe(seconds_between(accepted_at, received_at));
    }

    /// An operator will not be asked about a segment whose receipt may not come: too many wait for that.
    pub(crate) fn not_asked(&self) {
        self.not_asked.inc();
    }

    pub(crate) fn orphan(&self) {
        self.orphans.inc();
    }

    /// What happened to a message from a handset.
    pub(crate) fn handset(&self, what: &'static str) {
        self.handsets.get_or_create(&Label { name: what.to_owned() }).inc();
    }

    /// So many are kept that no route takes.
    pub(crate) fn handsets_unrouted(&self, count: i64) {
        self.handsets_unrouted.set(count);
    }

    pub(crate) fn webhook(&self, taken: bool) {
        self.webhooks.get_or_create(&label(if taken { "taken" } else { "failed" })).inc();
    }

    pub(crate) fn notice_given_up(&self, kind: OutboxKind) {
        let name = if kind == OutboxKind::Webhook { "webhook" } else { "deliver_sm" };
        self.notices_given_up.get_or_create(&label(name)).inc();
    }

    pub(crate) fn bind_refused(&self) {
        self.binds_refused.inc();
    }

    pub(crate) fn connection_refused(&self) {
        self.connections_refused.inc();
    }

    pub(crate) fn committed(&self, took: Duration, batch: &Batch) {
        self.commits.inc();
        self.commit_seconds.observe(took.as_secs_f64());
        self.commit_messages.observe(f64::from(u32::try_from(batch.messages.len()).unwrap_or(u32::MAX)));
        self.database_failing.store(false, Ordering::Relaxed);
    }

    pub(crate) fn commit_failed(&self) {
        self.commits_failed.inc();
        self.database_failing.store(true, Ordering::Relaxed);
    }

    pub(crate) fn invariant_broken(&self) {
        self.invariants_broken.inc();
    }

    /// Days were reconciled.
    pub(crate) fn reconciled(&self) {
        self.reconcile_runs.inc();
    }

    /// So many breaks are open now.
    pub(crate) fn breaks_open(&self, count: i64) {
        self.reconcile_breaks.set(count);
    }

    /// So many events were confirmed by the broker, of which so many no queue wanted.
    pub(crate) fn events_published(&self, count: usize, unrouted: u64) {
        self.events.get_or_create(&label("published")).inc_by(u64::try_from(count).unwrap_or(u64::MAX));
        self.events.get_or_create(&label("unrouted")).inc_by(unrouted);
    }

    /// So many events were not told because their rows are in files.
    pub(crate) fn events_missing(&self, count: u64) {
        self.events.get_or_create(&label("missing")).inc_by(count);
    }

    /// Of so many blocks consumers were not told.
    pub(crate) fn events_lag(&self, blocks: i64) {
        self.events_lag.set(blocks);
    }

    /// All money was added up; so many sums were wrong.
    pub(crate) fn audited(&self, breaches: usize) {
        self.ledger_audits.inc();
        self.ledger_breaches.set(gauge(breaches));
    }

    /// A late fact was booked; perhaps it took its wallet below the limit.
    pub(crate) fn charge_corrected(&self, what: &'static str, below_limit: bool) {
        self.charges_corrected.get_or_create(&label(what)).inc();
        self.charges_below_limit.inc_by(u64::from(below_limit));
    }

    /// Whether the last commit failed.
    pub(crate) fn is_database_failing(&self) -> bool {
        self.database_failing.load(Ordering::Relaxed)
    }

    /// What is counted of limits that several nodes share.
    pub(crate) fn rate(&self) -> &RateMetrics {
        &self.rate
    }

    /// Everything in OpenMetrics text.
    pub(crate) fn text(&self, inner: &Inner) -> String {
        let (queued, _) = inner.bus.depth();
        for (lane, depth) in ["otp", "transactional", "marketing"].into_iter().zip(queued) {
            self.queued.get_or_create(&label(lane)).set(gauge(depth));
        }
        for row in inner.snapshot.load().connectors.values() {
            let is_suspicious = inner.receipt_watch.facts(row.id).delays.is_suspicious();
            self.connectors.receipts_suspicious.get_or_create(&label(&row.name)).set(i64::from(is_suspicious));
        }
        self.live.set(gauge(inner.live.len()));
        inner.connectors.gauge_flow();
        self.smpp_sessions.set(gauge(inner.smpp_sessions.total()));
        for kind in AlertKind::ALL {
            self.alerts_open.get_or_create(&label(kind.as_str())).set(gauge(inner.alerts.open(*kind)));
        }
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if encode(&mut text, &registry).is_err() {
            tracing::error!("metrics could not be written");
        }
        text
    }
}

fn label(name: &str) -> Label {
    Label { name: name.to_owned() }
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "a latency for a histogram, no money")]
fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.0.saturating_sub(from.0).max(0) as f64 / 1e6
}
