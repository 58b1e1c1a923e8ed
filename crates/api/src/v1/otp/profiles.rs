//! `/v1/otp-profiles`: how codes are made and told, under a name.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use garde::Validate;
use sambac_domain::OtpProfileId;
use sambac_domain::error::ErrorCode;
use sambac_domain::otp::OtpSettings;
use sambac_store::rows::OtpProfileRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::told;
use crate::access::{Authorised, scope};
use crate::input::{Id, Json};
use crate::openapi::{self, ANY_BODY, ANY_CALL, Documented};
use crate::problem::Problem;
use crate::shown::{self, Moment};

/// A profile to make or change.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProfile {
    /// Its name. One called `default` takes the place of ours.
    #[garde(skip)]
    #[schema(min_length = 1, max_length = 64, example = "login")]
    name: String,
    /// What is left out is as in ours.
    #[garde(skip)]
    #[serde(default)]
    #[schema(value_type = Settings)]
    settings: OtpSettings,
}

/// A profile.
#[derive(Serialize, ToSchema)]
pub(crate) struct Profile {
    #[schema(example = "opf_01h2xcejqtf2n")]
    id: String,
    #[schema(example = "login")]
    name: String,
    #[schema(value_type = Settings)]
    settings: OtpSettings,
    /// How likely it is to guess a code: `5/1000000`.
    #[schema(example = "5/1000000")]
    guess_chance: String,
    created_at: Moment,
}

/// An account's profiles.
#[derive(Serialize, ToSchema)]
pub(crate) struct Profiles {
    data: Vec<Profile>,
}

/// How codes are made and told.
#[derive(ToSchema)]
#[schema(as = OtpSettings)]
#[expect(dead_code, reason = "only its schema is wanted: the fields are the domain's")]
pub(crate) struct Settings {
    #[schema(required = false)]
    code: CodeForm,
    /// Seconds that a code holds.
    #[schema(minimum = 30, maximum = 1_800, default = 300, required = false)]
    ttl_s: u16,
    /// How often it may be tried; at most 5 for codes of four characters.
    #[schema(minimum = 1, maximum = 10, default = 5, required = false)]
    attempts_max: u8,
    /// Seconds after the first send until it can be sent again; each further one takes twice as long, up to ten minutes.
    #[schema(minimum = 10, maximum = 600, default = 30, required = false)]
    resend_gap_s: u16,
    /// How often it is sent, the first time included.
    #[schema(minimum = 1, maximum = 10, default = 5, required = false)]
    sends_max: u8,
    /// The sender, where the request names none.
    #[schema(example = "MyBank")]
    sender: Option<String>,
    /// Texts by locale, with `{code}`, `{ttl}` (minutes) and `{app_hash}`. Those that are missing are ours.
    #[schema(example = json!({ "en": "{code} is your code for MyBank." }), required = false)]
    texts: BTreeMap<String, String>,
    /// Texts for codes of payments, with `{amount}` and `{payee}` too.
    #[schema(example = json!({ "en": "{code}: pay {amount} to {payee}." }), required = false)]
    payment_texts: BTreeMap<String, String>,
    /// The 11 characters by which your Android app knows its messages.
    #[schema(example = "FA+9qCX9VSu")]
    app_hash: Option<String>,
    /// The website that may fill in the code by itself.
    #[schema(example = "bank.example")]
    origin: Option<String>,
    /// The ways by which a code is sent, one after the other.
    #[schema(min_items = 1, max_items = 5, required = false)]
    steps: Vec<Step>,
}

/// What a code looks like.
#[derive(ToSchema)]
#[schema(as = OtpCodeForm)]
#[expect(dead_code, reason = "only its schema is wanted: the fields are the domain's")]
pub(crate) struct CodeForm {
    #[schema(value_type = shown::OtpAlphabet, default = "digits", required = false)]
    alphabet: String,
    #[schema(minimum = 4, maximum = 10, default = 6, required = false)]
    length: u8,
}

/// One way to send a code.
#[derive(ToSchema)]
#[schema(as = OtpStep)]
#[expect(dead_code, reason = "only its schema is wanted: the fields are the domain's")]
pub(crate) struct Step {
    #[schema(value_type = shown::OtpChannel)]
    channel: String,
    /// The sender of this step, by which it may take another route.
    sender: Option<String>,
    /// Seconds after which the next step begins, unless the code has arrived.
    #[schema(minimum = 15, maximum = 900, default = 60, required = false)]
    next_after_s: u16,
}

