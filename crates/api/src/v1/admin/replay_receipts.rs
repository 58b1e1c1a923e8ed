//! `POST /v1/admin/smpp-accounts/{id}/replay-receipts`: a client that has lost its receipts is told them again.

use garde::Validate;
use sambac_domain::SmppAccountId;
use sambac_domain::error::ErrorCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::resource::refusals;
use crate::access::{Admin, admin_scope};
use crate::input::{Id, Json};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::Moment;

/// Which receipts.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayReceipts {
    /// Of messages that ended then or later.
    #[garde(skip)]
    from: Moment,
    /// Of messages that ended before; now, when it is not given.
    #[garde(skip)]
    until: Option<Moment>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReplayedReceipts {
    /// Receipts that wait for the client now.
    replayed: usize,
}

refusals! {
    /// Of a replay.
    Replaying: &[ANY_CALL, ANY_BODY, &[ErrorCode::NotFound]];
}

/// Tell a client its receipts again.
///
/// Those of messages that were submitted by this SMPP account, asked for a receipt and ended in the range. They are delivered like
/// new ones: at once while it is bound, else when it binds, and kept as long.
#[utoipa::path(
    post,
    path = "/v1/admin/smpp-accounts/{id}/replay-receipts",
    tag = "Admin",
    security(("admin_key" = ["operations"])),
    params(("id" = String, Path, description = "The SMPP account", example = "smp_01h2xcejqtf2n")),
    request_body = ReplayReceipts,
    responses((status = 200, description = "How many wait for the client", body = ReplayedReceipts), Replaying)
)]
pub(crate) async fn replay_receipts(
    admin: Admin<admin_scope::Operations>,
    Id(id): Id<SmppAccountId>,
    Json(ReplayReceipts { from, until }): Json<ReplayReceipts>,
) -> Result<axum::Json<ReplayedReceipts>, Problem> {
    let engine = admin.engine();
    if engine.snapshot().smpp_account_by_id(id).is_none() {
        return Err(ErrorCode::NotFound.into());
    }
    let until = until.map_or_else(|| engine.clock().now(), |moment| moment.0);
    if until <= from.0 {
        let problem = Problem::new(ErrorCode::InvalidRequest).detail("a field of the body is not valid");
        return Err(problem.at("/until", "must be after from"));
    }
    let replayed = engine.replay_receipts(id, from.0, until).await?;
    tracing::info!(by = admin.administrator().name, account = %id, replayed, "receipts are told again");
    Ok(axum::Json(ReplayedReceipts { replayed }))
}
