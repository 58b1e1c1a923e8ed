//! A webhook as its owner sees it. The secret is not part of it: it is shown once, when it is made.

use sambac_store::rows::WebhookRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::shown::{self, Moment};

/// An address that is told about final states.
#[derive(Serialize, ToSchema)]
pub(crate) struct Webhook {
    /// Names it.
    #[schema(example = "whk_01h2xcejqtf2n")]
    pub(crate) id: String,
    /// Where events are posted.
    #[schema(format = "uri", example = "https://example.com/sms-events")]
    pub(crate) url: String,
    /// `disabled` after too many failures, or by hand.
    #[schema(value_type = shown::Calling)]
    pub(crate) state: &'static str,
    /// When it was made.
    pub(crate) created_at: Moment,
}

impl From<WebhookRow> for Webhook {
    fn from(row: WebhookRow) -> Self {
        Self { id: row.id.to_string(), url: row.url, state: row.state.as_str(), created_at: Moment(row.created_at) }
    }
}
