//! What becomes of a segment once the operator has answered, or has not.

use std::sync::Arc;
use std::time::Duration;

use sambac_bus::{Attempt, Queued, Task};
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{ConnectorId, IntentId, SegmentId};
use sambac_domain::planted::{Bug, planted};
use sambac_domain::profile::{Action, ErrorSettings, UnknownPolicy, Verdict, Without};
use sambac_domain::receipt::IdSide;
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use sambac_smpp::CommandStatus;
use sambac_store::rows::OutboxKey;
use sambac_store::{NewIntent, OutboxMove};

use super::{Adopted, Announcement, Answer, AnswerOutcome, Committer, Intent, Recovered, key_of, target_of};
use crate::breakage::{Hand, Step};
use crate::kill_point;
use crate::live::{Live, Progress, SegmentProgress};
use crate::tariff::cost::may_go_by;

/// A delay that grows does so this often.
const GROWTHS_MAX: u8 = 3;

/// A segment under decision: who it is and where its outbox row stands.
pub(super) struct Case {
    pub(super) live: Arc<Live>,
    pub(super) segment: SegmentId,
    pub(super) row: OutboxKey,
    pub(super) connector: ConnectorId,
}

impl Committer {
    /// Segments are about to be sent: remember which, so that a crash leaves no doubt about the others. Here it is also
    /// made sure that no segment is on its way twice, however it came to be in a queue twice.
    pub(super) fn intent(&mut self, intent: Intent) {
        let Intent { connector, segments, epoch, stored } = intent;
        let id = IntentId::from_raw(self.inner.ids.next(self.now));
        let (segments, refused): (Vec<_>, Vec<_>) = segments.into_iter().partition(|segment| {
            self.may_be_sent(*segment, connector)
                && !self.ends_broken(*segment, connector)
                && !self.ends_unwanted_in_queue(*segment, connector)
                && self.announced.insert(*segment)
        });
        let replaced = self.replaced_among(&segments);
        if !segments.is_empty() {
            self.open_intents.insert(id, segments.len());
            let intent = NewIntent { id, connector_id: connector, segments, created_at: self.now, epoch };
            self.batch.intents.extend(Some(intent).filter(|_| !planted(Bug::IntentNotStored)));
        }
        let announcement = Announcement { intent: id, refused, replaced };
        if planted(Bug::SentBeforeIntent) {
            return drop(stored.send(announcement));
        }
        self.after.intent(stored, announcement);
    }

    pub(super) fn may_be_sent(&self, segment: SegmentId, connector: ConnectorId) -> bool {
        if self.waiting.contains(&segment) {
            return false;
        }
        self.live(segment.message()).is_some_and(|live| {
            live.progress().of(segment).is_some_and(|progress| {
                let waiting = [MessageState::Routed, MessageState::SubmitUnknown].contains(&progress.state);
                waiting && progress.connector == connector
            })
        })
    }

