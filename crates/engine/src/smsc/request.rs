//! What a client may ask of us, one request after the other, and how it is held back when it asks too much.
//!
//! Back-pressure comes in steps: while there is no room in the group commit's queue, the client's next request waits, and
//! with it everything behind it; when that takes longer than its profile allows, it is refused (0x14), and so is, at once,
//! what follows until there is room again. Above its own window it is throttled (0x58) at once.

use std::sync::Arc;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_smpp::{CommandId, DataSm, DecodeError, Frame, Header, Pdu, Sm};
use tokio::time::Instant;

use super::client::{Client, OpenRequest};
use super::reply::SubmitReply;
use super::submit;
use crate::admission::Place;
use crate::commit::{Accept, Reply, Write};
use crate::refusal::Refusal;

/// The requests of one session.
pub(super) struct Requests {
    client: Arc<Client>,
    /// Until then a full queue is not waited for again.
    full_until: Option<Instant>,
}

impl Requests {
    pub(super) fn new(client: Arc<Client>) -> Self {
        Self { client, full_until: None }
    }

    /// Takes one request: answers it, or sees to it that it will be answered.
    pub(super) async fn take(&mut self, header: Header, frame: &Frame) {
        if let Err(code) = self.check(header.command_id) {
            return self.client.refuse(header, code);
        }
        let Some(request) = self.client.open(header) else {
            return self.client.refuse(header, ErrorCode::RateLimited);
        };
        let done = match self.read(frame) {
            Ok(Pdu::SubmitSm(sm)) => self.submit(request, &sm).await,
            Ok(Pdu::DataSm(sm)) => self.submit(request, &as_submit(&sm)).await,
            Ok(_) => Err(ErrorCode::UnknownCommand),
            Err(_) => Err(ErrorCode::InvalidPdu),
        };
        if let Err(code) = done {
            self.client.refuse(header, code);
        }
    }

    /// Whether this client may ask that now.
    fn check(&self, command: CommandId) -> Result<(), ErrorCode> {
        let Client { inner, session, account, .. } = &*self.client;
        let offered = &account.profile.operations;
        let is_offered = match command {
            CommandId::SUBMIT_SM => true,
            CommandId::DATA_SM => offered.data_sm,
            _ => false,
        };
        if !is_offered {
            return Err(ErrorCode::UnknownCommand);
        }
        if !session.kind().esme_may_send(command) {
            return Err(ErrorCode::InvalidBindStatus);
        }
        if inner.draining.is_cancelled() {
            return Err(ErrorCode::ServiceUnavailable);
        }
        Ok(())
    }

    /// Reads the body. Broken optional parameters have been refused already, where the profile does not take them.
    fn read<'a>(&self, frame: &'a Frame) -> Result<Pdu<'a>, DecodeError> {
        if self.client.account.profile.session.take_broken_tlvs { frame.pdu_with_broken_tlvs() } else { frame.pdu() }
    }

    async fn submit(&mut self, request: OpenRequest, sm: &Sm<'_>) -> Result<(), ErrorCode> {
        let Client { inner, account, .. } = &*request.client;
        let draft = submit::request(account, sm, inner.clock.now())
            .and_then(|request| crate::submit::prepare(&inner.snapshot.load(), request))
            .map_err(|Refusal { code, .. }| code)?;
        let inner = Arc::clone(inner);
        let place = self.place().await.ok_or(ErrorCode::QueueFull)?;
        let reply = Reply::Smpp(SubmitReply::new(request));
        inner.write(Write::Accept(Box::new(Accept { draft, reply, claim: None, place }))).await;
        Ok(())
    }

    /// A place in the group commit's queue, waited for no longer than the client's answers may be held back.
    async fn place(&mut self) -> Option<Place> {
        let Client { inner, account, .. } = &*self.client;
        let admission = &inner.admission;
        if let Some(place) = admission.try_take() {
            self.full_until = None;
            return Some(place);
        }
        if self.full_until.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let limit = Duration::from_millis(account.profile.limits.answer_delay_max_ms);
        let place = admission.take(limit).await;
        self.full_until = place.is_none().then(|| Instant::now() + limit);
        place
    }
}

/// A `data_sm` is a `submit_sm` without the fields that it does not have; its message is in the payload.
fn as_submit<'a>(sm: &DataSm<'a>) -> Sm<'a> {
    let DataSm { service_type, source, destination, esm_class, registered_delivery, data_coding, tlvs } = *sm;
    Sm { service_type, source, destination, esm_class, registered_delivery, data_coding, tlvs, ..Sm::default() }
}
