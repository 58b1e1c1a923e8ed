//! `replace_sm` (SMPP 3.4 §4.10): another text or validity for a message that waits with us.

use sambac_domain::error::ErrorCode;
use sambac_domain::message::MessageBody;
use sambac_domain::options::MessageOptions;
use sambac_domain::time::Timestamp;
use sambac_smpp::{Address, CommandStatus, Pdu, ReplaceSm, Sm, Tag};
use sambac_store::rows::MessageRow;
use tokio::sync::oneshot;

use super::client::{Client, OpenRequest};
use super::content::check_once;
use super::manage::Meant;
use super::submit;
use crate::commit::{Replace, Replacement, Write};
use crate::compose::recompose;
use crate::content;
use crate::templates;

/// What a client wants instead, free of the PDU that it came in.
pub(super) struct Replacing {
    meant: Meant,
    text: Vec<u8>,
    validity: Vec<u8>,
    registered_delivery: u8,
}

impl Replacing {
    pub(super) fn read(client: &Client, sm: &ReplaceSm<'_>) -> Result<Self, ErrorCode> {
        check_once(sm.tlvs).map_err(|refusal| refusal.code)?;
        let payload = sm.tlvs.get(Tag::MESSAGE_PAYLOAD).unwrap_or_default();
        let text = match sm.short_message {
            [] => payload,
            text if payload.is_empty() || payload == text => text,
            _ => return Err(ErrorCode::ParameterNotAllowed),
        };
        // A message stays in the queue for the moment that it was given for.
        if !sm.schedule_delivery_time.is_empty() {
            return Err(ErrorCode::InvalidSchedule);
        }
        if sm.sm_default_msg_id != 0 {
            return Err(ErrorCode::CannotReplace);
        }
        // Without a text the validity is what is new; with neither, nothing would be left to send.
        if text.is_empty() && sm.validity_period.is_empty() {
            return Err(ErrorCode::MessageEmpty);
        }
        Ok(Self {
            meant: Meant::read(client, sm.message_id, sm.source)?,
            text: text.to_vec(),
            validity: sm.validity_period.to_vec(),
            registered_delivery: sm.registered_delivery,
        })
    }

    /// What it comes to, for a message as it is stored.
    fn replacement(&self, client: &Client, row: &MessageRow) -> Result<Replacement, ErrorCode> {
        let now = client.inner.clock.now();
        let old = body(client, row).ok_or(ErrorCode::CannotReplace)?;
        let (sender, destination) = (row.sender.to_string(), row.destination.to_string());
        let sm = Sm {
            source: Address::new(row.sender.ton(), row.sender.npi(), sender.as_bytes()),
            destination: Address::new(1, 1, destination.as_bytes()),
            registered_delivery: self.registered_delivery,
            // A replace_sm has none: it says the new text as the old one was said.
            data_coding: data_coding(&old),
            short_message: if self.text.is_empty() { b" " } else { &self.text },
            ..Sm::default()
        };
        let mut request = submit::request(&client.account, &sm, now).map_err(|refusal| refusal.code)?;
        let snapshot = client.inner.snapshot.load();
        let account = snapshot.account(row.account_id).ok_or(ErrorCode::CannotReplace)?;
        if !self.text.is_empty() {
            templates::obey(&snapshot, account, &request).map_err(|refusal| refusal.code)?;
        }
        content::obey(&account.content_rules, &mut request).map_err(|refusal| refusal.code)?;
        let (body, segments) = match self.text.is_empty() {
            // Without a text, only the rest is replaced.
            true => (old, row.segment_count),
            false => {
                let profile = snapshot.connectors_of(row.route_id).iter().find_map(|id| snapshot.profile(*id));
                recompose(profile.ok_or(ErrorCode::CannotReplace)?, request.content).map_err(|refusal| refusal.code)?
            }
        };
        let expires_at = self.expires_at(row, now)?;
        let receipt_wanted = request.receipt_wanted;
        Ok(Replacement { body, segments, expires_at, receipt_wanted })
    }

    /// The end of the validity, if another one is wanted. A message that waits for its time has to outlive it.
    fn expires_at(&self, row: &MessageRow, now: Timestamp) -> Result<Option<Timestamp>, ErrorCode> {
        let options = row.options.as_deref().map(MessageOptions::from_json).transpose();
        let options = options.map_err(|_| ErrorCode::CannotReplace)?;
        let deliver_at = options.and_then(|options| options.deliver_at).filter(|at| *at > now);
        let validity = submit::validity(&self.validity, deliver_at, now).map_err(|refusal| refusal.code)?;
        Ok(validity.map(|validity| deliver_at.unwrap_or(now).saturating_add(validity)))
    }
}

/// Gives what waits with us another text: all that the id stands for, or nothing.
pub(super) async fn replace(request: &OpenRequest, replacing: &Replacing) -> Result<(), ErrorCode> {
    let OpenRequest { client, header } = request;
    let rows = replacing.meant.find(client).await?;
    let first = rows.first().ok_or(ErrorCode::UnknownMessage)?;
    let replacement = replacing.replacement(client, first)?;
    let (done, count) = oneshot::channel();
    let write = Replace { messages: rows.iter().map(|row| row.id).collect(), replacement, done };
    client.inner.write(Write::Replace(Box::new(write))).await;
    match count.await {
        Ok(0) => Err(ErrorCode::CannotReplace),
        Ok(_) => {
            let _ = client.session.respond(header.sequence_number, CommandStatus::ROK, &Pdu::ReplaceSmResp);
            Ok(())
        }
        Err(_) => Err(ErrorCode::ServiceUnavailable),
    }
}

/// The text as it is now; `None` once it is wiped.
fn body(client: &Client, row: &MessageRow) -> Option<MessageBody> {
    let sealed = row.body.as_ref()?;
    let opened = client.inner.settings.seal.open_body(row.id.raw(), &sealed.0).ok()?;
    MessageBody::from_bytes(&opened).ok()
}

fn data_coding(body: &MessageBody) -> u8 {
    match body {
        MessageBody::Octets { data_coding, .. } => *data_coding,
        MessageBody::Text { encoding, .. } => encoding.data_coding(),
    }
}