    pub(super) fn answer(&mut self, answer: Answer) {
        self.close_intent(answer.intent);
        self.announced.remove(&answer.segment);
        if let Some(slot) = answer.slot {
            if planted(Bug::SlotLeaked) && matches!(answer.outcome, AnswerOutcome::Refused { .. }) {
                std::mem::forget(slot);
            } else {
                self.after.free(slot);
            }
        }
        let Some(live) = self.live(answer.segment.message()) else {
            tracing::error!(message = %answer.segment.message(), "answer for a message that is not stored");
            return;
        };
        let case = Case { live, segment: answer.segment, row: key_of(&answer.queued), connector: answer.connector };
        if self.breaks_on(Hand::of(Step::Answer, answer.segment.message())) {
            return self.wait_for_expiry(&case);
        }
        kill_point::breaks("answer", case.live.message.destination);
        let is_open = case.with(|progress| {
            let is_open = !progress.state.is_final();
            progress.submitted_at = answer.submitted_at.filter(|_| is_open).or(progress.submitted_at);
            is_open
        });
        if is_open != Some(true) {
            // It ended meanwhile (expired, or by an earlier attempt's receipt): only the outbox row is left to remove.
            self.batch.outbox_done.push(case.row.clone());
            return;
        }
        match answer.outcome {
            AnswerOutcome::Accepted { smsc_message_id } => {
                self.submitted_to_operator(&case, &smsc_message_id, answer.answered_at);
            }
            AnswerOutcome::Refused { status, verdict } => {
                case.with(|progress| progress.answered_at = Some(answer.answered_at));
                self.dirty(case.segment, &case.live);
                self.refused_by_operator(&case, (status, verdict), answer.queued, answer.queue);
            }
            AnswerOutcome::Unknown if planted(Bug::SilenceIsRefusal) => {
                self.fail(&case, MessageState::Failed, ErrorCode::SubmitUnknown);
            }
            AnswerOutcome::Unknown => self.unknown(&case, Some((answer.queued, answer.queue))),
            AnswerOutcome::NotSent => self.again(&case, answer.queued, answer.queue),
            AnswerOutcome::Expired if case.is_in_doubt() => self.wait_for_expiry(&case),
            AnswerOutcome::Expired => self.fail(&case, MessageState::Expired, ErrorCode::Expired),
            AnswerOutcome::Unsendable => self.fail_over(&case, ErrorCode::TextNotEncodable),
            AnswerOutcome::Broken => self.fail_over(&case, ErrorCode::MessageBreaks),
        }
    }

    /// One announced segment less to wait for; an intent without any is deleted.
    fn close_intent(&mut self, intent: IntentId) {
        let Some(open) = self.open_intents.get_mut(&intent) else { return };
        *open = open.saturating_sub(1);
        if *open == 0 {
            self.open_intents.remove(&intent);
            self.batch.intents_done.push(intent);
        }
    }

    fn submitted_to_operator(&mut self, case: &Case, smsc_message_id: &str, answered_at: Timestamp) {
        let key = self.snapshot.receipt_key(case.connector, smsc_message_id, IdSide::Answer);
        case.with(|progress| {
            progress.state = MessageState::Submitted;
            progress.attempts = progress.attempts.saturating_add(1);
            progress.command_status = Some(CommandStatus::ROK.0);
            progress.smsc_message_id = Some(smsc_message_id.into());
            progress.receipt_key = key.filter(|_| !planted(Bug::ReceiptIdNotStored));
            progress.answered_at = Some(answered_at);
            progress.error = None;
        });
        if !planted(Bug::OutboxNotCleared) {
            self.batch.outbox_done.push(case.row.clone());
        }
        self.dirty(case.segment, &case.live);
        self.inner.metrics.submitted();
        self.settle_when_taken(&case.live, case.segment);
        let group = self.receipt_group(case.connector);
        self.awaiting.insert(group, case.live.message.destination, case.segment);
        if let Some(key) = key {
            self.expect_receipt(key, case.segment);
            self.match_orphans(key, case.segment, &case.live);
            self.ask_when_overdue(case.connector, case.segment, answered_at);
        } else {
            // Its receipt can be matched by number at best (Q-B16).
            self.event(case.segment, "answer_without_id", None);
        }
        self.wipe_when_taken(&case.live);
        self.ends_without_receipt(&case.live, case.segment, case.connector);
    }

    /// Operators have all of it now: nobody needs its text any more.
    fn wipe_when_taken(&mut self, live: &Live) {
        let is_taken = |own: &SegmentProgress| own.state == MessageState::Submitted || own.state.is_final();
        if live.message.redaction().text && live.progress().segments.iter().all(is_taken) {
            self.batch.bodies_wiped.push(live.message.id);
        }
    }

