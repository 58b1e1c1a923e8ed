//! The body of `POST /v1/sms/batch`.

use std::collections::{BTreeMap, BTreeSet};

use garde::Validate;
use sambac_domain::TrafficClass;
use sambac_domain::error::ErrorCode;
use sambac_domain::redaction::Redaction;
use sambac_domain::unique_map;
use sambac_engine::batch::{BatchContent, RECIPIENTS_MAX, Recipient};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Authorised, scope};
use crate::problem::Problem;
use crate::shown;
use crate::v1::sms_request::{self, TextEncoding};

/// One text for many recipients.
#[derive(Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "from": "MyBank", "text": "Parcel {parcel} comes today.",
    "recipients": [{ "to": "+447700900123", "variables": { "parcel": "17" } }]
}))]
pub(crate) struct SendBatch {
    /// What the handsets show: a number, a short code, or up to 11 characters.
    #[garde(skip)]
    #[schema(example = "MyBank")]
    from: String,
    /// The text; needed unless `template` is given. `{name}` is filled in for each recipient with the variable of that name; `{{` and `}}` stand for braces.
    #[garde(skip)]
    #[schema(min_length = 1, example = "Parcel {parcel} comes today.")]
    text: Option<String>,
    /// The approved template that makes the texts, instead of a text.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    /// Which version of the template; the latest approved one when left out.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    template_version: Option<u32>,
    /// In which language, where a recipient says none.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<String>,
    /// How the texts are encoded; chosen for each by its characters when left out.
    #[garde(skip)]
    #[schema(value_type = Option<shown::TextEncoding>)]
    encoding: Option<TextEncoding>,
    /// What the messages are for.
    #[garde(skip)]
    #[serde(default = "sms_request::transactional")]
    #[schema(value_type = shown::Class, default = "transactional")]
    class: TrafficClass,
    /// Seconds after the batch was taken after which none of it is sent any more; by default 300 for an `otp`, else 86400.
    #[garde(range(min = 1, max = 259_200))]
    #[schema(minimum = 1, maximum = 259_200)]
    validity_s: Option<u32>,
    /// When to send, at most 7 days ahead: a moment with its offset from UTC, or a local time without one. At once when left out.
    #[garde(length(max = 40))]
    #[schema(max_length = 40, example = "2026-12-01T09:00")]
    send_at: Option<String>,
    /// Whose clocks show `send_at`, when it has no offset: an IANA zone, or `recipient` for that of each number's country, as long
    /// as that has one time only; by default UTC.
    #[garde(length(max = 64))]
    #[schema(max_length = 64, example = "recipient")]
    zone: Option<String>,
    /// Words by which you find the messages again, up to 10. Each has up to 32 letters, digits, points, colons, hyphens and
    /// underscores, a letter first. No personal data.
    #[garde(length(max = 10), inner(custom(sms_request::tag)))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10, example = json!(["november"]))]
    tags: Vec<String>,
    /// What is kept no longer than it is needed: `text`, `to`.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Redaction::is_none")]
    #[schema(value_type = Vec<shown::RedactedPart>, example = json!(["text"]))]
    redact: Redaction,
    /// Refuse each recipient whose message would cost more, in your account's currency.
    #[garde(skip)]
    #[schema(pattern = r"^\d+(\.\d{1,6})?$", example = "0.05")]
    max_price: Option<String>,
    /// Whether you want to be told the final states.
    #[garde(skip)]
    #[serde(default = "sms_request::yes")]
    #[schema(default = true)]
    receipt: bool,
    /// Whether nothing is to happen: the answer then tells each recipient's price or refusal.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(default = false)]
    dry_run: bool,
    /// To whom. They are taken in this order.
    #[garde(length(min = 1, max = RECIPIENTS_MAX), dive)]
    #[schema(min_items = 1, max_items = 10_000)]
    recipients: Vec<To>,
}

/// A recipient.
#[derive(Deserialize, Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BatchTo)]
pub(crate) struct To {
    /// Destination as an international number, with or without the plus.
    #[garde(length(chars, max = 32))]
    #[schema(max_length = 32, example = "+447700900123")]
    to: String,
    /// What goes into the places of the text.
    #[garde(length(max = 32))]
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "unique_map::deserialize")]
    #[schema(example = json!({ "parcel": "17" }))]
    variables: BTreeMap<String, String>,
    /// In which language of the template.
    #[garde(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    locale: Option<String>,
    /// Your own reference, given back in the message's status and notifications.
    #[garde(length(chars, max = 64), inner(custom(sms_request::without_controls)))]
    #[schema(max_length = 64)]
    reference: Option<String>,
}

impl SendBatch {
    /// Whether nothing is to happen.
    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Digest of what was asked: the same for the same request however its JSON was written.
    pub(super) fn fingerprint(&self, client: &Authorised<scope::SmsSend>) -> String {
        let mut request = b"POST /v1/sms/batch\n".to_vec();
        request.extend(serde_json::to_vec(self).unwrap_or_default());
        client.engine().fingerprint(client.account_id(), &request)
    }

    pub(super) fn into_content(self, client: &Authorised<scope::SmsSend>) -> Result<BatchContent, Problem> {
        let recipient = |To { to, variables, locale, reference }| Recipient { to, variables, locale, reference };
        let (version, locale) = (self.template_version, self.locale.as_ref());
        let template = sms_request::named_template(self.template.as_ref(), version, locale, false)?;
        if template.is_some() == self.text.is_some() {
            return Err(Problem::from(ErrorCode::InvalidRequest).at("/text", "give either a text or a template"));
        }
        Ok(BatchContent {
            from: self.from,
            text: self.text.unwrap_or_default(),
            template,
            encoding: self.encoding.map(Into::into),
            class: self.class,
            validity_s: self.validity_s,
            tags: self.tags.into_iter().collect::<BTreeSet<_>>().into_iter().collect(),
            send_at: sms_request::when(self.send_at.as_ref(), self.zone.as_ref())?,
            price_micros_max: self.max_price.as_deref().map(sms_request::price).transpose()?,
            redact: self.redact,
            receipt_wanted: self.receipt,
            test_only: client.is_test(),
            recipients: self.recipients.into_iter().map(recipient).collect(),
        })
    }
}
