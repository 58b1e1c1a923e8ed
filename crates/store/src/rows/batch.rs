//! Requests with one text for many recipients.

use sambac_domain::{AccountId, ApiKeyId, BatchId, ErrorCode, MessageId, Timestamp};

use super::row;
use crate::Sealed;

row! {
    /// A request for many.
    BatchRow in "batches" {
        /// Its id.
        id: BatchId,
        /// Whose it is.
        account_id: AccountId,
        /// The key that it came with.
        api_key_id: ApiKeyId,
        /// How many recipients it names.
        total: u32,
        /// What is to be sent to whom, encrypted; `None` once it has ended.
        content: Option<Sealed<Vec<u8>>>,
        /// When it was made.
        created_at: Timestamp,
        /// When the last of its recipients was decided.
        ended_at: Option<Timestamp>,
        /// When it was called off.
        canceled_at: Option<Timestamp>,
    }
}

row! {
    /// What became of one recipient of a request for many.
    BatchRecipientRow in "batch_recipients" {
        /// The request.
        batch_id: BatchId,
        /// Which one, from 0.
        no: u32,
        /// Its message, if it was taken.
        message_id: Option<MessageId>,
        /// Why not.
        error: Option<ErrorCode>,
        /// Which field is to blame, as a JSON pointer into the recipient.
        field: Option<String>,
        /// What is particular to this case.
        detail: Option<String>,
    }
}
