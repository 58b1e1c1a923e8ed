//! Keeps one bind up: picks a host, binds, serves the session, and starts again when it is lost.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::planted::{Bug, planted};
use sambac_domain::profile::BindRefusal;
use sambac_domain::time::Timestamp;
use sambac_smpp::BindKind;
use tokio::time::{Instant, sleep_until};

use super::Connector;
use super::control::{Order, StopReason};
use super::dial::{DialError, Dialled, Failure, Plan, Steps};
use super::hosts::{Hosts, Target, targets};
use super::seat::{BindState, Seat};
use crate::alert::AlertKind;

/// How long before a certificate ends a person is told.
const CERTIFICATE_NOTICE: Duration = Duration::from_secs(30 * 86_400);

/// How long the binds of who had a connector before may stay up, at the longest: it was frozen, or its operator is slow to notice.
const TAKEN_OVER: Duration = Duration::from_secs(30);

/// Runs until the seat is given up.
pub(super) async fn run(connector: Arc<Connector>, seat: Arc<Seat>) {
    while !seat.gone.is_cancelled() {
        let term = connector.control.term();
        match term.order {
            Order::Stop(reason) => {
                connector.is_now(&seat, BindState::Stopped(reason.to_string()));
                tokio::select! {
                    () = connector.control.round_over(term.round) => {}
                    () = seat.gone.cancelled() => return,
                }
            }
            Order::Run | Order::Drain => connector.round(&seat, term.round).await,
        }
    }
}

impl Connector {
    /// Binds again and again until the round is over: the connector is stopped, or what the bind depends on has changed.
    async fn round(self: &Arc<Self>, seat: &Arc<Seat>, round: u64) {
        if !self.profile().bind.outbind_listen.is_empty() {
            return self.await_outbinds(seat, round).await;
        }
        let mut version = self.control.term().version;
        let mut profile = self.profile();
        let mut hosts = Hosts::new(self.targets(seat), &profile.bind, seat.number);
        loop {
            if version != self.control.term().version {
                version = self.control.term().version;
                profile = self.profile();
                hosts = hosts.changed(self.targets(seat), &profile.bind, seat.number);
            }
            let (at, target) = tokio::select! {
                biased;
                () = self.over(seat, round) => return,
                () = self.control.settings_changed(version) => continue,
                next = self.next_host(seat, &hosts) => next,
            };
            let attempt = tokio::select! {
                biased;
                () = self.over(seat, round) => return,
                attempt = self.attempt(seat, &target) => attempt,
            };
            match attempt {
                Ok(Some(dialled)) => {
                    let begun = Instant::now();
                    if self.serve(seat, dialled, self.over(seat, round)).await {
                        return;
                    }
                    hosts.ended(at, begun.elapsed(), Instant::now());
                }
                Ok(None) => {}
                Err(pause) => hosts.failed(at, pause, Instant::now()),
            }
        }
    }

    /// Waits until the round is over or the seat is given up.
    pub(super) async fn over(&self, seat: &Seat, round: u64) {
        tokio::select! {
            () = self.control.round_over(round) => {}
            () = seat.gone.cancelled() => {}
        }
    }

    fn targets(&self, seat: &Seat) -> Vec<Target> {
        targets(&self.row(), &self.profile().bind, seat.kind)
    }

    /// One attempt; nothing when somebody else's has just shown that it would be refused. A failure says after which pause
    /// the host may be tried again, if its class tells.
    async fn attempt(&self, seat: &Seat, target: &Target) -> Result<Option<Dialled>, Option<Duration>> {
        // Held until the outcome is noted, so that the next one knows of it.
        let _leave = self.control.leave_to_bind().await;
        if self.control.held_until().is_some_and(|until| Instant::now() < until) {
            return Ok(None);
        }
        self.is_now(seat, BindState::Connecting);
        self.metrics.bind_tried();
        seat.goes_to(target.to_string());
        let plan = match Plan::new(&self.row(), &self.profile(), &self.inner) {
            Ok(plan) => plan.going_on(seat),
            Err(error) => return Err(self.failed(seat, &error, Failure::Setup)),
        };
        match plan.dial(target, seat.kind, &mut Steps::default()).await {
            Ok(dialled) => {
                self.taken(seat, &dialled);
                Ok(Some(dialled))
            }
            Err(error) => Err(self.failed(seat, &error, plan.failure(&error))),
        }
    }

