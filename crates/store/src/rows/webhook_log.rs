//! What became of attempts to tell webhooks.

use sambac_domain::{AccountEventId, Timestamp, WebhookDeliveryId, WebhookId};

use super::row;

row! {
    /// One attempt.
    WebhookDeliveryRow in "webhook_deliveries" {
        /// Who was called.
        webhook_id: WebhookId,
        /// Names it.
        id: WebhookDeliveryId,
        /// The event, as `webhook-id` says it.
        event: String,
        /// The event's type.
        kind: String,
        /// Which attempt of this event it was; 0: a test.
        attempt: u16,
        /// When it began.
        at: Timestamp,
        /// How long it took, in milliseconds.
        took_ms: i64,
        /// The HTTP status of the answer, if there was one.
        status: Option<u16>,
        /// `taken`, or why not.
        outcome: String,
    }
}

row! {
    /// An event that a webhook has not taken, and is not offered any more.
    DeadLetterRow in "webhook_dead_letters" {
        /// Who was called.
        webhook_id: WebhookId,
        /// The event.
        id: AccountEventId,
        /// Its type.
        kind: String,
        /// Attempts that were made.
        attempts: u16,
        /// What became of the last one.
        outcome: String,
        /// When it was given up.
        at: Timestamp,
    }
}

/// Which dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadLetterKey {
    /// Who was called.
    pub webhook_id: WebhookId,
    /// The event.
    pub id: AccountEventId,
}
