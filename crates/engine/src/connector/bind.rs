//! Keeps one bind up: connects, binds, hands on what comes in, and starts again when the link is lost.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::{AnswerClass, classify};
use sambac_domain::id::SegmentId;
use sambac_smpp::{BindError, BindKind, BindRequest, CommandStatus, Event, Events, Pdu, Session, SessionConfig};
use sambac_store::rows;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;

use super::Connector;
use super::backoff::Backoff;
use super::link::{Flight, Link};
use crate::alert::AlertKind;
use crate::commit::{Answer, AnswerOutcome, Write};

/// How long we wait after the operator refused our credentials: trying fast would lock us out.
const REFUSED_PAUSE: Duration = Duration::from_secs(30);
/// Events taken from a session at once.
const EVENTS_MAX: usize = 256;
/// How long open requests may take when we unbind.
const UNBIND_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("cannot connect to {host}:{port}: {source}")]
    Connect { host: String, port: u16, source: std::io::Error },
    #[error("cannot connect to {host}:{port} in time")]
    Timeout { host: String, port: u16 },
    #[error("bind: {0}")]
    Bind(#[from] BindError),
    #[error("the stored password does not open: {0}")]
    Password(#[from] crate::seal::SealError),
}

/// Runs until the connector stops.
pub(super) async fn run(connector: Arc<Connector>) {
    let bind = &connector.profile.bind;
    let (min, max) = (Duration::from_millis(bind.reconnect_min_ms), Duration::from_millis(bind.reconnect_max_ms));
    let mut backoff = Backoff::new(min, max);
    while !connector.cancel.is_cancelled() {
        let pause = match connector.connect().await {
            Ok((session, events)) => {
                backoff.reset();
                connector.serve(session, events).await;
                backoff.next()
            }
            Err(error) => {
                tracing::warn!(connector = connector.row.name, %error, "no bind");
                let refused = matches!(error, LinkError::Bind(BindError::Refused(status)) if is_final(status));
                if refused {
                    let alerts = &connector.inner.alerts;
                    alerts.raise(AlertKind::ConnectorCredentials, &connector.row.name, error.to_string());
                    REFUSED_PAUSE
                } else {
                    backoff.next()
                }
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = connector.cancel.cancelled() => return,
        }
    }
}

/// Our credentials are wrong: waiting does not mend it.
fn is_final(status: CommandStatus) -> bool {
    [CommandStatus::RINVPASWD, CommandStatus::RINVSYSID, CommandStatus::RBINDFAIL].contains(&status)
}

impl Connector {
    async fn connect(&self) -> Result<(Session, Events), LinkError> {
        let (host, port) = (self.row.host.clone(), self.row.port);
        let connect = TcpStream::connect((host.as_str(), port));
        let stream = match tokio::time::timeout(Duration::from_millis(self.profile.bind.timeout_ms), connect).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(source)) => return Err(LinkError::Connect { host, port, source }),
            Err(_) => return Err(LinkError::Timeout { host, port }),
        };
        stream.set_nodelay(true).map_err(|source| LinkError::Connect { host, port, source })?;
        let password = self.inner.settings.seal.open_text(self.row.id.raw(), &self.row.password_sealed.0)?;
        let request = BindRequest {
            system_type: self.profile.bind.system_type.clone().into_bytes(),
            interface_version: self.profile.session.interface_version.octet(),
            ..BindRequest::new(bind_kind(self.row.bind_kind), self.row.system_id.as_str(), password.expose_secret())
        };
        let (session, events, _) = sambac_smpp::bind(stream, &request, self.session_config()).await?;
        Ok((session, events))
    }

    fn session_config(&self) -> SessionConfig {
        SessionConfig {
            window: self.row.window_max,
            response_timeout: Duration::from_millis(self.profile.session.response_timeout_ms),
            enquire_link_interval: Duration::from_secs(self.profile.session.enquire_link_s),
            bind_timeout: Duration::from_millis(self.profile.bind.timeout_ms),
            ..SessionConfig::default()
        }
    }

    /// Serves a session until it ends.
    async fn serve(self: &Arc<Self>, session: Session, mut events: Events) {
        tracing::info!(connector = self.row.name, "bound");
        self.inner.alerts.clear(AlertKind::ConnectorCredentials, &self.row.name, "bound");
        let link = Arc::new(Link::new(session.clone(), self.row.window_max, Arc::clone(&self.room)));
        let can_submit = self.row.bind_kind != rows::BindKind::Receiver;
        if can_submit {
            self.links().push(Arc::clone(&link));
            self.metrics.bound(self.bound());
            self.linked.notify_one();
            self.room.notify_one();
        }
        let mut buffer = Vec::with_capacity(EVENTS_MAX);
        let mut closing = std::pin::pin!(self.cancel.cancelled());
        let mut unbinding = None;
        loop {
            let count = tokio::select! {
                count = events.recv_many(&mut buffer, EVENTS_MAX) => count,
                () = &mut closing, if unbinding.is_none() => {
                    let session = session.clone();
                    unbinding = Some(tokio::spawn(async move { session.unbind(UNBIND_TIMEOUT).await }));
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
        self.links().retain(|other| !Arc::ptr_eq(other, &link));
        self.metrics.bound(self.bound());
        for flight in link.abandon() {
            self.answer(flight, AnswerOutcome::Unknown).await;
        }
        tracing::info!(connector = self.row.name, "unbound");
    }

    async fn event(self: &Arc<Self>, link: &Link, session: &Session, event: Event) {
        match event {
            Event::Response { token, header, frame, .. } => {
                let Some(flight) = link.arrive(token) else { return };
                let outcome = match (header.command_status, frame.pdu()) {
                    (CommandStatus::ROK, Ok(Pdu::SubmitSmResp(resp))) => AnswerOutcome::Accepted {
                        smsc_message_id: String::from_utf8_lossy(resp.message_id).into_owned(),
                    },
                    (CommandStatus::ROK, _) => AnswerOutcome::Accepted { smsc_message_id: String::new() },
                    (status, _) => AnswerOutcome::Refused { status },
                };
                if let AnswerOutcome::Refused { status } = outcome
                    && classify(status.0) == AnswerClass::Throttled
                {
                    self.metrics.throttled();
                    self.throughput.pause(Duration::from_millis(self.profile.flow.throttle_pause_min_ms));
                }
                self.answer(flight, outcome).await;
            }
            Event::Timeout { token } => {
                if let Some(flight) = link.arrive(token) {
                    self.answer(flight, AnswerOutcome::Unknown).await;
                }
            }
            Event::Request { header, frame } => self.delivered(session, header, &frame).await,
            Event::Closed { reason, .. } => tracing::info!(connector = self.row.name, ?reason, "link closed"),
        }
    }

    async fn answer(&self, flight: Flight, outcome: AnswerOutcome) {
        let Flight { announced, slot, submitted_at } = flight;
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
        self.inner.write(Write::Answer(Box::new(answer))).await;
    }
}

fn bind_kind(kind: rows::BindKind) -> BindKind {
    match kind {
        rows::BindKind::Transmitter => BindKind::Transmitter,
        rows::BindKind::Receiver => BindKind::Receiver,
        rows::BindKind::Transceiver => BindKind::Transceiver,
    }
}
