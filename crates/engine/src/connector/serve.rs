//! A session that is up: hands every answer and receipt to the group commit, until the session is over.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::id::SegmentId;
use sambac_smpp::{Event, Session};

use super::Connector;
use super::bind::can_submit;
use super::dial::Dialled;
use super::link::{Flight, Link};
use super::seat::{BindState, Seat};
use crate::commit::{Answer, AnswerOutcome, Write};

/// Events taken from a session at once.
const EVENTS_MAX: usize = 256;
/// How often a link that stays up looks whether its certificates end soon.
const CERTIFICATE_LOOK: Duration = Duration::from_secs(86_400);

impl Connector {
    /// Serves a session until it ends, or unbinds when `over` resolves; true when it was that.
    pub(super) async fn serve(
        self: &Arc<Self>,
        seat: &Arc<Seat>,
        dialled: Dialled,
        over: impl Future<Output = ()>,
    ) -> bool {
        let Dialled { session, mut events, reply, ends_at } = dialled;
        let setup = self.setup.load_full();
        let (flow, window_max) = (&setup.profile.flow, setup.row.window_max);
        let link = Arc::new(Link::new(session.clone(), flow, window_max, Arc::clone(&self.room)));
        let peer = (String::from_utf8_lossy(&reply.system_id).into_owned(), reply.interface_version);
        seat.bound(&link, peer, self.inner.clock.now());
        self.link_up(seat, &link);
        let mut buffer = Vec::with_capacity(EVENTS_MAX);
        let mut over = std::pin::pin!(over);
        let mut is_leaving = false;
        let mut daily = tokio::time::interval(CERTIFICATE_LOOK);
        loop {
            let count = tokio::select! {
                count = events.recv_many(&mut buffer, EVENTS_MAX) => count,
                () = &mut over, if !is_leaving => {
                    is_leaving = true;
                    self.leave(seat, &link);
                    continue;
                }
                _ = daily.tick(), if ends_at.is_some() => {
                    self.look_at_certificate(ends_at);
                    continue;
                }
            };
            if count == 0 {
                break;
            }
            for event in buffer.drain(..) {
                self.event(&link, &session, event).await;
            }
        }
        self.link_down(seat, &link);
        seat.ended_with(&session);
        for flight in link.abandon() {
            self.answer(flight, AnswerOutcome::Unknown).await;
        }
        tracing::info!(connector = self.name, "unbound");
        is_leaving
    }

    /// Offers the link to the sender.
    fn link_up(&self, seat: &Seat, link: &Arc<Link>) {
        if can_submit(seat.kind) {
            self.links().push(Arc::clone(link));
            self.linked.notify_one();
            self.room.notify_one();
        }
        self.metrics.bound(self.bound());
    }

    /// Unbinds in good order: nothing more is sent, what is open is waited for.
    fn leave(&self, seat: &Seat, link: &Arc<Link>) {
        self.is_now(seat, BindState::Draining);
        self.links().retain(|other| !Arc::ptr_eq(other, link));
        let (session, limit) = (link.session.clone(), Duration::from_millis(self.profile().bind.unbind_timeout_ms));
        tokio::spawn(async move { session.unbind(limit).await });
    }

    fn link_down(&self, seat: &Seat, link: &Arc<Link>) {
        self.links().retain(|other| !Arc::ptr_eq(other, link));
        seat.unbound();
        self.is_now(seat, BindState::Connecting);
    }

    async fn event(self: &Arc<Self>, link: &Link, session: &Session, event: Event) {
        match event {
            Event::Response { token, header, frame, .. } if Link::is_question(token) => {
                link.replied(token, Some((header, frame)));
            }
            Event::Timeout { token } if Link::is_question(token) => link.replied(token, None),
            Event::Response { token, header, frame, .. } => {
                let Some(flight) = link.arrive(token) else { return };
                self.response(link, flight, header, &frame).await;
            }
            Event::Timeout { token } => {
                if let Some(flight) = link.arrive(token) {
                    self.answer(flight, AnswerOutcome::Unknown).await;
                }
            }
            Event::Request { header, frame } => self.delivered(session, header, &frame).await,
            Event::Closed { reason, .. } => tracing::info!(connector = self.name, ?reason, "link closed"),
        }
    }

    pub(super) async fn answer(&self, flight: Flight, outcome: AnswerOutcome) {
        let Flight { announced, slot, submitted_at } = flight;
        self.hunger.answered(&self.inner.starving);
        let answer = Answer {
            intent: announced.intent,
            connector: self.id(),
            segment: SegmentId::from_raw(announced.queued.id),
            queued: announced.queued,
            queue: Arc::clone(&self.queue),
            outcome,
            submitted_at: Some(submitted_at),
            answered_at: self.inner.clock.now(),
            slot: Some(slot),
        };
        // False only when the engine has ended: recovery finds the intent then.
        self.write(Write::Answer(Box::new(answer))).await;
    }
}
