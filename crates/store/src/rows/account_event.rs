//! What accounts are told of.

use sambac_domain::{AccountEventId, AccountId};

use super::row;

row! {
    /// Something that an account is told of.
    AccountEventRow in "account_events" {
        /// Whose.
        account_id: AccountId,
        /// Its id; rises in the order of commits.
        id: AccountEventId,
        /// What has happened: a word of the list of event types.
        kind: String,
        /// The message that it is of.
        subject: Option<i64>,
        /// What is told, JSON; `None` when it is read where it is kept, as a text from a handset is.
        body: Option<String>,
    }
}
