//! What a client does with a message that it has submitted: ask, withdraw, change (SMPP 3.4 §4.8–4.10).
//!
//! Every look-up is bound to the client's account and to the sender: another client's id is answered as one that nobody has.

use std::sync::Arc;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{MessageId, client_message_id, parse_client_message_id};
use sambac_domain::number::{Msisdn, Sender, normalise_smpp};
use sambac_smpp::{Address, CancelSm, CommandStatus, Pdu};
use sambac_store::rows::MessageRow;
use tokio::sync::oneshot;

use super::client::{Client, OpenRequest};
use super::query;
use crate::commit::{Withdraw, Write};
use crate::take_back;

/// The most messages that one `cancel_sm` without an id withdraws.
const CANCELED_MAX: u32 = 1_000;

/// Which message a client means.
pub(super) struct Meant {
    pub(super) id: MessageId,
    pub(super) sender: Sender,
}

/// What a client wants withdrawn.
pub(super) enum Canceling {
    /// The message of this id, or those of them that go to this number.
    Message(Meant, Option<Msisdn>),
    /// Every message of this sender to this number.
    Between(Sender, Msisdn),
}

impl Meant {
    pub(super) fn read(client: &Client, message_id: &[u8], source: Address<'_>) -> Result<Self, ErrorCode> {
        let form = client.account.profile.receipt.message_id;
        let text = std::str::from_utf8(message_id).ok();
        let id = text.and_then(|text| parse_client_message_id(text, form));
        let sender = Sender::from_smpp(source.ton, source.addr).ok();
        id.zip(sender).map(|(id, sender)| Self { id, sender }).ok_or(ErrorCode::UnknownMessage)
    }

    /// The messages that are meant.
    ///
    /// # Errors
    /// When there are none that this client may know of.
    pub(super) async fn find(&self, client: &Client) -> Result<Vec<MessageRow>, ErrorCode> {
        let account = client.account.row.account_id;
        let mut rows = client.inner.store.messages_known_as(account, self.id).await.map_err(|error| {
            tracing::error!(%error, "a message was not read");
            ErrorCode::ServiceUnavailable
        })?;
        rows.retain(|row| row.sender == self.sender);
        if rows.is_empty() { Err(ErrorCode::UnknownMessage) } else { Ok(rows) }
    }
}

impl Canceling {
    /// Whose messages.
    pub(super) const fn sender(&self) -> &Sender {
        match self {
            Self::Message(Meant { sender, .. }, _) | Self::Between(sender, _) => sender,
        }
    }

    pub(super) fn read(client: &Client, sm: &CancelSm<'_>) -> Result<Self, ErrorCode> {
        let number = |address: Address<'_>| normalise_smpp(address.ton, address.addr);
        if !sm.message_id.is_empty() {
            let meant = Meant::read(client, sm.message_id, sm.source)?;
            let to = (!sm.destination.addr.is_empty()).then(|| number(sm.destination)).transpose();
            return Ok(Self::Message(meant, to.map_err(|_| ErrorCode::UnknownMessage)?));
        }
        if !client.account.profile.operations.cancel_by_address {
            return Err(ErrorCode::UnknownMessage);
        }
        let sender = Sender::from_smpp(sm.source.ton, sm.source.addr).map_err(|_| ErrorCode::InvalidSender)?;
        Ok(Self::Between(sender, number(sm.destination).map_err(|_| ErrorCode::InvalidDestination)?))
    }

    async fn messages(&self, client: &Client) -> Result<Vec<MessageId>, ErrorCode> {
        match self {
            Self::Message(meant, to) => {
                let rows = meant.find(client).await?.into_iter();
                let mut rows = rows.filter(|row| to.is_none_or(|number| row.destination == number)).peekable();
                rows.peek().ok_or(ErrorCode::UnknownMessage)?;
                Ok(rows.filter(|row| row.final_at.is_none()).map(|row| row.id).collect())
            }
            Self::Between(sender, number) => {
                let account = client.account.row.account_id;
                let found = client.inner.store.open_messages_between(account, sender, *number, CANCELED_MAX).await;
                found.map_err(|error| {
                    tracing::error!(%error, "the messages between two numbers were not read");
                    ErrorCode::ServiceUnavailable
                })
            }
        }
    }
}

/// Tells what has become of a message.
pub(super) async fn query(request: &OpenRequest, meant: &Meant) -> Result<(), ErrorCode> {
    let OpenRequest { client, header } = request;
    let rows = meant.find(client).await?;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let segments = client.inner.store.segments_of(&ids).await.map_err(|error| {
        tracing::error!(%error, "the segments of a message were not read");
        ErrorCode::ServiceUnavailable
    })?;
    let told = query::Told::of(&rows, &segments);
    let id = client_message_id(meant.id, client.account.profile.receipt.message_id);
    let pdu = Pdu::QuerySmResp(told.answer(id.as_bytes(), client.session.peer_interface_version()));
    let _ = client.session.respond(header.sequence_number, CommandStatus::ROK, &pdu);
    Ok(())
}

/// Withdraws what waits with us, and what is with operators that take it back: then the client is answered after them, and the
/// charge is given back when they have said that they did.
pub(super) async fn cancel(request: OpenRequest, canceling: &Canceling) {
    let client = Arc::clone(&request.client);
    let (messages, withdrawn) = match withdraw(&client, canceling).await {
        Ok(done) => done,
        Err(code) => return client.refuse(request.header, code),
    };
    if withdrawn == messages.len() {
        return answer_cancel(&request, withdrawn);
    }
    let Ok(permit) = Arc::clone(&client.recalls).try_acquire_owned() else {
        return client.refuse(request.header, ErrorCode::RateLimited);
    };
    // Operators may take their time: what comes behind does not wait for them.
    client.inner.tasks.spawn(async move {
        let recalled = take_back::recall(&request.client.inner, &messages).await;
        answer_cancel(&request, withdrawn + recalled);
        drop(permit);
    });
}

/// The messages that are meant and open, and how many of them waited with us and are withdrawn.
async fn withdraw(client: &Client, canceling: &Canceling) -> Result<(Vec<MessageId>, usize), ErrorCode> {
    let messages = canceling.messages(client).await?;
    let (done, count) = oneshot::channel();
    client.inner.write(Write::Withdraw(Withdraw { messages: messages.clone(), done })).await;
    let withdrawn = count.await.map_err(|_| ErrorCode::ServiceUnavailable)?;
    Ok((messages, withdrawn))
}

fn answer_cancel(request: &OpenRequest, count: usize) {
    let OpenRequest { client, header } = request;
    if count == 0 {
        return client.refuse(*header, ErrorCode::CannotCancel);
    }
    let _ = client.session.respond(header.sequence_number, CommandStatus::ROK, &Pdu::CancelSmResp);
}

impl Client {
    /// Works on a request beside the session, so that what comes behind it does not wait for the database.
    pub(super) async fn aside<F>(self: &Arc<Self>, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.aside).acquire_owned().await;
        self.inner.tasks.spawn(async move {
            work.await;
            drop(permit);
        });
    }
}
