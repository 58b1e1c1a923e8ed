//! Messages that are on their way, in memory: what answers and receipts change before the database is told.
//!
//! The database is the truth; this is the group commit's working copy. It is bounded: a message that was pushed out is read
//! back, in a batch, when its answer or receipt arrives.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{ConnectorId, MessageId, SegmentId};
use sambac_domain::message::Message;
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use sambac_store::rows::{ChargeState, SegmentRow};
use smallvec::SmallVec;

use crate::by_id::ById;

/// One message and how far its segments are.
pub(crate) struct Live {
    pub(crate) message: Arc<Message>,
    /// Only the group commit changes it; the lock is never contended.
    pub(crate) progress: Mutex<Progress>,
}

/// How far a message is.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) segments: SmallVec<[SegmentProgress; 1]>,
    /// Its final state is written: nothing may charge or notify again.
    pub(crate) finished: bool,
}

/// How far a segment is: the mutable columns of its row.
#[derive(Clone, Debug)]
pub(crate) struct SegmentProgress {
    pub(crate) connector: ConnectorId,
    pub(crate) state: MessageState,
    pub(crate) smsc_message_id: Option<Box<str>>,
    pub(crate) receipt_key: Option<i64>,
    pub(crate) attempts: u8,
    pub(crate) possible_duplicate: bool,
    pub(crate) command_status: Option<u32>,
    pub(crate) error: Option<ErrorCode>,
    pub(crate) operator_error: Option<Box<str>>,
    pub(crate) submitted_at: Option<Timestamp>,
    pub(crate) answered_at: Option<Timestamp>,
    pub(crate) final_at: Option<Timestamp>,
    /// When the operator says that it ended.
    pub(crate) done_at: Option<Timestamp>,
    /// What became of its price; not a column of its row but of its charge's.
    pub(crate) charge: ChargeState,
}

impl SegmentProgress {
    /// A segment that was just routed.
    pub(crate) fn new(connector: ConnectorId) -> Self {
        Self {
            connector,
            state: crate::submit::STATE_TAKEN,
            smsc_message_id: None,
            receipt_key: None,
            attempts: 0,
            possible_duplicate: false,
            command_status: None,
            error: None,
            operator_error: None,
            submitted_at: None,
            answered_at: None,
            final_at: None,
            done_at: None,
            charge: ChargeState::Held,
        }
    }

    pub(crate) fn from_row(row: SegmentRow, charge: ChargeState) -> Self {
        Self {
            connector: row.connector_id,
            state: row.state,
            smsc_message_id: row.smsc_message_id.map(String::into_boxed_str),
            receipt_key: row.receipt_key,
            attempts: row.attempts,
            possible_duplicate: row.possible_duplicate,
            command_status: row.command_status,
            error: row.error,
            operator_error: row.operator_error.map(String::into_boxed_str),
            submitted_at: row.submitted_at,
            answered_at: row.answered_at,
            final_at: row.final_at,
            done_at: row.done_at,
            charge,
        }
    }

    /// The row's columns as they are now.
    pub(crate) fn row(&self, id: SegmentId) -> SegmentRow {
        SegmentRow {
            id,
            connector_id: self.connector,
            state: self.state,
            smsc_message_id: self.smsc_message_id.as_deref().map(str::to_owned),
            receipt_key: self.receipt_key,
            attempts: self.attempts,
            possible_duplicate: self.possible_duplicate,
            command_status: self.command_status,
            error: self.error,
            operator_error: self.operator_error.as_deref().map(str::to_owned),
            submitted_at: self.submitted_at,
            answered_at: self.answered_at,
            final_at: self.final_at,
            done_at: self.done_at,
        }
    }
}

impl Live {
    pub(crate) fn new(message: Arc<Message>, segments: SmallVec<[SegmentProgress; 1]>, finished: bool) -> Self {
        Self { message, progress: Mutex::new(Progress { segments, finished }) }
    }

