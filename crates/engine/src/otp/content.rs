//! What is needed to send a code again: sealed in its row, and wiped when it ends.

use sambac_domain::class::TrafficClass;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, ApiKeyId, OtpId};
use sambac_domain::message::Origin;
use sambac_domain::number::{Msisdn, Sender};
use sambac_domain::options::MessageOptions;
use sambac_domain::otp::{CodeForm, Filling, Step, fill};
use sambac_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::submit::{Content, Idempotency, SubmitRequest};

/// How a code is told. The code itself is not in it.
#[derive(Serialize, Deserialize)]
pub(crate) struct OtpContent {
    pub(crate) form: CodeForm,
    pub(crate) template: String,
    /// Amount and payee, as they are told.
    pub(crate) link: Option<(String, String)>,
    pub(crate) app_hash: Option<String>,
    pub(crate) origin: Option<String>,
    pub(crate) sender: Option<String>,
    pub(crate) steps: Vec<Step>,
    pub(crate) api_key: ApiKeyId,
    pub(crate) client_ref: Option<String>,
    pub(crate) price_micros_max: Option<i64>,
    pub(crate) test_only: bool,
}

/// Which code is sent, to whom, until when.
pub(crate) struct Sending<'a> {
    pub(crate) id: OtpId,
    pub(crate) account_id: AccountId,
    pub(crate) destination: Msisdn,
    pub(crate) expires_at: Timestamp,
    pub(crate) now: Timestamp,
    pub(crate) code: &'a str,
    pub(crate) step: u8,
    pub(crate) idempotency: Option<Idempotency>,
}

impl OtpContent {
    /// The message that tells the code: worthless when the code is.
    ///
    /// # Errors
    /// When its channel is not offered, it has no sender, or its text cannot be made.
    pub(crate) fn message(&self, sending: Sending<'_>) -> Result<SubmitRequest, Refusal> {
        let step = self.steps.get(usize::from(sending.step)).ok_or(ErrorCode::NoNextChannel)?;
        if !step.channel.is_available() {
            let detail = format!("the channel {} is not offered", step.channel.as_str());
            return Err(Refusal::new(ErrorCode::ChannelNotAvailable, detail));
        }
        let validity = sending.expires_at.since(sending.now);
        let filling = Filling {
            code: sending.code,
            ttl_min: validity.as_secs().div_ceil(60),
            link: self.link.as_ref().map(|(amount, payee)| (amount.as_str(), payee.as_str())),
            app_hash: self.app_hash.as_deref(),
            origin: self.origin.as_deref(),
        };
        let text = fill(&self.template, &filling)
            .map_err(|error| Refusal::new(ErrorCode::InvalidRequest, format!("the text of the code: {error}")))?;
        Ok(SubmitRequest {
            account_id: sending.account_id,
            origin: Origin::Rest { api_key: self.api_key },
            sender: self.sender(step)?,
            destination: sending.destination,
            content: Content::Text(text, None),
            class: TrafficClass::Otp,
            validity: Some(validity),
            client_ref: self.client_ref.clone(),
            receipt_wanted: true,
            registered_delivery: 1,
            price_micros_max: self.price_micros_max,
            test_only: self.test_only,
            idempotency: sending.idempotency,
            options: Some(Box::new(MessageOptions { otp: Some(sending.id), ..MessageOptions::NONE })),
            part: None,
        })
    }

    /// That of the step, or else of the code.
    fn sender(&self, step: &Step) -> Result<Sender, Refusal> {
        let missing = || Refusal::new(ErrorCode::InvalidSender, "give a sender, or a profile that has one").at("/from");
        let sender = step.sender.as_ref().or(self.sender.as_ref()).ok_or_else(missing)?;
        Sender::parse(sender).map_err(|error| Refusal::new(ErrorCode::InvalidSender, error.to_string()).at("/from"))
    }
}
