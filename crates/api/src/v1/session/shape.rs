//! What is said of sessions.

use garde::Validate;
use sambac_domain::AccountId;
use sambac_engine::user::{IDLE_AFTER_S, LogIn, Redeemed, Session};
use sambac_store::rows::SessionRow;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::shown::Moment;

/// Who wants to log in.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogInBody {
    /// What the user logs in as, in any case.
    #[garde(length(chars, max = 128))]
    #[schema(max_length = 128, example = "ada@bank.example")]
    login: String,
    #[garde(length(chars, max = 128))]
    #[schema(max_length = 128, write_only)]
    password: String,
    /// A code of the second factor, or a recovery code; not given while there is no second factor.
    #[garde(length(chars, max = 64))]
    #[schema(max_length = 64, write_only, example = "123456")]
    code: Option<String>,
    /// Whether the token comes as a cookie that scripts cannot read, for consoles, in place of the body.
    #[garde(skip)]
    cookie: Option<bool>,
}

/// Another password.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    /// The one of now.
    #[garde(length(chars, max = 128))]
    #[schema(max_length = 128, write_only)]
    password: String,
    /// The next one: 12 to 128 characters.
    #[garde(length(chars, max = 128))]
    #[schema(max_length = 128, write_only)]
    new_password: String,
}

/// The password, where it is asked for again.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginFactor {
    /// The one of now.
    #[garde(length(chars, max = 128))]
    #[schema(max_length = 128, write_only)]
    password: String,
}

/// A code of the new second factor.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmFactor {
    /// What the person's app shows.
    #[garde(length(chars, max = 16))]
    #[schema(max_length = 16, write_only, example = "123456")]
    pub(super) code: String,
}

/// A second factor that is to be confirmed.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewFactor {
    /// The secret, in base32, for the person's app; shown only now.
    pub(super) secret: String,
    /// The same as a link, for a QR code.
    #[schema(example = "otpauth://totp/Sambac:ada%40bank.example?secret=…&issuer=Sambac")]
    pub(super) uri: String,
}

/// Recovery codes, shown only now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Recovery {
    /// Each is good once, in place of a code of the second factor.
    pub(super) recovery_codes: Vec<String>,
}

/// What a person chooses by a link.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeemInvitation {
    /// The link's token.
    #[garde(length(chars, max = 200))]
    #[schema(max_length = 200, write_only, example = "sambac_invitation_…")]
    token: String,
    /// The new password: 12 to 128 characters.
    #[garde(length(chars, max = 128))]
    #[schema(max_length = 128, write_only)]
    password: String,
    /// What the first administrator of the platform logs in as; others have a login.
    #[garde(length(chars, max = 128))]
    #[schema(max_length = 128, example = "ada@sms.example")]
    login: Option<String>,
    /// What the first administrator is called.
    #[garde(length(chars, max = 128))]
    #[schema(max_length = 128, example = "Ada")]
    name: Option<String>,
    /// Whether the token comes as a cookie.
    #[garde(skip)]
    cookie: Option<bool>,
}

/// Who is logged in.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShownSession {
    #[schema(example = "ses_01h2xcejqtf2n")]
    id: String,
    #[schema(example = "usr_01h2xcejqtf2n")]
    user: String,
    login: String,
    name: String,
    #[schema(example = "client_admin")]
    role: &'static str,
    /// The account; missing for users of the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "acc_01h2xcejqtf2n")]
    account: Option<AccountId>,
    /// Whether a second factor was shown. Without one nothing is allowed but choosing one.
    second_factor: bool,
    /// What it may do.
    scopes: Vec<&'static str>,
    /// When it ends, however it is used.
    expires_at: Moment,
    /// Seconds after which it ends when it is not used.
    #[schema(example = 1800)]
    idle_s: u32,
}

/// A session that has begun.
#[derive(Serialize, ToSchema)]
pub(crate) struct BegunSession {
    #[serde(flatten)]
    session: ShownSession,
    /// For `Authorization: Bearer`; missing when it is in a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sambac_session_…")]
    token: Option<String>,
}

/// One of one's sessions.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnSession {
    #[schema(example = "ses_01h2xcejqtf2n")]
    id: String,
    /// Whether it is the one that asks.
    current: bool,
    second_factor: bool,
    created_at: Moment,
    /// When it was used, to the minute.
    used_at: Moment,
    expires_at: Moment,
    /// From where it began.
    address: String,
    /// What it began with, as it called itself.
    agent: String,
}

/// All of them.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnSessions {
    pub(super) data: Vec<OwnSession>,
}

impl LogInBody {
    pub(super) fn wants_cookie(&self) -> bool {
        self.cookie.unwrap_or_default()
    }

    pub(super) fn log_in(self) -> LogIn {
        let Self { login, password, code, .. } = self;
        LogIn { login, password: SecretString::from(password), code: code.unwrap_or_default() }
    }
}

impl ChangePassword {
    pub(super) fn passwords(self) -> (SecretString, SecretString) {
        (SecretString::from(self.password), SecretString::from(self.new_password))
    }
}

impl BeginFactor {
    pub(super) fn password(self) -> SecretString {
        SecretString::from(self.password)
    }
}

impl RedeemInvitation {
    pub(super) fn wants_cookie(&self) -> bool {
        self.cookie.unwrap_or_default()
    }

    pub(super) fn redeemed(self) -> Redeemed {
        let Self { token, password, login, name, .. } = self;
        let first = login.map(|login| (login.clone(), name.unwrap_or(login)));
        Redeemed { token: SecretString::from(token), password: SecretString::from(password), first }
    }
}

impl ShownSession {
    pub(super) fn new(session: &Session) -> Self {
        let user = &session.user;
        Self {
            id: session.id.to_string(),
            user: user.id.to_string(),
            login: user.login.clone(),
            name: user.name.clone(),
            role: session.role.as_str(),
            account: user.account_id,
            second_factor: session.has_factor,
            scopes: if session.has_factor { session.role.words() } else { Vec::new() },
            expires_at: Moment(session.expires_at),
            idle_s: IDLE_AFTER_S,
        }
    }
}

impl BegunSession {
    pub(super) fn new(session: &Session, token: Option<String>) -> Self {
        Self { session: ShownSession::new(session), token }
    }
}

impl OwnSession {
    pub(super) fn new(row: SessionRow, current: &Session) -> Self {
        Self {
            current: row.id == current.id,
            id: row.id.to_string(),
            second_factor: row.second_factor,
            created_at: Moment(row.created_at),
            used_at: Moment(row.used_at),
            expires_at: Moment(row.expires_at),
            address: row.address,
            agent: row.agent,
        }
    }
}
