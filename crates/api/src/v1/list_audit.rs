//! `GET /v1/audit`: what was done to the account, by whom.

use std::collections::HashSet;

use sambac_store::audit::AuditFilter;
use sambac_store::rows::AuditRow;
use sambac_store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::paging;
use crate::access::{Authorised, scope};
use crate::input::Parameters;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::Moment;
use sambac_domain::error::ErrorCode;
use sambac_domain::{AccountId, Timestamp};

/// Characters of an action that is looked for.
pub(in crate::v1) const ACTION_CHARACTERS_MAX: usize = 64;

/// How the log begins to name a person; the login follows.
const PERSON: &str = "user ";

/// An entry of the audit log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// Its number in the platform's log.
    #[schema(example = 4711)]
    number: i64,
    at: Moment,
    /// Who it was.
    #[schema(example = "api key key_01h2xcejqtf2n")]
    actor: String,
    /// What was done.
    #[schema(example = "key.rotate")]
    action: String,
    /// To what.
    subject: String,
    /// From where, as far as that is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    address: String,
    /// What is particular to it.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListAudit {
    /// Entries on one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(in crate::v1) limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub(in crate::v1) cursor: Option<String>,
    /// Only those whose action begins so.
    #[param(max_length = 64, example = "key.")]
    pub(in crate::v1) action: Option<String>,
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    data: Vec<AuditEntry>,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

struct Paging;

impl utoipa::IntoResponses for Paging {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::InvalidRequest]])
    }
}

/// List what was done to the account.
///
/// Keys made, changed, rotated and revoked, calls that changed something, keys that were used from where they may not be. Who runs the platform is
/// shown as `administrator`.
#[utoipa::path(
    get,
    path = "/v1/audit",
    tag = "Account",
    security(("key" = ["audit:read"]), ("key_header" = ["audit:read"])),
    params(ListAudit),
    responses((status = 200, description = "A page, newest first", body = AuditPage), Paging)
)]
pub(crate) async fn list_audit(
    client: Authorised<scope::AuditRead>,
    Parameters(query): Parameters<ListAudit>,
) -> Result<axum::Json<AuditPage>, Problem> {
    let limit = paging::limit(query.limit)?;
    let filter = AuditFilter {
        account_id: Some(client.account_id()),
        action: paging::sought("action", query.action, ACTION_CHARACTERS_MAX)?,
        before: paging::before(query.cursor)?,
        limit: limit + 1,
        ..AuditFilter::default()
    };
    let store = client.engine().store();
    let rows = store.audit_page(&filter).await?;
    let own = own_persons(store, client.account_id(), &rows).await?;
    Ok(axum::Json(AuditPage::new(rows, limit, |row| AuditEntry::for_client(row, &own))))
}

/// Which of a page's persons are the account's, as the audit log names them.
async fn own_persons(store: &Store, account: AccountId, rows: &[AuditRow]) -> Result<HashSet<String>, StoreError> {
    let named: HashSet<&str> = rows.iter().filter_map(|row| row.actor.strip_prefix(PERSON)).collect();
    let mut own = HashSet::new();
    for login in named {
        if store.user_by_login(login).await?.is_some_and(|user| user.account_id == Some(account)) {
            own.insert(format!("{PERSON}{login}"));
        }
    }
    Ok(own)
}

impl AuditEntry {
    /// All of it.
    pub(in crate::v1) fn whole(row: AuditRow) -> Self {
        let AuditRow { id, at, actor, action, subject, address, detail, .. } = row;
        let detail = serde_json::from_str(&detail).unwrap_or_default();
        Self { number: id, at: Moment(Timestamp(at.0)), actor, action, subject, address, detail }
    }

    /// Without who of us it was, and from where. `own` are the account's persons among them, as the log names them.
    fn for_client(row: AuditRow, own: &HashSet<String>) -> Self {
        let is_theirs =
            ["api key ", "issuer "].iter().any(|kind| row.actor.starts_with(kind)) || own.contains(&row.actor);
        let is_ours = !is_theirs && row.actor != "outsider";
        let whole = Self::whole(row);
        if is_ours { Self { actor: "administrator".to_owned(), address: String::new(), ..whole } } else { whole }
    }
}

impl AuditPage {
    pub(in crate::v1) fn new(mut rows: Vec<AuditRow>, limit: u32, entry: impl Fn(AuditRow) -> AuditEntry) -> Self {
        let next_cursor = paging::cut(&mut rows, limit, |row| row.id.to_string());
        Self { data: rows.into_iter().map(entry).collect(), next_cursor }
    }
}
