//! `/v1/admin/catalogue`: what the platform takes networks and numbers for, and who says so.

use axum::extract::Path;
use sambac_domain::MccMnc;
use sambac_domain::error::ErrorCode;
use sambac_domain::number;
use sambac_engine::catalogue::{CatalogueFilter, KnownNetwork};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::resource::{Reading, refusals};
use crate::access::{Admin, admin_scope};
use crate::input::Parameters;
use crate::openapi::{self, ANY_CALL, Documented};
use crate::problem::Problem;

/// Of which networks: exactly one.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// ISO 3166 code of a country.
    #[param(example = "DE")]
    country: Option<String>,
    /// A mobile country code.
    #[param(example = "262")]
    mcc: Option<String>,
}

/// The networks of a country.
#[derive(Serialize, ToSchema)]
pub(crate) struct CatalogueNetworks {
    data: Vec<CatalogueNetwork>,
}

/// A network that the platform knows.
#[derive(Serialize, ToSchema)]
pub(crate) struct CatalogueNetwork {
    /// MCC and MNC; of a number whose network nobody knows the MCC alone.
    #[schema(example = "26202")]
    mcc_mnc: String,
    /// ISO 3166 code; `ZZ` for international and test networks.
    #[schema(example = "DE")]
    country: String,
    /// Its operator's name; empty when only the country is known.
    #[schema(example = "Example Mobile")]
    operator: String,
    /// The operator group that it is in.
    #[schema(example = "North")]
    operator_group: Option<String>,
    /// Who says so.
    #[schema(example = "libphonenumber-9.0.43")]
    source: String,
    /// The day it was true, where the source says.
    #[schema(example = "2026-11-06")]
    as_of: Option<String>,
}

/// Where a number belongs.
#[derive(Serialize, ToSchema)]
pub(crate) struct CatalogueNumber {
    /// The number.
    #[schema(example = "+447700900123")]
    number: String,
    /// How far the source is to be trusted, in hundredths, where somebody measured.
    confidence_percent: Option<u8>,
    #[schema(inline)]
    #[serde(flatten)]
    network: CatalogueNetwork,
}

refusals! {
    /// Of a look at a number.
    OfNumber: &[ANY_CALL, &[ErrorCode::NotFound, ErrorCode::InvalidDestination]];
}

/// List the networks of a country, as the platform knows them.
#[utoipa::path(
    get,
    path = "/v1/admin/catalogue/networks",
    tag = "Admin",
    security(("admin_key" = ["config:read"])),
    params(Wanted),
    responses((status = 200, description = "In the order of their codes", body = CatalogueNetworks), Reading)
)]
pub(crate) async fn list_catalogue_networks(
    admin: Admin<admin_scope::ConfigRead>,
    Parameters(wanted): Parameters<Wanted>,
) -> Result<axum::Json<CatalogueNetworks>, Problem> {
    let networks = admin.engine().known_networks(wanted.filter()?);
    Ok(axum::Json(CatalogueNetworks { data: networks.into_iter().map(CatalogueNetwork::from).collect() }))
}

/// Tell where a number belongs, as far as its first digits say.
#[utoipa::path(
    get,
    path = "/v1/admin/catalogue/numbers/{number}",
    tag = "Admin",
    security(("admin_key" = ["config:read"])),
    params(("number" = String, Path, description = "An international number, with or without the plus")),
    responses((status = 200, description = "What is known of it", body = CatalogueNumber), OfNumber)
)]
pub(crate) async fn show_catalogue_number(
    admin: Admin<admin_scope::ConfigRead>,
    Path(text): Path<String>,
) -> Result<axum::Json<CatalogueNumber>, Problem> {
    let number = number::parse(&text, None)
        .map_err(|error| Problem::new(ErrorCode::InvalidDestination).parameter("number", error.to_string()))?;
    let known = admin.engine().known_number(number).ok_or(ErrorCode::NotFound)?;
    Ok(axum::Json(CatalogueNumber {
        number: format!("+{number}"),
        confidence_percent: known.confidence_percent,
        network: known.network.into(),
    }))
}

impl Wanted {
    fn filter(&self) -> Result<CatalogueFilter, Problem> {
        let wrong = |name: &str, why: String| Problem::new(ErrorCode::InvalidRequest).parameter(name, why);
        match (&self.country, &self.mcc) {
            (Some(country), None) => {
                let country =
                    country.parse().map_err(|error: number::CountryError| wrong("country", error.to_string()));
                Ok(CatalogueFilter::Country(country?))
            }
            (None, Some(mcc)) => {
                let parsed = mcc.parse::<MccMnc>().ok().filter(|codes| codes.mnc.is_none());
                let codes = parsed.ok_or_else(|| wrong("mcc", "must be three digits".to_owned()))?;
                Ok(CatalogueFilter::Mcc(codes.mcc))
            }
            _ => Err(wrong("country", "give one of country and mcc".to_owned())),
        }
    }
}

impl From<KnownNetwork> for CatalogueNetwork {
    fn from(known: KnownNetwork) -> Self {
        Self {
            mcc_mnc: known.mcc_mnc.to_string(),
            country: known.country,
            operator: known.operator,
            operator_group: known.group,
            source: known.source,
            as_of: Some(known.as_of).filter(|day| !day.is_empty()),
        }
    }
}