    fn refused_by_operator(
        &mut self,
        case: &Case,
        (status, verdict): (CommandStatus, Verdict),
        queued: Queued,
        queue: Arc<sambac_bus::TargetQueue>,
    ) {
        self.inner.metrics.refused_by_operator();
        let is_pace = matches!(verdict.action, Action::Throttle | Action::Pause) && verdict.without.is_none();
        if is_pace && !planted(Bug::ThrottledIsRefused) {
            // The link is to blame, not the message: no attempt is counted.
            return self.again(case, queued, queue);
        }
        case.with(|progress| {
            progress.attempts = progress.attempts.saturating_add(1);
            progress.command_status = Some(status.0);
            progress.operator_error = Some(status.to_string().into());
        });
        let attempt = attempt_of(&queued);
        if let Some(without) = verdict.without.filter(|without| !attempt.is_without(*without)) {
            return self.retry_without(case, without, queued, queue);
        }
        match verdict.action {
            Action::Throttle | Action::Pause if planted(Bug::ThrottledIsRefused) => self.fail_over(case, verdict.code),
            Action::Throttle | Action::Pause => self.again(case, queued, queue),
            Action::Retry => self.retry_later(case, verdict, attempt),
            Action::FailOver => self.fail_over(case, verdict.code),
            Action::Stop => self.fail_over(case, ErrorCode::OperatorUnavailable),
            Action::Permanent => self.fail(case, MessageState::Rejected, verdict.code),
        }
    }

    /// Waits in the queue again; not if its time is over meanwhile, which nobody would notice any more.
    fn again(&mut self, case: &Case, queued: Queued, queue: Arc<sambac_bus::TargetQueue>) {
        if self.is_too_late(case) {
            return self.fail(case, MessageState::Expired, ErrorCode::Expired);
        }
        self.after.put_back(queue, queued);
    }

    /// Whether its validity is over and nothing of it was ever sent.
    fn is_too_late(&self, case: &Case) -> bool {
        case.live.message.is_expired(self.now) && !case.is_in_doubt()
    }

    /// Once more, at once, without the fields that the operator does not take; the outbox row remembers which.
    fn retry_without(
        &mut self,
        case: &Case,
        without: Without,
        mut queued: Queued,
        queue: Arc<sambac_bus::TargetQueue>,
    ) {
        let attempts = case.with(|progress| progress.attempts).unwrap_or(0);
        let raw = attempt_of(&queued).counted(attempts).without(without).raw();
        if let Task::Submit { attempt, .. } = &mut queued.task {
            *attempt = raw;
        }
        let (from, to) = (case.row.clone(), case.row.clone());
        if self.is_too_late(case) {
            return self.fail(case, MessageState::Expired, ErrorCode::Expired);
        }
        self.batch.outbox_moves.push(OutboxMove { from, to, attempt: raw, due_at: Timestamp::EPOCH });
        self.event(case.segment, "retry", Some(format!("without {without:?}").to_lowercase()));
        self.after.put_back(queue, queued);
    }

    /// Sent, and no answer: perhaps it arrived. The profile and the traffic class decide whether it may be sent again here.
    fn unknown(&mut self, case: &Case, task: Option<(Queued, Arc<sambac_bus::TargetQueue>)>) {
        let attempts = case.with(|progress| {
            progress.state = MessageState::SubmitUnknown;
            progress.attempts = progress.attempts.saturating_add(1);
            progress.possible_duplicate = !planted(Bug::DoubtNotMarked);
            progress.attempts
        });
        self.dirty(case.segment, &case.live);
        self.event(case.segment, "submit_unknown", None);
        self.in_doubt.lost(case.live.message.destination, case.segment, self.now);
        self.inner.metrics.unknown();
        if self.inner.breakages.knows(Hand::of(Step::Answer, case.segment.message())) {
            // The next answer might end the process again, after the handset got it again.
            return self.wait_for_expiry(case);
        }
        match self.errors(case).map_or(UnknownPolicy::ByClass, |errors| errors.unanswered) {
            UnknownPolicy::Wait => return self.wait_for_expiry(case),
            UnknownPolicy::ByClass => {}
        }
        if !case.live.message.class.resend_after_unknown() && !planted(Bug::OtpSentAgain) {
            return self.fail_over(case, ErrorCode::SubmitUnknown);
        }
        if attempts.is_some_and(|attempts| attempts >= self.attempts_max(case)) {
            return self.wait_for_expiry(case);
        }
        if let Some((mut queued, queue)) = task {
            let counted = attempt_of(&queued).counted(attempts.unwrap_or(1)).raw();
            if let Task::Submit { attempt, .. } = &mut queued.task {
                *attempt = counted;
            }
            self.after.put_back(queue, queued);
        }
    }

