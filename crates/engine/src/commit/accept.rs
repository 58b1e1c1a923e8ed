//! Taking a message: admission against the wallet, id, rows, tasks.

use std::sync::Arc;

use sambac_bus::{Queued, Task};
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, ConnectorId, MessageId, PostingId, SegmentId};
use sambac_domain::ledger::PostingKind;
use sambac_domain::message::Message;
use sambac_domain::planted::{Bug, planted};
use sambac_domain::rating::ChargePolicy;
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use sambac_store::rows::{ChargeState, MessageTagRow, OutboxKind};
use sambac_store::{NewCharge, NewIdempotency, NewMessage, NewOutbox};
use smallvec::SmallVec;

use super::part_groups::Owner;
use super::{Accept, Committer, OtpSend, Reply, target_of};
use crate::breakage::Hand;
use crate::kill_point;
use crate::ledger::Hold;
use crate::live::{Live, SegmentProgress};
use crate::refusal::Refusal;
use crate::submit::{Draft, STATE_TAKEN, Submitted, total_price};

impl Committer {
    pub(super) fn accept(&mut self, accept: Accept) {
        if accept.reply.is_abandoned() {
            return; // Whoever has stopped waiting is going to ask again.
        }
        if let Some(code) = self.otp_refuses(&accept) {
            return self.after.refuse(accept.reply, code.into());
        }
        let Accept { draft, reply, claim, otp, place: _place } = accept;
        match self.admit(draft, otp, Some(&reply)) {
            Ok(submitted) => self.after.accepted(reply, submitted, claim),
            Err(refusal) => {
                self.inner.metrics.refused(refusal.code);
                self.after.refuse(reply, refusal);
            }
        }
    }

    /// Takes a message, or not; `reply` is who waits for that, where one is alone in it.
    pub(super) fn admit(
        &mut self,
        mut draft: Draft,
        otp: Option<OtpSend>,
        reply: Option<&Reply>,
    ) -> Result<Submitted, Refusal> {
        let account = draft.request.account_id;
        if self.breaks_on(Hand::of_draft(&draft)) {
            return Err(ErrorCode::MessageBreaks.into());
        }
        kill_point::breaks("accept", draft.request.destination);
        if let Some(code) = reply.and_then(Reply::revoked).or_else(|| self.suspended(account)) {
            return Err(code.into());
        }
        draft.price_at(&self.snapshot, self.now)?;
        let total = total_price(draft.price_micros, draft.segments)?;
        self.within_limits(&draft, total)?;
        let to_hold = if planted(Bug::PriceDoubled) { total * 2 } else { total };
        let hold = self.inner.ledger().hold(account, to_hold, &self.inner.ids, self.now);
        let hold = hold.map_err(|_| ErrorCode::InsufficientFunds)?;
        if !draft.is_played() {
            self.spend(account, draft.country, total);
        }
        let taken = (draft.priced.policy == ChargePolicy::Submit).then(|| self.take_at_once(&hold, total)).flatten();
        let id = MessageId::from_raw(self.inner.ids.next(self.now));
        let submitted = self.submitted(id, &draft, total);
        self.tags(id, &mut draft);
        self.idempotency_row(&draft, &submitted);
        let (group, connector) = self.group_of(id, &draft);
        let answered_id = reply.and_then(|reply| reply.answered_id(id));
        if connector != draft.connector_id {
            draft.cost = draft.cost_by(&self.snapshot, connector, self.now);
        }
        let mut message = Message { answered_id, ..self.message(id, draft, group) };
        if hold.payer != account {
            message.options.get_or_insert_default().wallet_of = Some(hold.payer);
        }
        let message = Arc::new(message);
        let charge = if taken.is_some() { ChargeState::Captured } else { ChargeState::Held };
        let state = state_taken(&message, self.now);
        let first = SegmentProgress { state, charge, ..SegmentProgress::new(connector) };
        self.message_rows(&message, (hold, taken), &first);
        if let Some(otp) = otp {
            self.otp_sent(otp, id, message.charge_policy);
        }
        let segments: SmallVec<_> = std::iter::repeat_n(first, message.segment_count.into()).collect();
        self.inner.live.insert(Arc::new(Live::new(message, segments, false)));
        self.inner.metrics.accepted();
        Ok(submitted)
    }

    /// Words by which it is found again are kept apart from it.
    fn tags(&mut self, id: MessageId, draft: &mut Draft) {
        let Some(options) = &mut draft.options else { return };
        let owner_id = draft.request.account_id;
        let row = |tag| MessageTagRow { owner_id, tag, of_message: id };
        self.batch.tags.extend(std::mem::take(&mut options.tags).into_iter().map(row));
        draft.options.take_if(|options| options.is_empty());
    }

    /// Suspended by the configuration that holds now: the message was checked against the one before it.
    fn suspended(&self, account: AccountId) -> Option<ErrorCode> {
        let active = |id: AccountId| self.snapshot.account(id).filter(|account| account.active);
        // Who shares a wallet sends with it as long as its owner may.
        let may_send = active(account).is_some_and(|own| own.wallet_of.is_none_or(|owner| active(owner).is_some()));
        (!may_send).then_some(ErrorCode::AccountSuspended)
    }

    /// What is paid for when it is taken is captured in the same batch.
    fn take_at_once(&mut self, hold: &Hold, micros: i64) -> Option<PostingId> {
        let taken = self.inner.ledger().post(hold.payer, PostingKind::Capture, micros, &self.inner.ids, self.now);
        taken.inspect_err(|refused| tracing::error!(?refused, "what was just held is not captured")).ok()
    }

