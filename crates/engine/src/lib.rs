//! The product itself: what happens to a message between the ingress that took it and the final state.
//!
//! One function in, [`Engine::submit`]; one place where every final state is written, `commit::outcome`. All writes go
//! through one task, the group commit (`commit`): it decides admission, states and money in memory, in arrival order, and
//! stores whatever has gathered since its last flush in one transaction. Everything that the outside is told, an answer, a
//! receipt, a PDU to an operator, happens after the commit that makes it true.

pub mod admin;
mod admission;
pub mod alert;
pub mod api_key;
pub mod audit;
pub mod batch;
mod breakage;
mod by_id;
mod caller;
mod cancel;
pub mod catalogue;
pub mod cdr;
pub mod clock;
mod commit;
mod compose;
mod connector;
mod constant_time;
mod content;
pub mod doorway;
pub mod erasure;
pub mod events;
mod expire;
pub mod feed;
mod fingerprint;
mod health;
mod idempotency;
mod ip_range;
pub mod issuer;
mod joined;
pub mod keyring;
pub mod lease;
pub mod ledger;
mod live;
mod metrics;
mod mo;
mod nodes;
mod notice_keeper;
pub mod opt_out;
mod orphan;
pub mod otp;
mod overdue;
pub mod payment;
pub mod pdu_log;
pub mod places;
pub mod private_file;
pub mod rate;
mod receipt_watch;
pub mod reconcile;
mod recover;
pub mod refusal;
mod relay;
pub mod request_signature;
pub mod retention;
mod sandbox;
mod schedule;
pub mod seal;
mod settings;
pub mod signing;
#[cfg(debug_assertions)]
pub mod simulated;
pub mod smsc;
pub mod snapshot;
mod solvency;
mod start;
pub mod submit;
mod take_back;
pub mod tariff;
pub mod templates;
pub mod token;
mod token_bucket;
mod uncertain;
pub mod user;
mod webhook;
pub mod work;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use sambac_bus::Bus;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, IdSource};
use sambac_domain::number::NetworkTable;
use sambac_store::Store;
pub(crate) use sambac_store::kill_point;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use caller::{Caller, Scope};
pub use commit::Released;
pub use connector::certify;
pub use connector::{
    BindReport, BindState, BindStatus, ConnectorState, ConnectorStatus, FlowStatus, Releasing, Step, StopReason,
};
pub use health::{ConnectorHealth, Health, SharedLimitsHealth};
pub use ledger::{Balance, ChargeOutcome, Lost};
pub use mo::{MoContent, MoRouteStatus, MoTargetState, MoTargetStatus, RoutedAgain};
pub use nodes::NodeStatus;
pub use orphan::Rematched;
pub use receipt_watch::{DELAY_BOUNDS_S, ReceiptDelays, ReceiptFacts, ReceiptProposal};
pub use schedule::SendAt;
pub use settings::Settings;
pub use start::StartError;
pub use webhook::{
    ClientError, Scheme, SecretWebhook, WEBHOOK_ROTATION_DEFAULT_S, WEBHOOK_ROTATION_MAX_S, WebhookChange, WebhookOrder,
};

use crate::admission::{Admission, Place};
use crate::alert::Alerts;
use crate::clock::Clock;
use crate::commit::Write;
use crate::ledger::Ledger;
use crate::live::LiveMessages;
use crate::metrics::Metrics;
use crate::pdu_log::PduLog;
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;

/// How long an ingress waits for room in the group commit's queue before it refuses.
const ADMISSION_TIMEOUT: Duration = Duration::from_secs(5);

/// The running platform; a cheap handle.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