    /// Here again after a while; elsewhere when that was tried often enough or would come too late, or else the end.
    fn retry_later(&mut self, case: &Case, verdict: Verdict, attempt: Attempt) {
        let attempts = case.with(|progress| progress.attempts).unwrap_or(0);
        let has_next = self.next_connector(case).is_some();
        let (delay_ms, here_max) =
            self.errors(case).map_or((5_000, 2), |errors| (errors.retry_delay_ms, errors.attempts_before_fail_over));
        let growths = if verdict.grows { attempts.clamp(1, GROWTHS_MAX) } else { 1 };
        let delay_ms = verdict.after_ms.unwrap_or(delay_ms).saturating_mul(u64::from(growths));
        let delay_ms = if planted(Bug::RetriedAtOnce) { 1 } else { delay_ms };
        let due_at = self.now.saturating_add(Duration::from_millis(delay_ms));
        let too_often = attempts >= self.attempts_max(case) || has_next && attempts >= here_max;
        if too_often || due_at >= case.live.message.expires_at {
            return self.fail_over(case, ErrorCode::OperatorUnavailable);
        }
        self.batch.outbox_moves.push(OutboxMove {
            from: case.row.clone(),
            to: case.row.clone(),
            attempt: attempt.counted(attempts).raw(),
            due_at,
        });
        let error = case.with(|progress| progress.operator_error.as_deref().map(str::to_owned)).flatten();
        self.event(case.segment, "retry", error);
    }

    /// What its connector's profile says of refusals.
    fn errors(&self, case: &Case) -> Option<&ErrorSettings> {
        self.snapshot.profile(case.connector).map(|profile| &profile.errors)
    }

    /// Attempts at one segment over all connectors.
    fn attempts_max(&self, case: &Case) -> u8 {
        let own = self.errors(case).map(|errors| errors.attempts_max).filter(|own| *own > 0);
        own.unwrap_or(self.inner.settings.attempts_max)
    }

    /// To the route's next connector; when there is none, the end.
    fn fail_over(&mut self, case: &Case, why: ErrorCode) {
        let attempts = case.with(|progress| progress.attempts).unwrap_or(0);
        let next = self.next_connector(case);
        let Some(next) = next.filter(|_| attempts < self.attempts_max(case)) else {
            if why == ErrorCode::SubmitUnknown {
                return self.wait_for_expiry(case);
            }
            return self.fail(case, MessageState::Failed, why);
        };
        if self.is_too_late(case) {
            return self.fail(case, MessageState::Expired, ErrorCode::Expired);
        }
        self.hand_to(case, next);
    }

    /// From now on the segment waits for another connector.
    pub(super) fn hand_to(&mut self, case: &Case, next: ConnectorId) {
        let attempts = case.with(|progress| progress.attempts).unwrap_or(0);
        let to = OutboxKey { target: target_of(next), ..case.row.clone() };
        // A connector with a full queue takes it later, from the table: memory does not grow with what fails over.
        let queue = self.inner.bus.queue(to.target);
        let is_full = queue.lane_len(to.lane) >= self.inner.settings.lane_capacity;
        let due_at = match case.scheduled_for() {
            Some(deliver_at) => deliver_at,
            None if is_full => self.now,
            None => Timestamp::EPOCH,
        };
        let moved = OutboxMove { from: case.row.clone(), to: to.clone(), attempt: u16::from(attempts), due_at };
        self.batch.outbox_moves.extend(Some(moved).filter(|_| !planted(Bug::FailOverNotStored)));
        // The state goes forward only: a segment in doubt stays in doubt while it is tried elsewhere.
        case.with(|progress| progress.connector = next);
        self.dirty(case.segment, &case.live);
        if let Some(group) = case.live.message.options.as_ref().and_then(|options| options.group) {
            self.part_groups.moved(group, next);
        }
        self.event(case.segment, "failed_over", Some(next.to_string()));
        if due_at > Timestamp::EPOCH {
            return;
        }
        let task = Task::Submit {
            segment: case.segment,
            attempt: u16::from(attempts),
            message: Arc::clone(&case.live.message),
        };
        self.after.put_back(queue, Queued { target: to.target, lane: to.lane, id: to.id, task });
    }

