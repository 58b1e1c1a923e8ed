//! `PUT /v1/admin/configuration`: what `sambac apply` does, over the network.

use sambac_domain::error::ErrorCode;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;

use super::difference;
use super::dry_run::{ChangeOfConfiguration, DryRun};
use super::resource::refusals;
use crate::access::{Admin, admin_scope};
use crate::input::{Document, Json, Parameters};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;

/// What was changed, or would be, and the secrets that were made.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportedConfiguration {
    #[serde(flatten)]
    change: ChangeOfConfiguration,
    /// Secrets that were made: shown this once.
    secrets: Vec<MadeSecret>,
}

/// A secret that was made.
#[derive(Serialize, ToSchema)]
struct MadeSecret {
    /// `smpp_password`, `api_key`, `admin_key` or `webhook_secret`.
    #[schema(example = "api_key")]
    kind: &'static str,
    /// Of which thing.
    of: String,
    /// Whose; empty for an admin key.
    account: String,
    secret: String,
}

refusals! {
    /// Of an import.
    Importing: &[ANY_CALL, ANY_BODY, &[ErrorCode::Conflict, ErrorCode::InUse, ErrorCode::InvalidConfiguration]];
}

/// Import a configuration.
///
/// What the body names is made or changed; what it does not name stays as it is. All of it is checked first, and all of it is
/// written at once, as one version. With `dry_run` the answer tells what would change.
#[utoipa::path(
    put,
    path = "/v1/admin/configuration",
    tag = "Admin",
    security(("admin_key" = ["config:write"])),
    params(DryRun),
    request_body(content = Object, description = "A provisioning file, in JSON"),
    responses((status = 200, description = "What was changed", body = ImportedConfiguration), Importing)
)]
pub(crate) async fn import_configuration(
    admin: Admin<admin_scope::ConfigWrite>,
    Parameters(dry_run): Parameters<DryRun>,
    Json(Document(document)): Json<Document>,
) -> Result<axum::Json<ImportedConfiguration>, Problem> {
    let done = admin.engine().import(admin.administrator(), document, dry_run.is_dry()).await?;
    let change = ChangeOfConfiguration { version: done.version, differences: difference::shown(done.differences) };
    let secrets = done.issued.into_iter().map(|issued| MadeSecret {
        kind: issued.kind,
        of: issued.of,
        account: issued.account,
        secret: issued.secret.expose_secret().to_owned(),
    });
    Ok(axum::Json(ImportedConfiguration { change, secrets: secrets.collect() }))
}