const REFUSALS: &[ErrorCode] = &[ErrorCode::ChannelNotAvailable, ErrorCode::Conflict];

struct Making;

impl utoipa::IntoResponses for Making {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, REFUSALS])
    }
}

struct Changing;

impl utoipa::IntoResponses for Changing {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, ANY_BODY, REFUSALS, &[ErrorCode::NotFound]])
    }
}

struct Listing;

impl utoipa::IntoResponses for Listing {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL])
    }
}

struct Removing;

impl utoipa::IntoResponses for Removing {
    fn responses() -> Documented {
        openapi::problems(&[ANY_CALL, &[ErrorCode::NotFound]])
    }
}

/// Make a profile of one-time codes.
#[utoipa::path(
    post,
    path = "/v1/otp-profiles",
    tag = "OTP",
    security(("key" = ["otp:profiles"]), ("key_header" = ["otp:profiles"])),
    request_body = NewProfile,
    responses((status = 201, description = "Made", body = Profile), Making)
)]
pub(crate) async fn add_otp_profile(
    client: Authorised<scope::OtpProfiles>,
    Json(new): Json<NewProfile>,
) -> Result<(StatusCode, axum::Json<Profile>), Problem> {
    let row = client.engine().put_otp_profile(client.account_id(), None, &new.name, &new.settings).await?;
    Ok((StatusCode::CREATED, axum::Json(shown(row)?)))
}

/// Change a profile of one-time codes.
///
/// It holds for codes that are started from then on.
#[utoipa::path(
    put,
    path = "/v1/otp-profiles/{id}",
    tag = "OTP",
    security(("key" = ["otp:profiles"]), ("key_header" = ["otp:profiles"])),
    params(("id" = String, Path, description = "Its id", example = "opf_01h2xcejqtf2n")),
    request_body = NewProfile,
    responses((status = 200, description = "Changed", body = Profile), Changing)
)]
pub(crate) async fn change_otp_profile(
    client: Authorised<scope::OtpProfiles>,
    Id(id): Id<OtpProfileId>,
    Json(new): Json<NewProfile>,
) -> Result<axum::Json<Profile>, Problem> {
    let row =
        client.engine().put_otp_profile(client.account_id(), Some(id), &new.name, &new.settings).await.map_err(told)?;
    Ok(axum::Json(shown(row)?))
}

/// List the profiles of one-time codes.
#[utoipa::path(
    get,
    path = "/v1/otp-profiles",
    tag = "OTP",
    security(("key" = ["otp:read"]), ("key_header" = ["otp:read"])),
    responses((status = 200, description = "All of them, by name", body = Profiles), Listing)
)]
pub(crate) async fn list_otp_profiles(client: Authorised<scope::OtpRead>) -> Result<axum::Json<Profiles>, Problem> {
    let rows = client.engine().otp_profiles(client.account_id()).await?;
    let data = rows.into_iter().map(shown).collect::<Result<_, _>>()?;
    Ok(axum::Json(Profiles { data }))
}

/// Remove a profile of one-time codes.
///
/// Codes that were started with it go on as they are.
#[utoipa::path(
    delete,
    path = "/v1/otp-profiles/{id}",
    tag = "OTP",
    security(("key" = ["otp:profiles"]), ("key_header" = ["otp:profiles"])),
    params(("id" = String, Path, description = "Its id", example = "opf_01h2xcejqtf2n")),
    responses((status = 204, description = "Removed"), Removing)
)]
pub(crate) async fn remove_otp_profile(
    client: Authorised<scope::OtpProfiles>,
    Id(id): Id<OtpProfileId>,
) -> Result<StatusCode, Problem> {
    client.engine().remove_otp_profile(client.account_id(), id).await.map_err(told)?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(row: OtpProfileRow) -> Result<Profile, Problem> {
    let unread = |_| Problem::internal("the settings of a profile cannot be read");
    let settings: OtpSettings = serde_json::from_str(&row.settings).map_err(unread)?;
    let chance = settings.guess_chance();
    Ok(Profile {
        id: row.id.to_string(),
        name: row.name,
        settings,
        guess_chance: format!("{}/{}", chance.tries, chance.codes),
        created_at: Moment(row.created_at),
    })
}
