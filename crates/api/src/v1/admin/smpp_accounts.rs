//! `/v1/admin/smpp-accounts`: clients' ways in over SMPP.

use axum::extract::Path;
use sambac_engine::admin::Kind;
use utoipa::ToSchema;

use super::difference::ShownDifference;
use super::resource::{Creating, Listing, Reading, Removing, Updating, resource};
use super::shown::{Showing, Thing, Things};
use crate::access::{Admin, admin_scope};
use crate::input::{Document, IfMatch, Json, Parameters};
use crate::problem::Problem;
use crate::shown::Moment;

/// A client's way in over SMPP.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct SmppAccountDocument {
    /// What the client binds as, unique.
    #[schema(example = "bank")]
    system_id: String,
    /// An account's name.
    #[schema(example = "bank")]
    account: String,
    /// Addresses and networks that may bind; any, when there is none.
    #[schema(example = json!(["192.0.2.0/24"]))]
    allowed_ips: Option<Vec<String>>,
    /// How many binds at a time.
    #[schema(default = 10)]
    binds_max: Option<u16>,
    /// Unanswered PDUs to the client at a time.
    #[schema(default = 100, minimum = 1, maximum = 1000)]
    window_max: Option<u16>,
    /// The traffic class of what arrives here.
    #[schema(default = "transactional")]
    class: Option<String>,
    /// Its profile: a preset, and what differs from it. `GET /v1/admin/settings` lists every setting.
    #[schema(value_type = Option<Object>)]
    settings: Option<serde_json::Value>,
    /// `active` or `suspended`.
    #[schema(default = "active")]
    state: Option<String>,
}

/// A client's way in over SMPP, to be made.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a body")]
#[schema(example = json!({ "system_id": "mybank", "account": "My Bank" }))]
pub(crate) struct NewSmppAccount {
    /// Never shown again; one is made when none is given.
    password: Option<String>,
    #[schema(inline)]
    #[serde(flatten)]
    document: SmppAccountDocument,
}

/// A client's way in as it is stored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is answered")]
pub(crate) struct SmppAccount {
    /// Names it.
    id: String,
    /// When it was made.
    created_at: Moment,
    /// For `If-Match`: changes with everything that is stored of it.
    etag: String,
    /// The version of the configuration that keeps this change; only in the answer to one.
    version: Option<i64>,
    /// What would change; only in the answer to a dry run.
    differences: Option<Vec<ShownDifference>>,
    /// The password that was made; only in the answer to that, and only once.
    password: Option<String>,
    /// The whole profile, when it was asked for.
    #[schema(value_type = Option<Object>)]
    effective: Option<serde_json::Value>,
    #[schema(inline)]
    #[serde(flatten)]
    document: SmppAccountDocument,
}

resource! {
    SmppAccount at "/v1/admin/smpp-accounts", "/v1/admin/smpp-accounts/{id}" as NewSmppAccount, SmppAccount, SmppAccounts;
    list_smpp_accounts "List the SMPP accounts.";
    show_smpp_account "Show an SMPP account." [Showing];
    create_smpp_account "Make an SMPP account. A password that is not given is made, and shown this once.";
    update_smpp_account "Change an SMPP account.";
    remove_smpp_account "Remove an SMPP account that is suspended and for which nothing waits.";
}
