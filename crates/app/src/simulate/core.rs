//! What all sessions of a simulator share: its mind, its clock, its journal and its counters.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sambac_smpp::{BindKind, Session};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::alert::AlertSettings;
use super::connection::OutbindSettings;
use super::desk::Desks;
use super::echo::EchoSettings;
use super::flow::FlowSettings;
use super::handset::Handsets;
use super::journal::{Journal, Line};
use super::manage::ManageSettings;
use super::message_id::{MessageId, MessageIds};
use super::plan::{Arrival, Forms, Plan, Planner};
use super::replay::Replay;
use super::scenario::{BindSettings, Scenario};
use super::wire::WireSettings;

/// Shared by the sessions of one simulator.
pub(crate) struct Core {
    pub(crate) bind: BindSettings,
    pub(crate) flow: FlowSettings,
    pub(crate) wire: WireSettings,
    /// Answers of connections that are over, for the next one.
    pub(crate) late: Mutex<Vec<Vec<u8>>>,
    pub(crate) outbind: Option<OutbindSettings>,
    pub(crate) echo: EchoSettings,
    /// Taken by the first bind that receives.
    replay: Mutex<Option<Replay>>,
    pub(crate) receipts: ReceiptLimits,
    pub(crate) alert: AlertSettings,
    pub(crate) manage: ManageSettings,
    /// Answers to `query_sm` so far.
    pub(crate) queries: AtomicU32,
    pub(crate) desks: Desks,
    pub(crate) handsets: Handsets,
    pub(crate) counts: Counts,
    pub(crate) stop: CancellationToken,
    mind: Mutex<Mind>,
    journal: Option<Journal>,
    started: Instant,
    started_us: i64,
    last_session: AtomicU64,
    pub(crate) bound: AtomicU32,
    pub(crate) refused: AtomicU32,
    /// When a session ended the last time without an unbind, in microseconds since the start, plus one; 0 = never.
    lost_at: AtomicU64,
}

/// Bounds on receipts.
pub(crate) struct ReceiptLimits {
    /// Unacknowledged on a bind.
    pub(crate) window: u16,
    /// Sent again so often.
    pub(crate) resend_max: u32,
}

/// What happened so far.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) submits: AtomicU64,
    pub(crate) accepted: AtomicU64,
    pub(crate) receipts_sent: AtomicU64,
    pub(crate) receipts_acknowledged: AtomicU64,
}

struct Mind {
    planner: Planner,
    ids: MessageIds,
}

impl Core {
    /// `started_us` is now, in UTC microseconds.
    pub(crate) fn new(scenario: Scenario, journal: Option<Journal>, started_us: i64) -> Self {
        let receipt = &scenario.profile.receipt;
        let window = u16::try_from(receipt.window_max).unwrap_or(u16::MAX);
        Self {
            bind: scenario.bind.clone(),
            flow: scenario.flow.clone(),
            alert: scenario.alert,
            manage: scenario.manage,
            queries: AtomicU32::new(0),
            wire: scenario.wire.clone(),
            late: Mutex::default(),
            outbind: scenario.outbind.clone(),
            echo: scenario.echo,
            replay: Mutex::new(scenario.replay.clone()),
            receipts: ReceiptLimits { window, resend_max: receipt.resend_max },
            desks: Desks::new(receipt.waiting_max),
            handsets: Handsets::new(scenario.handsets.clone()),
            counts: Counts::default(),
            stop: CancellationToken::new(),
            mind: Mutex::new(Mind { planner: Planner::new(scenario), ids: MessageIds::new(started_us) }),
            journal,
            started: Instant::now(),
            started_us,
            last_session: AtomicU64::new(0),
            bound: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            lost_at: AtomicU64::new(0),
        }
    }

    /// Sends what is to be replayed, when this session is the first that receives.
    pub(crate) fn replay_to(&self, session: &Session) {
        if session.kind() == BindKind::Transmitter {
            return;
        }
        let replay = self.replay.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(replay) = replay {
            tokio::spawn(replay.play(session.clone()));
        }
    }

    /// A number for a new session.
    pub(crate) fn next_session(&self) -> u64 {
        self.last_session.fetch_add(1, Relaxed) + 1
    }

    /// A session ended without an unbind.
    pub(crate) fn lost(&self) {
        self.lost_at.store(self.now_us() + 1, Relaxed);
    }

    /// Whether a session ended without an unbind in the last `span`.
    pub(crate) fn was_lost_within(&self, span: Duration) -> bool {
        let lost_at = self.lost_at.load(Relaxed);
        lost_at > 0 && u128::from(self.now_us().saturating_sub(lost_at)) < span.as_micros()
    }

    /// Microseconds since the start.
    pub(crate) fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// `now_us` as a time of tokio's clock.
    pub(crate) fn instant(&self, at_us: u64) -> Instant {
        self.started + Duration::from_micros(at_us)
    }

    /// `now_us` as UTC microseconds.
    pub(crate) fn utc_us(&self, at_us: u64) -> i64 {
        self.started_us.saturating_add_unsigned(at_us)
    }

    /// The plan for a message and an id for it.
    pub(crate) fn plan(&self, arrival: &Arrival<'_>) -> (Plan, Forms, MessageId) {
        let mut mind = self.mind.lock().unwrap_or_else(PoisonError::into_inner);
        let Mind { planner, ids } = &mut *mind;
        let (plan, forms) = planner.plan(arrival);
        let id = ids.next(forms.id, || planner.bits());
        (plan, forms, id)
    }

    /// Begins a line of the journal, when there is one.
    pub(crate) fn line(&self, event: &str, session: u64, at_us: u64) -> Option<Line<'_>> {
        self.journal.as_ref().map(|journal| journal.line(self.utc_us(at_us), event, session))
    }

    /// The journal.
    pub(crate) fn journal(&self) -> Option<&Journal> {
        self.journal.as_ref()
    }
}