    /// The connector after the present one in the route's order, among those that are enabled and leave enough of the price; the
    /// first when the present one was taken out of the route.
    pub(super) fn next_connector(&self, case: &Case) -> Option<ConnectorId> {
        let order = self.snapshot.connectors_of(case.live.message.route_id);
        let begin = order.iter().position(|id| *id == case.connector).map_or(0, |place| place + 1);
        let usable = |id: &&ConnectorId| {
            let enabled = self.snapshot.connectors.get(id).is_some_and(|row| row.enabled);
            enabled && may_go_by(&self.snapshot, &case.live.message, **id)
        };
        order.iter().skip(begin).find(usable).copied()
    }

    /// A connector of the route that is there: any other for a segment that was never tried, else one after the present one.
    pub(super) fn reachable_connector(&self, case: &Case) -> Option<ConnectorId> {
        let order = self.snapshot.connectors_of(case.live.message.route_id);
        let begin = order.iter().position(|id| *id == case.connector).map_or(0, |place| place + 1);
        let before = if case.with(|progress| progress.attempts) == Some(0) { begin.saturating_sub(1) } else { 0 };
        let others = order.iter().skip(begin).chain(order.iter().take(before));
        others.copied().find(|id| self.is_there(*id) && may_go_by(&self.snapshot, &case.live.message, *id))
    }

    /// Whether a connector can be expected to send now.
    pub(super) fn is_there(&self, id: ConnectorId) -> bool {
        self.snapshot.connectors.get(&id).is_some_and(|row| row.enabled) && !self.inner.connectors.is_away(id)
    }

    /// Nothing more can be done but wait: for a receipt, or for the end of the validity.
    pub(super) fn wait_for_expiry(&mut self, case: &Case) {
        let group = self.receipt_group(case.connector);
        self.in_doubt.insert(group, case.live.message.destination, case.segment);
        self.waiting.insert(case.segment);
        self.batch.outbox_done.push(case.row.clone());
    }

    /// The segment ends here, without having been delivered.
    pub(super) fn fail(&mut self, case: &Case, state: MessageState, error: ErrorCode) {
        self.batch.outbox_done.push(case.row.clone());
        self.end_segment(&case.live, case.segment, state, Some(error), self.now);
    }

    /// After a crash: which of the announced segments have no answer? Not those that were answered since and wait for
    /// another attempt, nor those that have moved to another connector.
    pub(super) fn recovered(&mut self, recovered: &Recovered) {
        for segment in &recovered.segments {
            let Some(live) = self.live(segment.message()) else { continue };
            self.in_hand = Some(Hand::of(Step::Answer, segment.message()));
            if self.has_no_answer(*segment, recovered.connector, recovered.announced_at) {
                let target = target_of(recovered.connector);
                let row = OutboxKey { target, lane: live.message.class.lane(), id: segment.raw() };
                self.unknown(&Case { live, segment: *segment, row, connector: recovered.connector }, None);
            }
        }
        self.batch.intents_done.extend(recovered.intent);
    }

