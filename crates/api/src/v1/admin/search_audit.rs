//! `GET /v1/admin/audit`: who did what to the platform.

use sambac_domain::AccountId;
use sambac_domain::error::ErrorCode;
use sambac_store::audit::AuditFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::resource::refusals;
use crate::access::{Admin, admin_scope};
use crate::input::Parameters;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::v1::list_audit::{ACTION_CHARACTERS_MAX, AuditEntry, AuditPage};
use crate::v1::paging;

/// Characters of an actor that is looked for.
const ACTOR_CHARACTERS_MAX: usize = 200;

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchAudit {
    /// Entries on one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only those whose action begins so.
    #[param(max_length = 64, example = "config.")]
    action: Option<String>,
    /// Only those of this actor.
    #[param(max_length = 200, example = "admin key operations")]
    actor: Option<String>,
    /// Only those that concern this account.
    #[param(value_type = Option<String>, example = "acc_01h2xcejqtf2n")]
    account: Option<String>,
}

refusals! {
    /// Of a page.
    Paging: &[ANY_CALL, &[ErrorCode::InvalidRequest]];
}

/// List what was done to the platform.
#[utoipa::path(
    get,
    path = "/v1/admin/audit",
    tag = "Admin",
    security(("admin_key" = ["audits:read"])),
    params(SearchAudit),
    responses((status = 200, description = "A page, newest first", body = AuditPage), Paging)
)]
pub(crate) async fn search_audit(
    admin: Admin<admin_scope::AuditsRead>,
    Parameters(query): Parameters<SearchAudit>,
) -> Result<axum::Json<AuditPage>, Problem> {
    let limit = paging::limit(query.limit)?;
    let account = query.account.map(|text| text.parse::<AccountId>()).transpose();
    let filter = AuditFilter {
        account_id: account.map_err(|_| paging::bad("account", "is no id of an account".to_owned()))?,
        action: paging::sought("action", query.action, ACTION_CHARACTERS_MAX)?,
        actor: paging::sought("actor", query.actor, ACTOR_CHARACTERS_MAX)?,
        before: paging::before(query.cursor)?,
        limit: limit + 1,
    };
    let rows = admin.engine().store().audit_page(&filter).await?;
    Ok(axum::Json(AuditPage::new(rows, limit, AuditEntry::whole)))
}
