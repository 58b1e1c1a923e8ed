//! A provider that is none: it plays what providers do, for trying out and for demonstrations.
//!
//! It keeps nothing. How a payment is follows from what it is to play and from how often it was asked about, which are in the
//! payment's row: so it goes on after a restart where it was.

use std::time::Duration;

use rand::Rng as _;
use sambac_domain::time::Timestamp;
use sambac_store::rows::PaymentIntentRow;
use secrecy::SecretString;
use serde_json::json;

use super::provider::{Asked, Fault, OwnWebhook, Provider, Standing, Told};
use super::signature;
use super::stripe::METADATA_KEY;

/// When a webhook comes that comes late: after the janitor has asked.
const LATE: Duration = Duration::from_secs(8);
/// How often a provider that has timed out does not answer.
const TIME_OUTS: u32 = 2;

/// What is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Play {
    /// The payer pays at once, and a webhook tells so.
    #[default]
    Success,
    /// The payer's bank refuses, and a webhook tells so.
    Decline,
    /// The provider does not answer for a while, then it goes well.
    TimeOut,
    /// The payment is made and paid, but the answer that says so is lost.
    LostAnswer,
    /// The webhook comes twice, and another one tells the same.
    DuplicateWebhook,
    /// The webhook comes when everything is known already.
    LateWebhook,
    /// Nobody pays.
    Never,
}

impl Play {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Success,
        Self::Decline,
        Self::TimeOut,
        Self::LostAnswer,
        Self::DuplicateWebhook,
        Self::LateWebhook,
        Self::Never,
    ];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Decline => "decline",
            Self::TimeOut => "time_out",
            Self::LostAnswer => "lost_answer",
            Self::DuplicateWebhook => "duplicate_webhook",
            Self::LateWebhook => "late_webhook",
            Self::Never => "never",
        }
    }

    /// What a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|play| play.as_str() == word)
    }

    fn of(payment: &PaymentIntentRow) -> Self {
        payment.play.as_deref().and_then(Self::from_word).unwrap_or_default()
    }
}

/// The provider.
pub(super) struct TestProvider {
    /// Nobody but this process signs with it.
    secret: SecretString,
}

impl TestProvider {
    pub(super) fn new() -> Self {
        Self { secret: SecretString::from(format!("{:032x}", rand::rng().random::<u128>())) }
    }
}

impl Provider for TestProvider {
    fn name(&self) -> &'static str {
        "test"
    }

    fn create<'a>(&'a self, payment: &'a PaymentIntentRow) -> Asked<'a> {
        let away = match Play::of(payment) {
            Play::TimeOut => payment.checks < TIME_OUTS,
            Play::LostAnswer => payment.checks == 0,
            _ => false,
        };
        let told =
            if away { Err(Fault::Unanswered("time-out".to_owned())) } else { Ok(told(payment, Standing::Waiting)) };
        Box::pin(std::future::ready(told))
    }

    fn fetch<'a>(&'a self, payment: &'a PaymentIntentRow, _id: &'a str) -> Asked<'a> {
        let standing = match Play::of(payment) {
            Play::Decline => Standing::Declined,
            Play::Never => Standing::Waiting,
            _ => Standing::Succeeded,
        };
        Box::pin(std::future::ready(Ok(told(payment, standing))))
    }

    fn cancel<'a>(&'a self, payment: &'a PaymentIntentRow, _id: &'a str) -> Asked<'a> {
        Box::pin(std::future::ready(Ok(told(payment, Standing::Canceled))))
    }

    fn webhook_secret(&self) -> &SecretString {
        &self.secret
    }

    fn own_webhooks(&self, payment: &PaymentIntentRow, now: Timestamp) -> Vec<OwnWebhook> {
        let signed = |number: u32, kind: &str, after: Duration| {
            let object =
                json!({ "object": "payment_intent", "id": id_of(payment), "metadata": { METADATA_KEY: payment.id } });
            let event =
                json!({ "id": format!("evt_{}_{number}", payment.id), "type": kind, "data": { "object": object } });
            let (body, seconds) = (event.to_string().into_bytes(), now.0 / 1_000_000);
            OwnWebhook { after, signature: signature::sign(&self.secret, seconds, &body), body }
        };
        let (succeeded, at_once) = ("payment_intent.succeeded", Duration::ZERO);
        match Play::of(payment) {
            Play::Success => vec![signed(1, succeeded, at_once)],
            Play::Decline => vec![signed(1, "payment_intent.payment_failed", at_once)],
            Play::DuplicateWebhook => [1, 1, 2].map(|number| signed(number, succeeded, at_once)).into(),
            Play::LateWebhook => vec![signed(1, succeeded, LATE)],
            Play::TimeOut | Play::LostAnswer | Play::Never => Vec::new(),
        }
    }
}

fn id_of(payment: &PaymentIntentRow) -> String {
    format!("test_{}", payment.id)
}

fn told(payment: &PaymentIntentRow, state: Standing) -> Told {
    Told {
        id: id_of(payment),
        payment: Some(payment.id),
        state,
        amount_micros: payment.amount_micros,
        currency: payment.currency,
        client_secret: Some(SecretString::from(format!("{}_secret", id_of(payment)))),
        why: (state == Standing::Declined).then(|| "played: the bank refuses".to_owned()),
    }
}
