//! Persons who want no more messages.

use sambac_domain::{AccountId, OptOutId, Timestamp};

use super::row;
use super::words::words;

words! {
    /// Whether a person gets messages.
    OptOutState {
        /// None but one-time codes.
        Out "opted_out",
        /// Again.
        In "opted_in",
    }
}

words! {
    /// Who said so.
    OptOutSource {
        /// The person, by a word from the handset.
        Keyword "keyword",
        /// The account, by the API.
        Api "api",
        /// The account, by a list.
        Import "import",
    }
}

row! {
    /// What was said last of a number, for all senders of an account or for one.
    OptOutRow in "opt_outs" {
        /// Its id; it stays when something else is said.
        id: OptOutId,
        /// Of whose messages.
        account_id: AccountId,
        /// By which the number is known again.
        number_digest: Vec<u8>,
        /// By which sender; empty for all.
        sender: String,
        /// The number, sealed; nothing once it was erased.
        number_sealed: Option<String>,
        /// Whether it gets messages.
        state: OptOutState,
        /// Who said so.
        source: OptOutSource,
        /// The message from the handset, or the key, by name.
        set_by: String,
        /// Why, in the account's words; may be empty.
        note: String,
        /// When.
        set_at: Timestamp,
    }
}
