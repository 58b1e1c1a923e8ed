//! What a client may ask of us, one request after the other, and how it is held back when it asks too much.
//!
//! Back-pressure comes in steps: while there is no room in the group commit's queue, the client's next request waits, and
//! with it everything behind it; when that takes longer than its profile allows, it is refused (0x14), and so is, at once,
//! what follows until there is room again. Faster than its throughput it is answered late, then throttled (0x58); above its
//! own window it is throttled at once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_smpp::{CommandId, DataSm, DecodeError, Frame, Header, Pdu, Sm, SubmitMulti};
use tokio::time::Instant;

use super::client::{Client, OpenRequest};
use super::manage::{self, Canceling, Meant};
use super::multi::{self, Multi};
use super::pace::BindPace;
use super::replace::{self, Replacing};
use super::reply::SubmitReply;
use super::submit;
use crate::admission::Place;
use crate::commit::{Accept, Reply, Write};
use crate::refusal::Refusal;
use crate::submit::{Draft, prepare};

/// The requests of one session.
pub(super) struct Requests {
    client: Arc<Client>,
    pace: BindPace,
    /// Until then a full queue is not waited for again.
    full_until: Option<Instant>,
}

impl Requests {
    pub(super) fn new(client: Arc<Client>, pace: BindPace) -> Self {
        Self { client, pace, full_until: None }
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
            Ok(Pdu::SubmitMulti(sm)) => self.submit_multi(request, &sm).await,
            Ok(pdu) => self.manage(request, &pdu).await,
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
        if let Some(code) = self.client.revoked() {
            return Err(code);
        }
        let is_offered = match command {
            CommandId::SUBMIT_SM => true,
            CommandId::DATA_SM => offered.data_sm,
            CommandId::SUBMIT_MULTI => offered.submit_multi,
            CommandId::QUERY_SM => offered.query_sm,
            CommandId::CANCEL_SM => offered.cancel_sm,
            CommandId::REPLACE_SM => offered.replace_sm,
            // Cell broadcast among them: we have no cells.
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
        let (draft, place) = self.admit(sm).await?;
        let reply = Reply::Smpp(SubmitReply::new(request));
        self.client.inner.write(Write::Accept(Box::new(Accept { draft, reply, claim: None, otp: None, place }))).await;
        Ok(())
    }

    async fn submit_multi(&mut self, request: OpenRequest, sm: &SubmitMulti<'_>) -> Result<(), ErrorCode> {
        let numbers = multi::numbers(sm)?;
        let multi = Multi::new(request);
        for destination in numbers {
            let reply = multi.reply(destination);
            match self.admit(&Sm { destination, ..multi::as_submit(sm) }).await {
                Ok((draft, place)) => {
                    let accept = Accept { draft, reply: Reply::Multi(reply), claim: None, otp: None, place };
                    self.client.inner.write(Write::Accept(Box::new(accept))).await;
                }
                Err(code) => reply.refused(code),
            }
        }
        Ok(())
    }

    /// What is left to decide of a message when it has passed every check, and its place in the group commit's queue.
    async fn admit(&mut self, sm: &Sm<'_>) -> Result<(Draft, Place), ErrorCode> {
        let Client { inner, account, .. } = &*self.client;
        let draft = submit::request(account, sm, inner.clock.now())
            .and_then(|request| prepare(&inner.snapshot.load(), request, inner.clock.now()))
            .map_err(|Refusal { code, .. }| code)?;
        self.pace.pass(draft.parts, &draft.request.sender).await?;
        let within = inner.check_limits(&inner.snapshot.load_full(), &draft, Instant::now()).await;
        within.map_err(|Refusal { code, .. }| code)?;
        if inner.store_away.load(Ordering::Relaxed) {
            // Nobody knows how long its answer would have to wait.
            return Err(ErrorCode::ServiceUnavailable);
        }
        Ok((draft, self.place().await.ok_or(ErrorCode::QueueFull)?))
    }

    /// Requests about messages that are submitted: their answers wait for the database.
    async fn manage(&self, request: OpenRequest, pdu: &Pdu<'_>) -> Result<(), ErrorCode> {
        let client = &self.client;
        let work = match pdu {
            Pdu::QuerySm(sm) => Managing::Query(Meant::read(client, sm.message_id, sm.source)?),
            Pdu::CancelSm(sm) => {
                let canceling = Canceling::read(client, sm)?;
                // It may take a turn at the operator, as a message does.
                self.pace.pass(1, canceling.sender()).await?;
                Managing::Cancel(canceling)
            }
            Pdu::ReplaceSm(sm) => Managing::Replace(Replacing::read(client, sm)?),
            _ => return Err(ErrorCode::UnknownCommand),
        };
        client.aside(async move { work.run(request).await }).await;
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

/// A request about messages that are submitted.
enum Managing {
    Query(Meant),
    Cancel(Canceling),
    Replace(Replacing),
}

impl Managing {
    async fn run(self, request: OpenRequest) {
        let done = match self {
            Self::Query(meant) => manage::query(&request, &meant).await,
            Self::Cancel(canceling) => return manage::cancel(request, &canceling).await,
            Self::Replace(replacing) => replace::replace(&request, &replacing).await,
        };
        if let Err(code) = done {
            request.client.refuse(request.header, code);
        }
    }
}

/// A `data_sm` is a `submit_sm` without the fields that it does not have; its message is in the payload.
fn as_submit<'a>(sm: &DataSm<'a>) -> Sm<'a> {
    let DataSm { service_type, source, destination, esm_class, registered_delivery, data_coding, tlvs } = *sm;
    Sm { service_type, source, destination, esm_class, registered_delivery, data_coding, tlvs, ..Sm::default() }
}
