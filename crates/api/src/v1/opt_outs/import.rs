//! `POST /v1/opt-outs/import`: many numbers from a file.

use sambac_domain::error::ErrorCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::told;
use crate::access::{Authorised, scope};
use crate::input::Csv;
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;

/// What was taken.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportedOptOuts {
    /// Numbers of the file; all of them are on the list now.
    numbers: usize,
}

struct Refusals;

impl utoipa::IntoResponses for Refusals {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, &[ErrorCode::Conflict]])
    }
}

/// Put the numbers of a file on the opt-out list.
///
/// Comma-separated values with a first line that names the columns: `number`, and `sender` and `note` if you like; up to 10,000 numbers.
/// All of them are taken, or none: then each line to blame is told (`/lines/3/number`). Webhooks and streams are not told of each.
#[utoipa::path(
    post,
    path = "/v1/opt-outs/import",
    tag = "Messages",
    security(("key" = ["opt_outs:write"]), ("key_header" = ["opt_outs:write"])),
    request_body(content = String, content_type = "text/csv", description = "The numbers",
        example = "number,sender,note\n+447700900123,,asked by phone\n"),
    responses((status = 200, description = "They are on the list", body = ImportedOptOuts), Refusals)
)]
pub(crate) async fn import_opt_outs(
    client: Authorised<scope::OptOutsWrite>,
    Csv(file): Csv,
) -> Result<axum::Json<ImportedOptOuts>, Problem> {
    client.must_be_live("imports no opt-outs: add numbers of the test network one by one")?;
    let (engine, account, by) = (client.engine().clone(), client.account_id(), client.caller().actor());
    // In a task of its own: it is stored also when its client does not wait for that.
    let import = tokio::spawn(async move { engine.import_opt_outs((account, &by), &file).await });
    let numbers = import.await.map_err(|error| Problem::internal(error.to_string()))?.map_err(told)?;
    Ok(axum::Json(ImportedOptOuts { numbers }))
}
