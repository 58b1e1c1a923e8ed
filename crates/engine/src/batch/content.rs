//! What a batch sends to whom, as it is stored until it has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use sambac_domain::class::TrafficClass;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, ApiKeyId};
use sambac_domain::message::Origin;
use sambac_domain::number::{self, Sender};
use sambac_domain::template::TemplateText;
use sambac_domain::text::Encoding;
use sambac_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::submit::{Content, SubmitRequest};

/// One text for many.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BatchContent {
    /// The sender of all.
    pub from: String,
    /// The text, with a place in braces for each variable.
    pub text: String,
    /// How the texts are encoded; chosen for each when not given.
    pub encoding: Option<Encoding>,
    /// What the messages are for.
    pub class: TrafficClass,
    /// Seconds after the batch was made after which none of them is sent any more; the class's default if not given.
    pub validity_s: Option<u32>,
    /// Refuse a recipient whose message would cost more, in micros.
    pub price_micros_max: Option<i64>,
    /// Whether the client wants to be told of the final states.
    pub receipt_wanted: bool,
    /// The key is for tests.
    pub test_only: bool,
    /// To whom, in this order.
    pub recipients: Vec<Recipient>,
}

/// One of many.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recipient {
    /// The number, as the client wrote it.
    pub to: String,
    /// What goes into the places of the text.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The client's own reference.
    #[serde(default)]
    pub reference: Option<String>,
}

/// What all recipients of a batch have in common, read once.
pub(super) struct Common {
    account_id: AccountId,
    api_key: ApiKeyId,
    sender: Sender,
    text: TemplateText,
    ends_at: Timestamp,
}

impl BatchContent {
    /// Checks what all recipients have in common.
    ///
    /// # Errors
    /// A [`Refusal`] that names the field to blame.
    pub(super) fn common(
        &self,
        (account_id, api_key): (AccountId, ApiKeyId),
        created_at: Timestamp,
    ) -> Result<Common, Refusal> {
        let refused = |code, detail: String, field| Refusal::new(code, detail).at(field);
        let sender =
            Sender::parse(&self.from).map_err(|error| refused(ErrorCode::InvalidSender, error.to_string(), "/from"))?;
        let text = self.text.parse::<TemplateText>();
        let text = text.map_err(|fault| refused(ErrorCode::InvalidRequest, fault.to_string(), "/text"))?;
        let validity_s = self.validity_s.unwrap_or(self.class.default_validity_s());
        let ends_at = created_at.saturating_add(Duration::from_secs(validity_s.into()));
        Ok(Common { account_id, api_key, sender, text, ends_at })
    }

    /// The message to one recipient.
    ///
    /// # Errors
    /// A [`Refusal`] that blames a field of the recipient.
    pub(super) fn request(
        &self,
        common: &Common,
        recipient: &Recipient,
        now: Timestamp,
    ) -> Result<SubmitRequest, Refusal> {
        let destination = number::parse(&recipient.to, None)
            .map_err(|error| Refusal::new(ErrorCode::InvalidDestination, error.to_string()).at("/to"))?;
        let text = common.text.fill(&recipient.variables);
        let text = text.map_err(|fault| Refusal::new(ErrorCode::InvalidRequest, fault.to_string()).at("/variables"))?;
        let left = u64::try_from(common.ends_at.0.saturating_sub(now.0)).unwrap_or(0);
        if left == 0 {
            return Err(Refusal::new(ErrorCode::Expired, "the batch's validity was over before its turn came"));
        }
        Ok(SubmitRequest {
            account_id: common.account_id,
            origin: Origin::Rest { api_key: common.api_key },
            sender: common.sender,
            destination,
            content: Content::Text(text, self.encoding),
            class: self.class,
            validity: Some(Duration::from_micros(left)),
            client_ref: recipient.reference.clone(),
            receipt_wanted: self.receipt_wanted,
            registered_delivery: 1,
            price_micros_max: self.price_micros_max,
            test_only: self.test_only,
            idempotency: None,
            options: None,
            part: None,
        })
    }
}