    /// After a crash, while another node sends: those of the announced segments that have no answer stay announced.
    pub(super) fn adopted(&mut self, adopted: Adopted) {
        let Adopted { intent, connector, announced_at, segments, is_carried, done } = adopted;
        if !is_carried {
            self.recovered(&Recovered { intent: Some(intent), connector, announced_at, segments });
            return;
        }
        let is_open = |id: &SegmentId| self.has_no_answer(*id, connector, announced_at);
        let mut open: Vec<_> = segments.into_iter().filter(is_open).collect();
        // A later intent, which was taken up before, may have it.
        open.retain(|id| self.announced.insert(*id));
        if open.is_empty() && !self.open_intents.contains_key(&intent) {
            self.batch.intents_done.push(intent);
        } else {
            *self.open_intents.entry(intent).or_default() += open.len();
        }
        // Whoever waits has gone only with the engine.
        let _ = done.send(open);
    }

    fn has_no_answer(&self, segment: SegmentId, connector: ConnectorId, announced_at: Timestamp) -> bool {
        let Some(live) = self.live(segment.message()) else { return false };
        live.progress().of(segment).is_some_and(|progress| {
            let answered = progress.answered_at.is_some_and(|at| at > announced_at);
            !answered && !progress.state.is_final() && progress.connector == connector
        })
    }

    /// The validity of these messages is over: what was not sent ends now, what was sent when its receipt is overdue.
    pub(super) fn expire(&mut self, messages: &[sambac_domain::id::MessageId]) {
        for id in messages {
            if self.breaks_on(Hand::of(Step::Expire, *id)) {
                continue;
            }
            // A replace_sm may have given it more time since it was looked for.
            let Some(live) = self.live(*id).filter(|live| live.message.is_expired(self.now)) else { continue };
            let overdue = self.now >= live.message.expires_at.saturating_add(self.inner.settings.receipt_grace);
            for segment in live.message.segment_ids() {
                let open = live.progress().of(segment).filter(|progress| !progress.state.is_final()).cloned();
                let Some(progress) = open else { continue };
                let sent = matches!(progress.state, MessageState::Submitted | MessageState::SubmitUnknown);
                // What is announced may be on its way: its answer decides, or its connector, which has the end of validity in view.
                if !overdue && (sent || self.announced.contains(&segment)) {
                    continue;
                }
                let why = if sent { ErrorCode::ReceiptTimeout } else { ErrorCode::Expired };
                let (target, lane) = (target_of(progress.connector), live.message.class.lane());
                let row = OutboxKey { target, lane, id: segment.raw() };
                self.after.withdraw(row.clone());
                self.batch.outbox_done.push(row);
                self.end_segment(&live, segment, MessageState::Expired, Some(why), self.now);
            }
        }
    }

    /// Receipts are matched among the connectors of a group: they may come in by any of its hosts.
    pub(super) fn receipt_group(&self, connector: ConnectorId) -> i64 {
        self.snapshot.receipt_group(connector)
    }
}

fn attempt_of(queued: &Queued) -> Attempt {
    let (Task::Submit { attempt, .. } | Task::Notify { attempt, .. }) = queued.task;
    Attempt::from_raw(attempt)
}

impl Case {
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut SegmentProgress) -> T) -> Option<T> {
        self.live.progress().of(self.segment).map(change)
    }

    /// Whether it was sent once, and nobody knows whether it arrived.
    fn is_in_doubt(&self) -> bool {
        self.with(|progress| progress.state) == Some(MessageState::SubmitUnknown)
    }

    /// When it is to be sent, as long as it waits for that.
    pub(super) fn scheduled_for(&self) -> Option<Timestamp> {
        let waits = self.with(|progress| progress.state == MessageState::Scheduled)?;
        let deliver_at = self.live.message.options.as_ref().and_then(|options| options.deliver_at);
        deliver_at.filter(|_| waits)
    }
}

impl Progress {
    /// The part of one segment.
    pub(crate) fn of(&mut self, segment: SegmentId) -> Option<&mut SegmentProgress> {
        self.segments.get_mut(usize::from(segment.no()).checked_sub(1)?)
    }
}