    /// Waits until a host may be tried.
    async fn next_host(&self, seat: &Seat, hosts: &Hosts) -> (usize, Target) {
        loop {
            let now = Instant::now();
            let held = self.control.held_until().filter(|until| now < *until);
            let until = match (held, hosts.next(now)) {
                (Some(held), _) => held,
                (None, Err(until)) => until,
                (None, Ok(next)) => return next,
            };
            let until_then = self.inner.clock.now().saturating_add(until.saturating_duration_since(now));
            self.is_now(seat, BindState::Waiting { until: until_then });
            while planted(Bug::WallClockTimer) && self.inner.clock.now() < until_then {
                sleep_until(Instant::now() + Duration::from_secs(1)).await;
            }
            sleep_until(until).await;
        }
    }

    /// The SMSC took the bind: what was wrong before is mended.
    pub(super) fn taken(&self, seat: &Seat, dialled: &Dialled) {
        self.control.proven();
        self.look_at_certificate(dialled.ends_at);
        for kind in [AlertKind::ConnectorCredentials, AlertKind::ConnectorSetup, AlertKind::ConnectorStopped] {
            self.inner.alerts.clear(kind, &self.name, "bound");
        }
        let name = String::from_utf8_lossy(&dialled.reply.system_id);
        let (kind, version) = (seat.kind, dialled.reply.interface_version);
        tracing::info!(connector = self.name, ?kind, smsc = %name.escape_debug(), ?version, "bound");
    }

    /// What follows from a failed attempt; the pause that its class asks for, if it does.
    pub(super) fn failed(&self, seat: &Seat, error: &DialError, failure: Failure) -> Option<Duration> {
        let (text, now) = (error.to_string(), self.inner.clock.now());
        tracing::warn!(connector = self.name, error = text, class = failure.as_str(), "no bind");
        self.metrics.bind_failed(failure.as_str());
        seat.failed(text.clone(), now);
        let profile = self.profile();
        let bind = &profile.bind;
        let wait = |ms| Some(Duration::from_millis(ms));
        match failure {
            Failure::Refused(BindRefusal::Credentials) => {
                self.inner.alerts.raise(AlertKind::ConnectorCredentials, &self.name, text.clone());
                match bind.credentials_retry_s {
                    0 => self.control.stop(StopReason::Credentials(text)),
                    seconds => self.control.hold(Duration::from_secs(seconds)),
                }
                wait(bind.reconnect_max_ms)
            }
            Failure::Refused(BindRefusal::Limit | BindRefusal::Stale) if self.is_taken_over() => None,
            Failure::Refused(BindRefusal::Limit) => wait(bind.limit_wait_ms),
            Failure::Refused(BindRefusal::Stale) => wait(bind.stale_bind_wait_ms),
            Failure::Refused(BindRefusal::Temporary) | Failure::Link => None,
            Failure::Setup => {
                self.inner.alerts.holds(AlertKind::ConnectorSetup, &self.name, text);
                wait(bind.reconnect_max_ms)
            }
        }
    }

    /// Whether another process has had the connector just now: its binds may still be up, and go soon.
    fn is_taken_over(&self) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.epoch() > 1 && lease.age() < TAKEN_OVER)
    }

    /// Tells a person when the certificates of a link end soon.
    pub(super) fn look_at_certificate(&self, ends_at: Option<Timestamp>) {
        let Some(ends_at) = ends_at else { return };
        let soon = self.inner.clock.now().saturating_add(CERTIFICATE_NOTICE);
        if ends_at < soon {
            let text = format!("a certificate of the link ends at {ends_at}");
            self.inner.alerts.holds(AlertKind::ConnectorCertificate, &self.name, text);
        } else {
            self.inner.alerts.clear(AlertKind::ConnectorCertificate, &self.name, "the certificates last");
        }
    }

    /// Notes what a bind does now.
    pub(super) fn is_now(&self, seat: &Seat, state: BindState) {
        seat.is_now(state, self.inner.clock.now());
        self.metrics.bound(self.bound());
    }
}

/// Whether segments may be sent on such a bind.
pub(super) fn can_submit(kind: BindKind) -> bool {
    kind != BindKind::Receiver
}
