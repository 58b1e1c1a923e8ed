//! `GET /v1/admin/versions`: every change of the configuration, newest first.

use sambac_domain::error::ErrorCode;
use sambac_engine::admin;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::difference::{self, ShownDifference};
use super::resource::Reading;
use crate::access::{Admin, admin_scope};
use crate::input::Parameters;
use crate::problem::Problem;
use crate::shown::Moment;

/// Which versions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListVersions {
    /// Versions on one page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
    /// Only those before this number.
    before: Option<i64>,
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct Versions {
    data: Vec<Version>,
}

/// A change of the configuration.
#[derive(Serialize, ToSchema)]
pub(crate) struct Version {
    /// From 1 without gaps.
    number: i64,
    /// Who made it.
    #[schema(example = "admin key operations")]
    author: String,
    /// How.
    #[schema(example = "update connector alpha-1")]
    reason: String,
    created_at: Moment,
    differences: Vec<ShownDifference>,
}

impl From<admin::Version> for Version {
    fn from(version: admin::Version) -> Self {
        let admin::Version { number, author, reason, created_at, differences } = version;
        let differences = difference::shown(differences);
        Self { number, author, reason, created_at: Moment(created_at), differences }
    }
}

/// List the versions of the configuration.
#[utoipa::path(
    get,
    path = "/v1/admin/versions",
    tag = "Admin",
    security(("admin_key" = ["config:read"])),
    params(ListVersions),
    responses((status = 200, description = "A page, newest first", body = Versions), Reading)
)]
pub(crate) async fn list_versions(
    admin: Admin<admin_scope::ConfigRead>,
    Parameters(ListVersions { limit, before }): Parameters<ListVersions>,
) -> Result<axum::Json<Versions>, Problem> {
    let limit = limit.unwrap_or(20);
    if !(1..=100).contains(&limit) {
        let problem = Problem::new(ErrorCode::InvalidRequest).detail("a parameter is not valid");
        return Err(problem.parameter("limit", "must be from 1 to 100"));
    }
    let versions = admin.engine().versions(before, limit).await?;
    Ok(axum::Json(Versions { data: versions.into_iter().map(Version::from).collect() }))
}
