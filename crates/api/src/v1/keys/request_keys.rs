//! Request keys of an API key: by which its calls are signed (RFC 9421).

use axum::http::StatusCode;
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use garde::Validate;
use sambac_domain::error::ErrorCode;
use sambac_domain::{ApiKeyId, RequestKeyId};
use sambac_engine::keyring::KeyHolder;
use sambac_engine::request_signature::{NewRequestKeyOrder, RequestAlgorithm, RequestKeySecret};
use sambac_store::rows::RequestKeyRow;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Changing, Removing, Showing};
use crate::access::{Authorised, scope};
use crate::input::{Id, Json};
use crate::problem::Problem;
use crate::shown::Moment;

/// A request key to make.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "algorithm": "ed25519", "public_key": "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=" }))]
pub(crate) struct AddRequestKey {
    /// `ed25519`, or `hmac-sha256` with a secret that is made here.
    #[garde(skip)]
    #[schema(value_type = AlgorithmWord)]
    algorithm: String,
    /// The public half of an Ed25519 key: 32 octets in base64.
    #[garde(length(chars, max = 64))]
    #[schema(max_length = 64, example = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")]
    public_key: Option<String>,
    /// Whether calls of the API key are refused without a signature.
    #[garde(skip)]
    #[schema(default = false)]
    required: Option<bool>,
}

/// How a request key signs.
#[derive(ToSchema)]
#[schema(as = RequestKeyAlgorithm)]
#[expect(dead_code, reason = "describes a word")]
enum AlgorithmWord {
    #[schema(rename = "ed25519")]
    Ed25519,
    #[schema(rename = "hmac-sha256")]
    HmacSha256,
}

/// A request key.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestKey {
    /// The `keyid` of its signatures.
    #[schema(example = "rqk_01h2xcejqtf2n")]
    id: String,
    #[schema(example = "key_01h2xcejqtf2n")]
    api_key: String,
    #[schema(value_type = AlgorithmWord)]
    algorithm: String,
    /// The public half, base64url; missing for `hmac-sha256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<String>,
    /// Whether calls of the API key are refused without a signature.
    required: bool,
    created_at: Moment,
}

/// A request key that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddedRequestKey {
    #[serde(flatten)]
    key: RequestKey,
    /// The secret of `hmac-sha256`, in base64, shown only now.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// All of an API key.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestKeyList {
    data: Vec<RequestKey>,
}

impl AddRequestKey {
    fn order(self) -> Result<NewRequestKeyOrder, Problem> {
        let bad = |field: &str, why: &str| Problem::new(ErrorCode::InvalidRequest).at(field, why);
        let algorithm = RequestAlgorithm::parse(&self.algorithm);
        let algorithm = algorithm.ok_or_else(|| bad("/algorithm", "is ed25519 or hmac-sha256"))?;
        let octets = |text: String| STANDARD.decode(&text).or_else(|_| URL_SAFE_NO_PAD.decode(&text));
        let public_key = self.public_key.map(octets).transpose();
        let public_key = public_key.map_err(|_| bad("/public_key", "is not base64"))?;
        Ok(NewRequestKeyOrder { algorithm, public_key, required: self.required.unwrap_or_default() })
    }
}

impl RequestKey {
    fn new(row: RequestKeyRow) -> Self {
        Self {
            id: row.id.to_string(),
            api_key: row.api_key_id.to_string(),
            algorithm: row.algorithm,
            public_key: Some(row.public_key).filter(|key| !key.is_empty()),
            required: row.required,
            created_at: Moment(row.created_at),
        }
    }
}

impl AddedRequestKey {
    fn new(made: RequestKeySecret) -> Self {
        let secret = made.secret.map(|secret| secret.expose_secret().to_owned());
        Self { key: RequestKey::new(made.row), secret }
    }
}

/// Make a request key.
///
/// Calls of the API key that are signed are verified by it. With `required` none passes without a signature from then on.
#[utoipa::path(
    post,
    path = "/v1/keys/{id}/request-keys",
    tag = "Keys",
    security(("key" = ["keys:write"]), ("key_header" = ["keys:write"])),
    params(("id" = String, Path, description = "The API key", example = "key_01h2xcejqtf2n")),
    request_body = AddRequestKey,
    responses((status = 201, description = "Made", body = AddedRequestKey), Changing)
)]
pub(crate) async fn add_request_key(
    client: Authorised<scope::KeysWrite>,
    Id(key): Id<ApiKeyId>,
    Json(wanted): Json<AddRequestKey>,
) -> Result<impl IntoResponse, Problem> {
    let by = KeyHolder::client(client.caller());
    let made = client.engine().make_request_key(&by, key, wanted.order()?).await?;
    Ok((StatusCode::CREATED, axum::Json(AddedRequestKey::new(made))))
}

/// List the request keys of an API key.
#[utoipa::path(
    get,
    path = "/v1/keys/{id}/request-keys",
    tag = "Keys",
    security(("key" = ["keys:write"]), ("key_header" = ["keys:write"])),
    params(("id" = String, Path, description = "The API key", example = "key_01h2xcejqtf2n")),
    responses((status = 200, description = "All, the oldest first; secrets are not shown", body = RequestKeyList), Showing)
)]
pub(crate) async fn list_request_keys(
    client: Authorised<scope::KeysWrite>,
    Id(key): Id<ApiKeyId>,
) -> Result<axum::Json<RequestKeyList>, Problem> {
    let rows = client.engine().request_keys(&KeyHolder::client(client.caller()), key).await?;
    Ok(axum::Json(RequestKeyList { data: rows.into_iter().map(RequestKey::new).collect() }))
}

/// Remove a request key.
///
/// What is signed by it is refused from the next call on.
#[utoipa::path(
    delete,
    path = "/v1/request-keys/{id}",
    tag = "Keys",
    security(("key" = ["keys:write"]), ("key_header" = ["keys:write"])),
    params(("id" = String, Path, description = "The request key", example = "rqk_01h2xcejqtf2n")),
    responses((status = 204, description = "Removed"), Removing)
)]
pub(crate) async fn remove_request_key(
    client: Authorised<scope::KeysWrite>,
    Id(id): Id<RequestKeyId>,
) -> Result<StatusCode, Problem> {
    client.engine().remove_request_key(&KeyHolder::client(client.caller()), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
