//! Texts that accounts have approved.

use sambac_domain::{AccountId, ApiKeyId, TemplateId, Timestamp};

use super::row;
use super::words::words;

words! {
    /// How far a version of a template is.
    TemplateState {
        /// Nobody has decided on it.
        Pending "pending",
        /// Messages may be made by it.
        Approved "approved",
        /// It was not approved.
        Refused "refused",
        /// It was approved, and is not used any more.
        Retired "retired",
    }
}

row! {
    /// A version of a template.
    TemplateRow in "templates" {
        /// Its id.
        id: TemplateId,
        /// Whose it is.
        account_id: AccountId,
        /// The name that its versions share.
        name: String,
        /// From 1.
        version: u32,
        /// What it says, as JSON ([`sambac_domain::template::TemplateDefinition`]).
        definition: String,
        /// How far it is.
        state: TemplateState,
        /// The key that it was made with.
        created_by: ApiKeyId,
        /// When.
        created_at: Timestamp,
        /// The key that it was decided with last.
        decided_by: Option<ApiKeyId>,
        /// When.
        decided_at: Option<Timestamp>,
        /// Why it was decided so; may be empty.
        reason: String,
    }
}
