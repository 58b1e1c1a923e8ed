//! What clients are told of their messages: an outbox row each, in the commit that makes it true.

use std::sync::Arc;

use sambac_bus::{EventRef, Notice, Outcome, Queued, Task};
use sambac_domain::account_event::EventType;
use sambac_domain::class::{Lane, TrafficClass};
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountEventId, AccountId, NoticeId, SmppAccountId, TargetId, WebhookId};
use sambac_domain::message::{Message, MessageBody, Origin};
use sambac_domain::planted::{Bug, planted};
use sambac_domain::receipt::ReceiptState;
use sambac_domain::state::MessageState;
use sambac_domain::text::{Encoding, decode};
use sambac_domain::time::Timestamp;
use sambac_store::NewOutbox;
use sambac_store::rows::{AccountEventRow, OutboxKind};
use tokio::sync::oneshot;

use super::Committer;
use super::outcome::states_that_count;
use crate::feed;
use crate::live::{Live, SegmentProgress};

/// The bits of registered_delivery that say which final outcomes are told: failures only, and successes only (SMPP 5.0).
const FINAL_BITS: u8 = 0x03;
const FAILURES: u8 = 0x02;
const SUCCESSES: u8 = 0x03;
/// The bit of registered_delivery that asks for news on the way.
const INTERMEDIATE_BIT: u8 = 0x10;

impl Committer {
    /// A message has ended. SMPP clients are told by `deliver_sm`, REST clients by webhook.
    pub(super) fn notify(&mut self, live: &Live, state: MessageState, error: Option<ErrorCode>, final_at: Timestamp) {
        let message = &live.message;
        if !message.receipt_wanted || !is_asked_for(message, state) {
            return;
        }
        let mut outcome = outcome(message, state, final_at);
        outcome.error = error.map(|code| code.code().to_owned());
        fill_in(&mut outcome, &live.progress().segments);
        match message.origin {
            Origin::Smpp { smpp_account } => {
                outcome.text_sealed = self.sealed_text(message, smpp_account);
                self.notice_to(TargetId::from(smpp_account), OutboxKind::Deliver, message, outcome);
            }
            Origin::Rest { .. } => {
                let snapshot = Arc::clone(&self.snapshot);
                let Some(kind) = EventType::of_state(state) else { return };
                let (subject, body) = (Some(message.id.raw()), Some(feed::outcome_body(&outcome)));
                outcome.event_id = Some(self.news(message.account_id, kind, subject, body));
                for webhook in snapshot.webhooks_for(message.account_id, kind, Some(message.destination)) {
                    self.notice_to(TargetId::from(webhook), OutboxKind::Webhook, message, outcome.clone());
                }
            }
        }
    }

    /// A message is on its way, by the operator's word: for ESMEs that asked for it.
    pub(super) fn notify_intermediate(&mut self, live: &Live, told: ReceiptState, done_at: Timestamp) {
        let message = &live.message;
        let Origin::Smpp { smpp_account } = message.origin else { return };
        let wanted = self.snapshot.smpp_account_by_id(smpp_account).is_some_and(|it| it.profile.receipt.intermediate);
        if !wanted || message.registered_delivery & INTERMEDIATE_BIT == 0 {
            return;
        }
        let mut outcome = outcome(message, MessageState::Submitted, self.now);
        (outcome.intermediate, outcome.done_at) = (Some(told), Some(done_at));
        self.notice_to(TargetId::from(smpp_account), OutboxKind::Deliver, message, outcome);
    }

    /// As much of the message as the client wants in its receipts. It stands in the outbox until it is delivered: sealed, as
    /// the message's own text is.
    fn sealed_text(&self, message: &Message, account: SmppAccountId) -> Option<String> {
        let account = self.snapshot.smpp_account_by_id(account)?;
        let count = usize::from(account.profile.receipt.text_chars_max);
        let text = match &message.body {
            _ if count == 0 || message.redaction().text => return None,
            MessageBody::Text { text, .. } => text.clone(),
            MessageBody::Octets { data, data_coding, udhi: false } => {
                decode(data, Encoding::from_data_coding(*data_coding)?.0)
            }
            MessageBody::Octets { .. } => return None,
        };
        let text: String = text.chars().take(count).collect();
        self.inner.settings.seal.seal_text(message.id.raw(), &text).ok()
    }

    fn notice_to(&mut self, target: TargetId, kind: OutboxKind, message: &Message, outcome: Outcome) {
        let id = NoticeId::from_raw(self.inner.ids.next(self.now));
        let queued = self.note(id, target, kind, message.class.lane(), Notice::Outcome(Box::new(outcome)));
        self.after.publish(queued);
    }