    pub(crate) fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Segments that share a receipt key; nearly always one.
pub(crate) type Candidates = SmallVec<[SegmentId; 2]>;

/// The bounded working set.
pub(crate) struct LiveMessages {
    capacity: usize,
    inner: Mutex<Index>,
}

#[derive(Default)]
struct Index {
    by_id: ById<MessageId, Arc<Live>>,
    /// An operator may use an id more than once.
    by_receipt: ById<i64, Candidates>,
    /// In order of arrival, for pushing out the oldest; may name messages that have left already.
    order: VecDeque<MessageId>,
}

impl LiveMessages {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), inner: Mutex::default() }
    }

    pub(crate) fn get(&self, id: MessageId) -> Option<Arc<Live>> {
        self.index().by_id.get(&id).cloned()
    }

    /// Adds a message unless it is there already, and gives the one that is there.
    pub(crate) fn insert(&self, live: Arc<Live>) -> Arc<Live> {
        let id = live.message.id;
        let mut index = self.index();
        if let Some(present) = index.by_id.get(&id) {
            return Arc::clone(present);
        }
        for segment in live.progress().segments.iter().zip(1..=u8::MAX) {
            if let (SegmentProgress { receipt_key: Some(key), .. }, no) = segment {
                index.expect_receipt(*key, SegmentId::new(id, no));
            }
        }
        index.by_id.insert(id, Arc::clone(&live));
        index.order.push_back(id);
        index.shrink(self.capacity);
        live
    }

    /// Puts a message in the place of what is there of it.
    pub(crate) fn replace(&self, live: Arc<Live>) {
        if let Some(present) = self.index().by_id.get_mut(&live.message.id) {
            *present = live;
        }
    }

    /// Remembers by which receipt a segment will be recognised.
    pub(crate) fn expect_receipt(&self, key: i64, segment: SegmentId) {
        self.index().expect_receipt(key, segment);
    }

    /// A segment is recognised by this receipt no longer.
    pub(crate) fn forget_receipt(&self, key: i64, segment: SegmentId) {
        self.index().forget_receipt(key, segment);
    }

    /// The segments that a receipt with this key can be about.
    pub(crate) fn by_receipt(&self, key: i64) -> Candidates {
        self.index().by_receipt.get(&key).cloned().unwrap_or_default()
    }

    /// Forgets a message that has reached its end.
    pub(crate) fn remove(&self, id: MessageId) {
        let mut index = self.index();
        index.forget(id);
        // Names left behind in the order must not outgrow what they stand for.
        if index.order.len() > 2 * self.capacity + 64 {
            let Index { by_id, order, .. } = &mut *index;
            order.retain(|id| by_id.contains_key(id));
        }
    }

    /// Whether half of it is used: what comes in faster than it ends will soon push out what has to be read again.
    pub(crate) fn is_filling(&self) -> bool {
        self.len() * 2 >= self.capacity
    }

    pub(crate) fn len(&self) -> usize {
        self.index().by_id.len()
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn forget(&mut self, id: MessageId) {
        let Some(live) = self.by_id.remove(&id) else { return };
        for (segment, no) in live.progress().segments.iter().zip(1..=u8::MAX) {
            if let Some(key) = segment.receipt_key {
                self.forget_receipt(key, SegmentId::new(id, no));
            }
        }
    }

    fn expect_receipt(&mut self, key: i64, segment: SegmentId) {
        let candidates = self.by_receipt.entry(key).or_default();
        if !candidates.contains(&segment) {
            candidates.push(segment);
        }
    }

    fn forget_receipt(&mut self, key: i64, segment: SegmentId) {
        if let Some(candidates) = self.by_receipt.get_mut(&key) {
            candidates.retain(|other| *other != segment);
            if candidates.is_empty() {
                self.by_receipt.remove(&key);
            }
        }
    }

    fn shrink(&mut self, capacity: usize) {
        while self.by_id.len() > capacity {
            let Some(oldest) = self.order.pop_front() else { return };
            self.forget(oldest);
        }
    }
}