/// What all tasks share.
pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    /// The group commit's: no reads of others keep it from its connections.
    pub(crate) own_store: Store,
    pub(crate) clock: Clock,
    pub(crate) bus: Bus,
    pub(crate) ids: IdSource,
    pub(crate) snapshot: ArcSwap<Snapshot>,
    /// The tables that are compiled in.
    pub(crate) networks: Arc<NetworkTable>,
    pub(crate) ledger: Mutex<Ledger>,
    pub(crate) live: LiveMessages,
    pub(crate) metrics: Metrics,
    pub(crate) admission: Admission,
    pub(crate) pdu_log: Arc<PduLog>,
    pub(crate) alerts: Alerts,
    /// What this program broke on before this process began.
    pub(crate) breakages: breakage::Breakages,
    pub(crate) writes: mpsc::Sender<Write>,
    /// What this process does with connectors.
    pub(crate) work: work::Role,
    /// The group commit is trying again what the database did not do: whatever else comes would wait behind it.
    pub(crate) store_away: AtomicBool,
    /// Whether another process writes the ledger now.
    pub(crate) fenced: ledger::Fenced,
    pub(crate) smpp_sessions: smsc::Sessions,
    pub(crate) connectors: connector::Registry,
    /// Segments that operators are asked about when their receipts do not come.
    pub(crate) overdue: overdue::OverdueList,
    pub(crate) webhook_client: webhook::Client,
    pub(crate) webhooks: webhook::Registry,
    /// What streams of events share.
    pub(crate) feeds: feed::Feeds,
    pub(crate) payments: payment::Payments,
    /// Connectors whose windows are full: only a commit makes room there, so the next one does not wait.
    pub(crate) starving: AtomicUsize,
    pub(crate) solvency: solvency::Watch,
    pub(crate) verified_binds: smsc::VerifiedBinds,
    /// Parts of long messages of accounts with rules about their texts.
    pub(crate) joined: joined::JoinedParts,
    /// How many messages each number may get.
    pub(crate) destinations: rate::Destinations,
    /// Limits that other nodes keep, too; `None` where this one is alone.
    pub(crate) shared_limits: Option<rate::SharedLimits>,
    /// Refused log-ins that are not in the audit log yet.
    pub(crate) refusals: audit::Refusals,
    /// Held while the admin API changes the configuration: one change at a time.
    pub(crate) admin_changes: tokio::sync::Mutex<()>,
    /// A number is to be erased.
    pub(crate) erasure_asked: tokio::sync::Notify,
    /// The key that signs now.
    pub(crate) signing: signing::Signing,
    /// What is remembered of who calls.
    pub(crate) callers: caller::Callers,
    /// What one-time codes share.
    pub(crate) otp: otp::OtpShared,
    /// What batches share.
    pub(crate) batches: batch::Batches,
    /// A target has refused a message from a handset.
    pub(crate) handset_given_up: tokio::sync::Notify,
    pub(crate) smpp_door: smsc::Door,
    pub(crate) strikes: smsc::Strikes,
    /// The last report of each connector whose SMSC was tried out.
    pub(crate) certifications: certify::Certifications,
    /// What is learned of connectors from their receipts.
    pub(crate) receipt_watch: receipt_watch::ReceiptWatch,
    /// Held while something is counted and changed that an account may have several of.
    pub(crate) account_changes: tokio::sync::Mutex<()>,
    /// Requests with an idempotency key that are being worked on.
    pub(crate) idempotency_claims: Mutex<HashSet<(AccountId, String)>>,
    /// No new work is taken once this is cancelled; what runs is finished.
    pub(crate) draining: CancellationToken,
    /// Everything ends once this is cancelled.
    pub(crate) stopping: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// The group commit ends last, once this is cancelled.
    pub(crate) closing: CancellationToken,
    pub(crate) committer: TaskTracker,
}

impl Engine {
    /// The configuration as of now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.0.snapshot.load_full()
    }

    /// The database, for reads.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The clock that everything here goes by.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Where clients reach the public API.
    pub fn public_url(&self) -> &str {
        &self.0.settings.public_url
    }

    /// What encrypts stored secrets.
    pub fn seal(&self) -> &seal::Seal {
        &self.0.settings.seal
    }

    /// An account's wallet as of the last commit.
    pub fn balance(&self, account: AccountId) -> Option<Balance> {
        self.0.ledger().balance(account)
    }

    /// Metrics in OpenMetrics text.
    pub fn metrics_text(&self) -> String {
        self.0.metrics.text(&self.0)
    }

    /// A place in the group commit's queue for a new message, waited for a bounded time.
    pub(crate) async fn place(&self) -> Result<Place, Refusal> {
        if self.0.draining.is_cancelled() {
            return Err(Refusal::new(ErrorCode::ServiceUnavailable, "the service is stopping"));
        }
        if self.0.store_away.load(Ordering::Relaxed) {
            return Err(Refusal::new(ErrorCode::ServiceUnavailable, "the database does not take anything now"));
        }
        self.0.admission.take(ADMISSION_TIMEOUT).await.ok_or_else(|| ErrorCode::QueueFull.into())
    }
}

impl Inner {
    pub(crate) fn ledger(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a write that must not be lost to the group commit; false only when the engine has ended.
    pub(crate) async fn write(&self, write: Write) -> bool {
        self.writes.send(write).await.is_ok()
    }
}
