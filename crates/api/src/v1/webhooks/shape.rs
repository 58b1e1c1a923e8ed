//! What is said of webhooks. The secret is not part of one: it is shown once, when it is made.

use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_engine::api_key::Environment;
use sambac_engine::{Engine, Scheme, SecretWebhook, WEBHOOK_ROTATION_DEFAULT_S, WebhookChange, WebhookOrder};
use sambac_store::rows::WebhookRow;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::shown::{self, Moment};

/// A webhook to register.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddWebhook {
    /// A public https address.
    #[garde(length(chars, min = 1, max = 2048))]
    #[schema(format = "uri", min_length = 1, max_length = 2048, example = "https://example.com/sms-events")]
    url: String,
    /// Of which events it is told; empty: of all.
    #[garde(length(max = 32))]
    #[schema(max_items = 32, value_type = Option<Vec<shown::EventWord>>)]
    events: Option<Vec<String>>,
    /// What it is for.
    #[garde(length(chars, max = 200))]
    #[schema(max_length = 200, example = "core banking")]
    description: Option<String>,
    /// How it is signed: `v1` with a shared secret (HMAC-SHA256), `v1a` with a key whose public half is shown (Ed25519).
    #[garde(skip)]
    #[schema(value_type = Option<shown::SignatureScheme>)]
    signature: Option<String>,
}

/// What changes of a webhook.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateWebhook {
    /// A public https address.
    #[garde(length(chars, min = 1, max = 2048))]
    #[schema(format = "uri", min_length = 1, max_length = 2048)]
    url: Option<String>,
    /// Of which events it is told; empty: of all.
    #[garde(length(max = 32))]
    #[schema(max_items = 32, value_type = Option<Vec<shown::EventWord>>)]
    events: Option<Vec<String>>,
    /// What it is for.
    #[garde(length(chars, max = 200))]
    #[schema(max_length = 200)]
    description: Option<String>,
    /// Whether it is called. What comes meanwhile is not told later; what waited already is.
    #[garde(skip)]
    enabled: Option<bool>,
}

/// How a webhook's secret is rotated.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateWebhook {
    /// Seconds that the present secret signs on, beside the new one; 0: not at all.
    #[garde(range(max = 2_592_000))]
    #[schema(minimum = 0, maximum = 2_592_000, default = 86_400)]
    keep_s: Option<u32>,
    /// How it is signed from now on; as before if not given.
    #[garde(skip)]
    #[schema(value_type = Option<shown::SignatureScheme>)]
    signature: Option<String>,
}

/// An address that is told of events.
#[derive(Serialize, ToSchema)]
pub(crate) struct Webhook {
    /// Names it.
    #[schema(example = "whk_01h2xcejqtf2n")]
    id: String,
    /// Where events are posted.
    #[schema(format = "uri", example = "https://example.com/sms-events")]
    url: String,
    #[schema(value_type = shown::Calling)]
    state: &'static str,
    /// Of which events it is told; empty: of all.
    #[schema(value_type = Vec<shown::EventWord>)]
    events: Vec<String>,
    /// What it is for.
    description: String,
    /// How it is signed.
    #[schema(value_type = shown::SignatureScheme)]
    signature: &'static str,
    /// Verifies its signatures, when they are `v1a`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whpk_…")]
    public_key: Option<String>,
    /// Until when what it was signed with before the last rotation signs, too; missing when it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_secret_until: Option<Moment>,
    /// Verifies the signatures of that one, when they are `v1a`.
    #[serde(skip_serializing_if = "Option::is_none")]
    former_public_key: Option<String>,
    /// Since when its receiver takes nothing; after 120 hours of that it is disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<Moment>,
    /// Why it is disabled, when that was not your wish: `gone`, its receiver answered 410; `failing`, it took nothing for 120 hours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "failing")]
    disabled_reason: Option<String>,
    /// Since when it is disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<Moment>,
    /// When it was made.
    created_at: Moment,
    /// `live`, or `test` when a test key has made it: it is told of messages to numbers of the test network only.
    #[schema(example = "live")]
    environment: String,
}

/// A webhook with its new secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddedWebhook {
    #[serde(flatten)]
    webhook: Webhook,
    /// Verifies the events (Standard Webhooks). Shown this once; missing when `public_key` does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_…")]
    secret: Option<String>,
}

/// The account's webhooks.
#[derive(Serialize, ToSchema)]
pub(crate) struct Webhooks {
    data: Vec<Webhook>,
}

impl AddWebhook {
    pub(super) fn order(self, environment: Environment) -> Result<WebhookOrder, Problem> {
        let scheme = scheme(self.signature.as_deref())?.unwrap_or(Scheme::V1);
        let (events, description) = (self.events.unwrap_or_default(), self.description.unwrap_or_default());
        Ok(WebhookOrder { url: self.url, events, description, scheme, environment })
    }
}

impl UpdateWebhook {
    pub(super) fn change(self) -> WebhookChange {
        let Self { url, events, description, enabled } = self;
        WebhookChange { url, events, description, enabled }
    }
}

impl RotateWebhook {
    pub(super) fn keep_s(&self) -> u32 {
        self.keep_s.unwrap_or(WEBHOOK_ROTATION_DEFAULT_S)
    }

    pub(super) fn scheme(&self) -> Result<Option<Scheme>, Problem> {
        scheme(self.signature.as_deref())
    }
}

fn scheme(word: Option<&str>) -> Result<Option<Scheme>, Problem> {
    let unknown = || {
        let problem = Problem::new(ErrorCode::InvalidRequest).detail("a field of the body is not valid");
        problem.at("/signature", "must be v1 or v1a")
    };
    word.map(|word| Scheme::parse(word).ok_or_else(unknown)).transpose()
}

impl Webhook {
    pub(super) fn new(row: WebhookRow, engine: &Engine) -> Self {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        let now = engine.clock().now();
        let until = row.former_until.filter(|end| *end > now);
        let failing_since = engine.webhook_failing_since(row.id).map(Moment);
        Self {
            id: row.id.to_string(),
            url: row.url,
            state: row.state.as_str(),
            events: row.events,
            description: row.description,
            signature: Scheme::of_public_key(&row.public_key).as_str(),
            public_key: given(row.public_key),
            former_secret_until: until.map(Moment),
            former_public_key: until.and_then(|_| given(row.former_public_key)),
            failing_since,
            disabled_reason: given(row.disabled_reason),
            disabled_at: row.disabled_at.map(Moment),
            created_at: Moment(row.created_at),
            environment: row.environment,
        }
    }
}

impl AddedWebhook {
    pub(super) fn new(SecretWebhook { row, secret }: SecretWebhook, engine: &Engine) -> Self {
        let secret = secret.map(|secret| secret.expose_secret().to_owned());
        Self { webhook: Webhook::new(row, engine), secret }
    }
}

impl Webhooks {
    pub(super) fn new(rows: Vec<WebhookRow>, engine: &Engine) -> Self {
        Self { data: rows.into_iter().map(|row| Webhook::new(row, engine)).collect() }
    }
}
