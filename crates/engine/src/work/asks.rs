//! Questions to the node that has a connector's binds. What came of them comes back with its reports.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sambac_bus::work::{Ask, Asked, Reply, Said};
use sambac_domain::id::ConnectorId;
use sambac_domain::message::Message;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, timeout};

use super::Office;
use super::line::Line;
use crate::Inner;
use crate::connector::QUERIES_MAX;
use crate::overdue::Overdue;

/// How often it is looked whether a receipt is overdue.
const LOOK: Duration = Duration::from_millis(250);
/// How long a node may look for a place for a `query_sm`.
pub(super) const PLACE_LIMIT: Duration = Duration::from_secs(5);
/// What a question and its reply may take beside what the operator takes.
const WAY: Duration = Duration::from_secs(5);

/// Those that wait for their replies.
#[derive(Default)]
pub(super) struct Asks(Mutex<HashMap<i64, oneshot::Sender<Said>>>);

/// As long as somebody waits.
struct Waits<'a> {
    asks: &'a Asks,
    id: i64,
}

impl Asks {
    fn open(&self) -> MutexGuard<'_, HashMap<i64, oneshot::Sender<Said>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reply has come. One for which nobody waits any more is passed over.
    pub(super) fn replied(&self, Reply { id, said }: Reply) {
        if let Some(waits) = self.open().remove(&id) {
            // A receiver that has gone asks no more.
            let _ = waits.send(said);
        }
    }

    fn wait(&self, id: i64) -> (Waits<'_>, oneshot::Receiver<Said>) {
        let (reply, replied) = oneshot::channel();
        self.open().insert(id, reply);
        (Waits { asks: self, id }, replied)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.asks.open().remove(&self.id);
    }
}

impl Office {
    /// Asks the node that has a connector; `None` when no reply has come in time.
    async fn ask(&self, inner: &Inner, connector: ConnectorId, asked: Asked, limit: Duration) -> Option<Said> {
        if !self.line(connector)?.is_heard() {
            return None;
        }
        let broker = self.link.now()?;
        let now = inner.clock.now();
        let id = inner.ids.next(now);
        let (_waits, replied) = self.asks.wait(id);
        let queue = self.link.queues().ask(connector);
        let ask = Ask::new(connector, id, now.saturating_add(limit), asked);
        match broker.publish(&queue, &ask.to_json(), false).await {
            Ok(confirm) => confirm.settle(),
            Err(error) => {
                self.link.failed(&broker, &error);
                return None;
            }
        }
        timeout(limit, replied).await.ok()?.ok()
    }

    /// Whether the operator has taken a segment back.
    pub(crate) async fn recall(
        &self,
        inner: &Inner,
        connector: ConnectorId,
        message: &Message,
        smsc_message_id: &str,
    ) -> bool {
        let Message { sender, destination, .. } = *message;
        let limit = inner.recalls_within(connector).unwrap_or_default() + WAY;
        let asked = Asked::TakeBack { smsc_message_id: smsc_message_id.to_owned(), sender, destination };
        self.ask(inner, connector, asked, limit).await == Some(Said::TakenBack)
    }

    /// Has a connector bind again; `None` when no node says that it has done it.
    pub(crate) async fn bind_again(&self, inner: &Inner, connector: ConnectorId) -> Option<()> {
        let said = self.ask(inner, connector, Asked::BindAgain, WAY).await?;
        (said == Said::Done).then_some(())
    }
}

/// Asks about overdue receipts until the line is over.
pub(super) async fn query(line: Arc<Line>) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (inner, questions, mut open) = (line.inner(), line.questions(), JoinSet::new());
    loop {
        tokio::select! {
            _ = look.tick() => {}
            Some(_) = open.join_next() => {}
            () = line.ended() => return,
        }
        let profile = inner.snapshot.load().profile(line.id()).cloned();
        if !profile.is_some_and(|profile| questions.are_asked(&profile)) {
            inner.overdue.clear(line.id());
            continue;
        }
        while open.len() < QUERIES_MAX
            && line.is_calm()
            && let Some(overdue) = inner.overdue.take(line.id(), inner.clock.now())
        {
            open.spawn(ask_about(Arc::clone(&line), overdue));
        }
    }
}

async fn ask_about(line: Arc<Line>, overdue: Overdue) {
    let (inner, questions) = (line.inner(), line.questions());
    let Some(office) = inner.work.office() else { return };
    let Some(profile) = inner.snapshot.load().profile(line.id()).cloned() else { return };
    let Some(subject) = questions.subject(inner, overdue).await else { return };
    let asked = Asked::Query { smsc_message_id: subject.smsc_message_id.into_string(), sender: subject.message.sender };
    let limit = PLACE_LIMIT + Duration::from_millis(profile.session.response_timeout_ms) + WAY;
    // Without a reply nobody knows whether it was asked.
    let said = office.ask(inner, line.id(), asked, limit).await.unwrap_or(Said::NotAsked);
    if let Some(write) = questions.heard(inner, &profile, overdue, said) {
        inner.write(write).await;
    }
}
