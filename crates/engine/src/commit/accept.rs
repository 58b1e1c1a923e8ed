//! Taking a message: admission against the wallet, id, rows, tasks.

use std::sync::Arc;

use sambac_bus::{Queued, Task};
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{MessageId, PostingId, SegmentId};
use sambac_domain::message::Message;
use sambac_domain::time::Timestamp;
use sambac_store::rows::{ChargeState, OutboxKind};
use sambac_store::{NewCharge, NewIdempotency, NewMessage, NewOutbox, Sealed};
use smallvec::SmallVec;

use super::{Accept, Committer, target_of};
use crate::live::{Live, SegmentProgress};
use crate::submit::{Draft, STATE_TAKEN, Submitted, total_price};

impl Committer {
    pub(super) fn accept(&mut self, accept: Accept) {
        let Accept { draft, reply, claim, place: _place } = accept;
        if reply.is_abandoned() {
            return; // Whoever has stopped waiting is going to ask again.
        }
        let account = draft.request.account_id;
        let total = match total_price(draft.price_micros, draft.segments) {
            Ok(total) => total,
            Err(refusal) => return self.after.refuse(reply, refusal),
        };
        let hold = self.inner.ledger().hold(account, total, &self.inner.ids, self.now);
        let Ok(hold) = hold else {
            self.inner.metrics.refused(ErrorCode::InsufficientFunds);
            return self.after.refuse(reply, ErrorCode::InsufficientFunds.into());
        };
        let id = MessageId::from_raw(self.inner.ids.next(self.now));
        let submitted = self.submitted(id, &draft, total);
        self.idempotency_row(&draft, &submitted);
        let connector = draft.connector_id;
        let answered_id = reply.answered_id(id);
        let message = Arc::new(Message { answered_id, ..self.message(id, draft) });
        self.message_rows(&message, hold, connector);
        let segments: SmallVec<_> = (0..message.segment_count).map(|_| SegmentProgress::new(connector)).collect();
        self.inner.live.insert(Arc::new(Live::new(message, segments, false)));
        self.inner.metrics.accepted();
        self.after.accepted(reply, submitted, claim);
    }

    fn submitted(&self, message_id: MessageId, draft: &Draft, total: i64) -> Submitted {
        Submitted {
            message_id,
            segments: draft.segments,
            price_micros: total,
            currency: draft.currency,
            accepted_at: self.now,
            expires_at: self.now.saturating_add(draft.validity),
            replayed: false,
        }
    }

    fn idempotency_row(&mut self, draft: &Draft, submitted: &Submitted) {
        let Some(idempotency) = &draft.request.idempotency else { return };
        self.batch.idempotency.push(NewIdempotency {
            account_id: draft.request.account_id,
            key: idempotency.key.clone(),
            fingerprint: idempotency.fingerprint.clone(),
            message_id: submitted.message_id,
            // A struct of plain numbers and ids always serialises.
            response: serde_json::to_string(submitted).unwrap_or_default(),
            created_at: self.now,
        });
    }

    fn message(&self, id: MessageId, draft: Draft) -> Message {
        let request = draft.request;
        Message {
            id,
            account_id: request.account_id,
            origin: request.origin,
            sender: request.sender,
            destination: request.destination,
            class: request.class,
            body: draft.body,
            segment_count: draft.segments,
            mcc_mnc: draft.mcc_mnc,
            route_id: draft.route_id,
            rate_id: draft.rate_id,
            price_micros: draft.price_micros,
            currency: draft.currency,
            accepted_at: self.now,
            expires_at: self.now.saturating_add(draft.validity),
            client_ref: request.client_ref,
            receipt_wanted: request.receipt_wanted,
            answered_id: None,
            registered_delivery: request.registered_delivery,
        }
    }

    fn message_rows(&mut self, message: &Arc<Message>, hold: PostingId, connector: sambac_domain::id::ConnectorId) {
        let body = self.inner.settings.seal.seal_once(message.id.raw(), &message.body.to_bytes());
        self.batch.messages.push(NewMessage {
            message: Arc::clone(message),
            body: Some(Sealed(body)),
            state: STATE_TAKEN,
            error: None,
            final_at: None,
        });
        let target = target_of(connector);
        let lane = message.class.lane();
        for no in 1..=message.segment_count {
            let segment = SegmentId::new(message.id, no);
            self.batch.segments.push(SegmentProgress::new(connector).row(segment));
            self.batch.charges.push(NewCharge {
                id: segment,
                account_id: message.account_id,
                rate_id: message.rate_id,
                amount_micros: message.price_micros,
                currency: message.currency,
                state: ChargeState::Held,
                hold_posting_id: hold,
                settle_posting_id: None,
            });
            self.batch.outbox.push(NewOutbox {
                target,
                lane,
                id: segment.raw(),
                kind: OutboxKind::Submit,
                attempt: 0,
                due_at: Timestamp::EPOCH,
                payload: None,
            });
            let task = Task::Submit { segment, attempt: 0, message: Arc::clone(message) };
            self.after.publish_accepted(Queued { target, lane, id: segment.raw(), task });
        }
    }
}
