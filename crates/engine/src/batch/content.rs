//! What a batch sends to whom, as it is stored until it has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use sambac_domain::class::TrafficClass;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, ApiKeyId};
use sambac_domain::message::Origin;
use sambac_domain::number::{self, Sender};
use sambac_domain::options::MessageOptions;
use sambac_domain::redaction::Redaction;
use sambac_domain::template::TemplateText;
use sambac_domain::text::Encoding;
use sambac_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::schedule::{SendAt, When};
use crate::snapshot::Snapshot;
use crate::submit::{Content, SubmitRequest};
use crate::templates::NamedTemplate;

/// One text for many.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BatchContent {
    /// The sender of all.
    pub from: String,
    /// The text, with a place in braces for each variable; nothing beside a template.
    pub text: String,
    /// The template that the texts are made by, instead of a text.
    #[serde(default)]
    pub template: Option<NamedTemplate>,
    /// How the texts are encoded; chosen for each when not given.
    pub encoding: Option<Encoding>,
    /// What the messages are for.
    pub class: TrafficClass,
    /// Seconds after the batch was made after which none of them is sent any more; the class's default if not given.
    pub validity_s: Option<u32>,
    /// When to send, for each recipient by itself; at once if not given.
    #[serde(default)]
    pub send_at: Option<SendAt>,
    /// Words by which the messages are found again.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What of the messages is kept no longer than it is needed.
    #[serde(default)]
    pub redact: Redaction,
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
    /// In which language of the template; in the batch's if not given.
    #[serde(default)]
    pub locale: Option<String>,
    /// The client's own reference.
    #[serde(default)]
    pub reference: Option<String>,
}

/// What all recipients of a batch have in common, read once.
pub(super) struct Common {
    account_id: AccountId,
    api_key: ApiKeyId,
    sender: Sender,
    wording: Wording,
    when: Option<When>,
    created_at: Timestamp,
    validity: Duration,
}

/// How the texts are made.
enum Wording {
    Free(TemplateText),
    By(NamedTemplate),
}

impl Wording {
    fn text(&self, common: &Common, snapshot: &Snapshot, recipient: &Recipient) -> Result<String, Refusal> {
        match self {
            Self::Free(text) => text
                .fill(&recipient.variables)
                .map_err(|fault| Refusal::new(ErrorCode::InvalidRequest, fault.to_string()).at("/variables")),
            Self::By(template) => {
                let locale = recipient.locale.clone().or_else(|| template.locale.clone());
                let template = NamedTemplate { locale, ..template.clone() };
                template.fill(snapshot, common.account_id, &recipient.variables)
            }
        }
    }
}

impl Common {
    /// How long a message is still valid: from when it is to be sent, or from when the batch was made.
    fn left(&self, at: Option<Timestamp>, now: Timestamp) -> Result<Duration, Refusal> {
        let from = at.unwrap_or(self.created_at);
        let spent = Duration::from_micros(u64::try_from(now.0.saturating_sub(from.0)).unwrap_or(0));
        let left = self.validity.checked_sub(spent).filter(|left| !left.is_zero());
        left.ok_or_else(|| Refusal::new(ErrorCode::Expired, "the batch's validity was over before its turn came"))
    }
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
        let wording = match &self.template {
            Some(template) => Wording::By(template.clone()),
            None => {
                let text = self.text.parse::<TemplateText>();
                Wording::Free(text.map_err(|fault| refused(ErrorCode::InvalidRequest, fault.to_string(), "/text"))?)
            }
        };
        let validity_s = self.validity_s.unwrap_or(self.class.default_validity_s());
        let validity = Duration::from_secs(validity_s.into());
        let when = self.send_at.as_ref().map(SendAt::read).transpose()?;
        Ok(Common { account_id, api_key, sender, wording, when, created_at, validity })
    }

    /// The message to one recipient.
    ///
    /// # Errors
    /// A [`Refusal`] that blames a field of the recipient.
    pub(super) fn request(
        &self,
        common: &Common,
        recipient: &Recipient,
        (snapshot, now): (&Snapshot, Timestamp),
    ) -> Result<SubmitRequest, Refusal> {
        let destination = number::parse(&recipient.to, None)
            .map_err(|error| Refusal::new(ErrorCode::InvalidDestination, error.to_string()).at("/to"))?;
        let text = common.wording.text(common, snapshot, recipient)?;
        let at = common.when.as_ref().map(|when| when.moment(snapshot, destination, common.created_at)).transpose()?;
        let validity = common.left(at, now)?;
        // One whose time has come meanwhile goes at once.
        let deliver_at = at.filter(|at| *at > now);
        let options =
            MessageOptions { deliver_at, tags: self.tags.clone(), redact: self.redact, ..MessageOptions::NONE };
        Ok(SubmitRequest {
            account_id: common.account_id,
            origin: Origin::Rest { api_key: common.api_key },
            sender: common.sender,
            destination,
            content: Content::Text(text, self.encoding),
            class: self.class,
            validity: Some(validity),
            client_ref: recipient.reference.clone(),
            receipt_wanted: self.receipt_wanted,
            registered_delivery: 1,
            price_micros_max: self.price_micros_max,
            test_only: self.test_only,
            idempotency: None,
            options: (!options.is_empty()).then(|| Box::new(options)),
            part: None,
        })
    }
}