    /// An account is told something of itself: by every webhook that wants it, and by its streams.
    pub(super) fn tell(&mut self, account: AccountId, kind: EventType, body: String, done: oneshot::Sender<()>) {
        let event_id = self.news(account, kind, None, Some(body));
        let snapshot = Arc::clone(&self.snapshot);
        for webhook in snapshot.webhooks_for(account, kind, None) {
            self.refer(webhook, EventRef { account_id: account, event_id });
        }
        self.after.tell(done);
    }

    /// A webhook is told of an event that is kept.
    pub(super) fn refer(&mut self, webhook: WebhookId, event: EventRef) {
        let id = NoticeId::from_raw(self.inner.ids.next(self.now));
        let (target, lane) = (TargetId::from(webhook), TrafficClass::Transactional.lane());
        let queued = self.note(id, target, OutboxKind::Webhook, lane, Notice::Event(event));
        self.after.publish(queued);
    }

    /// Writes an event with the batch: streams and lists read it once that is stored.
    pub(super) fn news(
        &mut self,
        account_id: AccountId,
        kind: EventType,
        subject: Option<i64>,
        body: Option<String>,
    ) -> AccountEventId {
        let id = AccountEventId::from_raw(self.inner.ids.next(self.now));
        self.batch.account_events.push(AccountEventRow {
            account_id,
            id,
            kind: kind.as_str().to_owned(),
            subject,
            body,
        });
        self.after.news_of(account_id);
        id
    }

    /// Writes a notice's row with the batch; gives the task to be announced when that is stored.
    pub(super) fn note(
        &mut self,
        id: NoticeId,
        target: TargetId,
        kind: OutboxKind,
        lane: Lane,
        notice: Notice,
    ) -> Queued {
        let row = NewOutbox {
            target,
            lane,
            id: id.raw(),
            kind,
            attempt: 0,
            due_at: Timestamp::EPOCH,
            // A struct of texts and numbers always serialises.
            payload: serde_json::to_string(&notice).ok(),
        };
        self.batch.outbox.extend(Some(row).filter(|_| !planted(Bug::NewsNotStored)));
        Queued { target, lane, id: id.raw(), task: Task::Notify { id, attempt: 0, notice: Arc::new(notice) } }
    }

    /// Receipts of these messages are told once more.
    pub(super) fn replay(&mut self, ended: &[Arc<Live>]) {
        for live in ended {
            let message = &live.message;
            let Origin::Smpp { smpp_account } = message.origin else { continue };
            let Some(state) = to_replay(live) else { continue };
            let final_at = live.progress().segments.iter().filter_map(|own| own.final_at).max().unwrap_or(self.now);
            let mut outcome = outcome(message, state, final_at);
            fill_in(&mut outcome, &live.progress().segments);
            outcome.replayed = true;
            self.notice_to(TargetId::from(smpp_account), OutboxKind::Deliver, message, outcome);
        }
    }
}

/// How a message has ended whose receipt can be told once more; `None` when it has not, or its client did not ask for that.
pub(crate) fn to_replay(live: &Live) -> Option<MessageState> {
    let state = MessageState::combine(&states_that_count(&live.progress().segments));
    (state.is_final() && is_asked_for(&live.message, state)).then_some(state)
}

/// Whether the client asked for this kind of end.
fn is_asked_for(message: &Message, state: MessageState) -> bool {
    let delivered = state.is_paid();
    match (message.origin, message.registered_delivery & FINAL_BITS) {
        (Origin::Smpp { .. }, FAILURES) => !delivered,
        (Origin::Smpp { .. }, SUCCESSES) => delivered,
        _ => true,
    }
}

fn outcome(message: &Message, state: MessageState, final_at: Timestamp) -> Outcome {
    Outcome {
        message_id: message.id,
        answered_id: message.answered_id,
        account_id: message.account_id,
        sender: message.sender.to_string(),
        destination: match message.origin {
            // A client ESME knows its receipts again by the number.
            Origin::Smpp { .. } => message.destination,
            Origin::Rest { .. } => message.kept_destination(),
        }
        .to_string(),
        state,
        error: None,
        segments: message.charged_segments(),
        client_ref: message.client_ref.clone(),
        accepted_at: message.accepted_at,
        final_at,
        done_at: None,
        delivered: 0,
        operator_error: None,
        intermediate: None,
        text_sealed: None,
        event_id: None,
        replayed: false,
    }
}

/// What the segments tell: how many arrived, when the last ended by the operator's word, and why the first did that failed.
fn fill_in(outcome: &mut Outcome, segments: &[SegmentProgress]) {
    let delivered = segments.iter().filter(|own| own.state == MessageState::Delivered).count();
    outcome.delivered = u8::try_from(delivered).unwrap_or(u8::MAX);
    outcome.done_at = segments.iter().filter_map(|own| own.done_at).max();
    let failed = segments.iter().filter(|own| own.state != MessageState::Delivered);
    outcome.operator_error = failed.filter_map(|own| own.operator_error.as_deref().map(str::to_owned)).next();
}
