//! Notices that were delivered, that must be tried again, and rows whose time has come.

use std::sync::Arc;

use sambac_bus::{EventRef, Queued, TargetQueue, Task};
use sambac_domain::id::{AccountEventId, AccountId, NoticeId, SegmentId, WebhookId};
use sambac_domain::state::MessageState;
use sambac_domain::time::Timestamp;
use sambac_store::OutboxMove;
use sambac_store::rows::DeadLetterKey;
use tokio::sync::oneshot;

use super::{Committer, NoticeDone, NoticeRetry, WebhookLog, key_of};
use crate::submit::STATE_TAKEN;

impl Committer {
    pub(super) fn notice_done(&mut self, done: NoticeDone) {
        if let Some((mo_id, taken)) = done.handed {
            self.handed(NoticeId::from_raw(done.key.id), mo_id, taken);
        }
        self.batch.outbox_done.push(done.key);
        self.log(done.log);
        self.batch.events.extend(done.event);
    }

    pub(super) fn notice_retry(&mut self, retry: NoticeRetry) {
        let NoticeRetry { key, attempt, due_at, event, log } = retry;
        self.log(log);
        self.batch.outbox_moves.push(OutboxMove { from: key.clone(), to: key, attempt, due_at });
        self.batch.events.extend(event);
    }

    fn log(&mut self, log: Option<Box<WebhookLog>>) {
        if let Some(log) = log {
            self.batch.webhook_deliveries.extend(log.delivery);
            self.batch.dead_letters.extend(log.dead);
        }
    }

    /// A webhook is told of events again: they go out like new ones.
    pub(super) fn tell_again(
        &mut self,
        account_id: AccountId,
        webhook: WebhookId,
        events: &[AccountEventId],
        done: oneshot::Sender<usize>,
    ) {
        for &event_id in events {
            self.refer(webhook, EventRef { account_id, event_id });
            self.batch.dead_letters_done.push(DeadLetterKey { webhook_id: webhook, id: event_id });
        }
        self.after.count(done, events.len());
    }

    /// The row is no longer waiting; it goes to the head of its queue.
    pub(super) fn due(&mut self, queued: Queued, queue: Arc<TargetQueue>, done: oneshot::Sender<()>) {
        let key = key_of(&queued);
        if let Task::Submit { segment, .. } = queued.task {
            if self.ends_unwanted(segment, &key) {
                return self.after.tell(done);
            }
            self.no_longer_scheduled(segment);
        }
        let (Task::Submit { attempt, .. } | Task::Notify { attempt, .. }) = queued.task;
        self.batch.outbox_moves.push(OutboxMove { from: key.clone(), to: key, attempt, due_at: Timestamp::EPOCH });
        self.after.put_back(queue, queued);
        self.after.tell(done);
    }

    fn no_longer_scheduled(&mut self, segment: SegmentId) {
        let Some(live) = self.live(segment.message()) else { return };
        let was_scheduled = live.progress().of(segment).is_some_and(|progress| {
            let was_scheduled = progress.state == MessageState::Scheduled;
            if was_scheduled {
                progress.state = STATE_TAKEN;
            }
            was_scheduled
        });
        if was_scheduled {
            self.batch.messages_due.push(segment.message());
            self.dirty(segment, &live);
        }
    }
}
