//! `GET /v1/admin/configuration`: everything but secrets, as a provisioning file says it.

use super::resource::Listing;
use crate::access::{Admin, admin_scope};
use crate::problem::Problem;

/// Export the configuration.
///
/// The answer has the form of a provisioning file, in JSON, and can be given back to `PUT`. Secrets are left out: on this
/// platform they stay as they are.
#[utoipa::path(
    get,
    path = "/v1/admin/configuration",
    tag = "Admin",
    security(("admin_key" = ["config:read"])),
    responses((status = 200, description = "The whole configuration", body = Object), Listing)
)]
pub(crate) async fn export_configuration(
    admin: Admin<admin_scope::ConfigRead>,
) -> Result<axum::Json<serde_json::Value>, Problem> {
    let file = serde_json::to_value(admin.engine().export().await?);
    file.map(axum::Json).map_err(|error| Problem::internal(error.to_string()))
}
