//! What is said of passkeys. Challenges and answers have the forms that browsers give and take as JSON (WebAuthn level 3, section 5.1).

use garde::Validate;
use sambac_engine::user::Challenge;
use sambac_store::rows::PasskeyRow;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::shown::Moment;

/// A challenge is longer the more passkeys its person has.
const CEREMONY_CHARS_MAX: usize = 16_384;

/// A challenge for a device.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasskeyChallenge {
    /// To be given back with the answer.
    #[schema(example = "f3q0L1cE7mEBzv2k0Y9xq0m3vJ8hVY8hVQ")]
    ceremony: String,
    /// What `PublicKeyCredential.parseCreationOptionsFromJSON()` or `parseRequestOptionsFromJSON()` takes.
    #[schema(value_type = Object)]
    options: Value,
}

/// The answer of a device by which somebody logs in.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyLogIn {
    /// That of the challenge.
    #[garde(length(chars, max = CEREMONY_CHARS_MAX))]
    #[schema(max_length = 16384)]
    pub(super) ceremony: String,
    /// What `credential.toJSON()` gives.
    #[garde(skip)]
    #[schema(value_type = Object)]
    pub(super) credential: Value,
    /// Whether the token comes as a cookie that scripts cannot read, for consoles, in place of the body.
    #[garde(skip)]
    pub(super) cookie: Option<bool>,
}

/// A passkey that a device made.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddPasskey {
    /// That of the challenge.
    #[garde(length(chars, max = CEREMONY_CHARS_MAX))]
    #[schema(max_length = 16384)]
    pub(super) ceremony: String,
    /// What its person calls it.
    #[garde(length(chars, min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128, example = "Phone")]
    pub(super) name: String,
    /// What `credential.toJSON()` gives.
    #[garde(skip)]
    #[schema(value_type = Object)]
    pub(super) credential: Value,
}

/// A passkey.
#[derive(Serialize, ToSchema)]
pub(crate) struct Passkey {
    #[schema(example = "psk_01h2xcejqtf2n")]
    id: String,
    #[schema(example = "Phone")]
    name: String,
    created_at: Moment,
    /// When somebody logged in with it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_at: Option<Moment>,
}

/// All of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct Passkeys {
    pub(super) data: Vec<Passkey>,
}

impl From<Challenge> for PasskeyChallenge {
    fn from(challenge: Challenge) -> Self {
        Self { ceremony: challenge.ceremony, options: challenge.options }
    }
}

impl Passkey {
    pub(super) fn new(row: PasskeyRow) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            created_at: Moment(row.created_at),
            used_at: row.used_at.map(Moment),
        }
    }
}