    fn submitted(&self, message_id: MessageId, draft: &Draft, total: i64) -> Submitted {
        Submitted {
            message_id,
            segments: draft.parts,
            encoding: draft.body.encoding(),
            price_micros: total,
            currency: draft.currency,
            accepted_at: self.now,
            expires_at: draft.expires_at(self.now),
            send_at: draft.options.as_ref().and_then(|options| options.deliver_at).filter(|at| *at > self.now),
            replayed: false,
        }
    }

    fn idempotency_row(&mut self, draft: &Draft, submitted: &Submitted) {
        let Some(idempotency) = &draft.request.idempotency else { return };
        if planted(Bug::IdempotencyNotStored) {
            return;
        }
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

    /// The group of a part of a client's long message, and the connector that its parts go to.
    fn group_of(&mut self, id: MessageId, draft: &Draft) -> (Option<MessageId>, ConnectorId) {
        let request = &draft.request;
        let first = self.first_there(draft);
        let Some(part) = request.part else { return (None, first) };
        let owner = Owner { account: request.account_id, sender: request.sender, destination: request.destination };
        let (group, connector) = self.part_groups.join(owner, part, (id, first), self.now);
        // The route may have changed since the first part came.
        let usable = self.snapshot.connectors.get(&connector).is_some_and(|row| row.enabled)
            && self.snapshot.connectors_of(draft.route_id).contains(&connector)
            && draft.leaves_enough(&self.snapshot, draft.cost_by(&self.snapshot, connector, self.now));
        (Some(group), if usable { connector } else { first })
    }

    /// Who begins: the connector that was chosen, or, while that is away, the first of the route that is there.
    fn first_there(&self, draft: &Draft) -> ConnectorId {
        if !self.inner.connectors.is_away(draft.connector_id) {
            return draft.connector_id;
        }
        let usable = |id: &&ConnectorId| {
            self.is_there(**id) && draft.leaves_enough(&self.snapshot, draft.cost_by(&self.snapshot, **id, self.now))
        };
        let order = self.snapshot.connectors_of(draft.route_id);
        order.iter().find(usable).copied().unwrap_or(draft.connector_id)
    }

    fn message(&mut self, id: MessageId, draft: Draft, group: Option<MessageId>) -> Message {
        let expires_at = draft.expires_at(self.now);
        let request = draft.request;
        let mut options = draft.options;
        if draft.segments > 1 {
            let reference = self.references.next(request.sender, request.destination);
            options.get_or_insert_default().reference = Some(reference);
        }
        if group.is_some() {
            options.get_or_insert_default().group = group;
        }
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
            rate_id: draft.priced.rate_id,
            price_micros: draft.price_micros,
            currency: draft.currency,
            accepted_at: self.now,
            expires_at,
            client_ref: request.client_ref,
            receipt_wanted: request.receipt_wanted,
            answered_id: None,
            registered_delivery: request.registered_delivery,
            options,
            charge_policy: draft.priced.policy,
            cost: draft.cost,
        }
    }

    fn message_rows(
        &mut self,
        message: &Arc<Message>,
        (hold, taken): (Hold, Option<PostingId>),
        first: &SegmentProgress,
    ) {
        let body = self.inner.settings.seal.seal_once(message.id.raw(), &message.body.to_bytes());
        self.batch.messages.push(NewMessage::new(Arc::clone(message), body, first.state));
        // A row with a time waits in the table until it has come.
        let deliver_at = message.options.as_ref().and_then(|options| options.deliver_at);
        let due_at = deliver_at.filter(|_| first.state == MessageState::Scheduled).unwrap_or(Timestamp::EPOCH);
        let target = target_of(first.connector);
        let lane = message.class.lane();
        for no in 1..=message.segment_count {
            let segment = SegmentId::new(message.id, no);
            self.batch.segments.push(first.row(segment));
            self.batch.charges.push(NewCharge {
                id: segment,
                account_id: message.account_id,
                rate_id: message.rate_id,
                amount_micros: message.price_micros,
                currency: message.currency,
                policy: message.charge_policy,
                hold_posting_id: hold.posting,
                wallet_of: Some(hold.payer).filter(|payer| *payer != message.account_id),
                block_id: 0,
                state: first.charge,
                captured_micros: if taken.is_some() { message.price_micros } else { 0 },
                settle_posting_id: taken,
                correct_posting_id: None,
                settle_block_id: None,
            });
            let row = NewOutbox {
                target,
                lane,
                id: segment.raw(),
                kind: OutboxKind::Submit,
                attempt: 0,
                due_at,
                payload: None,
            };
            self.batch.outbox.extend(Some(row).filter(|_| no == 1 || !planted(Bug::TaskNotStored)));
            if due_at > Timestamp::EPOCH {
                continue;
            }
            let task = Task::Submit { segment, attempt: 0, message: Arc::clone(message) };
            self.after.publish_accepted(Queued { target, lane, id: segment.raw(), task });
        }
    }
}

/// A message for later waits in the table; one that is not, or that the operator keeps, goes at once.
fn state_taken(message: &Message, now: Timestamp) -> MessageState {
    let waits = message.options.as_ref().is_some_and(|options| {
        !options.operator_waits && options.deliver_at.is_some_and(|deliver_at| deliver_at > now)
    });
    if waits { MessageState::Scheduled } else { STATE_TAKEN }
}
