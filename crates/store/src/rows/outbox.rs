//! Work that waits to be done, and answers kept for repeated requests.

use sambac_domain::{AccountId, Lane, MessageId, TargetId, Timestamp};

use super::row;
use super::words::codes;

codes! {
    /// What is to be done with an outbox row.
    OutboxKind {
        /// Submit a segment to an operator.
        Submit 1,
        /// Deliver a receipt to a client's bind.
        Deliver 2,
        /// Call a webhook.
        Webhook 3,
    }
}

row! {
    /// Work of one queue, in the order of `id`.
    OutboxRow in "outbox" {
        /// Whose queue.
        target: TargetId,
        /// Which lane of it.
        lane: Lane,
        /// Segment id of a submit, notice id otherwise.
        id: i64,
        /// What is to be done.
        kind: OutboxKind,
        /// How often it was tried; for a segment, also which fields the next attempt leaves out.
        attempt: u16,
        /// Not before this; 0: now.
        due_at: Timestamp,
        /// What a notice says, JSON.
        payload: Option<String>,
    }
}

row! {
    /// Which outbox row.
    OutboxKey in "outbox" {
        /// Whose queue.
        target: TargetId,
        /// Which lane of it.
        lane: Lane,
        /// The row.
        id: i64,
    }
}

row! {
    /// The answer to a request that carried an Idempotency-Key.
    IdempotencyRow in "idempotency_keys" {
        /// Whose key.
        account_id: AccountId,
        /// The key.
        key: String,
        /// Hash of the request that it came with.
        fingerprint: String,
        /// The message made.
        message_id: MessageId,
        /// The answer given.
        response: String,
        /// When.
        created_at: Timestamp,
    }
}

impl OutboxRow {
    /// Its key.
    pub const fn key(&self) -> OutboxKey {
        OutboxKey { target: self.target, lane: self.lane, id: self.id }
    }
}
