//! What is said of users, by clients and administrators alike.

use garde::Validate;
use sambac_domain::AccountId;
use sambac_domain::error::ErrorCode;
use sambac_engine::user::{Invited, NewUserOrder, Role, UserChange};
use sambac_store::rows::{AccessState, UserRow};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::problem::Problem;
use crate::shown::Moment;
use crate::v1::paging;

/// A user to make.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "login": "ada@bank.example", "name": "Ada", "role": "client_developer" }))]
pub(crate) struct AddUser {
    /// What it logs in as, best an address of mail; new on the platform.
    #[garde(length(chars, min = 3, max = 128))]
    #[schema(min_length = 3, max_length = 128, example = "ada@bank.example")]
    login: String,
    /// What it is called.
    #[garde(length(chars, min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128, example = "Ada")]
    name: String,
    /// What it may do.
    #[garde(skip)]
    #[schema(value_type = RoleWord)]
    role: String,
}

/// A user to make, of any account or of the platform.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddAnyUser {
    /// What it logs in as, best an address of mail; new on the platform.
    #[garde(length(chars, min = 3, max = 128))]
    #[schema(min_length = 3, max_length = 128, example = "ada@bank.example")]
    login: String,
    /// What it is called.
    #[garde(length(chars, min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128, example = "Ada")]
    name: String,
    /// What it may do.
    #[garde(skip)]
    #[schema(value_type = RoleWord)]
    role: String,
    /// Whose it is; the platform's if not given.
    #[garde(skip)]
    #[schema(value_type = Option<String>, example = "acc_01h2xcejqtf2n")]
    account: Option<AccountId>,
}

/// What changes of a user.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateUser {
    /// What it is called.
    #[garde(length(chars, min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128)]
    name: Option<String>,
    /// What it may do.
    #[garde(skip)]
    #[schema(value_type = Option<RoleWord>)]
    role: Option<String>,
    /// `active`; `suspended`, for a while; `revoked`, for good.
    #[garde(skip)]
    #[schema(value_type = Option<StateWord>)]
    state: Option<String>,
}

/// How a user is invited anew.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetUser {
    /// Whether the second factor goes, too, once the link is used.
    #[garde(skip)]
    #[schema(default = false)]
    second_factor: Option<bool>,
}

/// What a person is.
#[derive(ToSchema)]
#[schema(as = Role, rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a word")]
enum RoleWord {
    PlatformAdmin,
    Operations,
    Finance,
    Support,
    Auditor,
    ClientAdmin,
    ClientDeveloper,
    ReadOnly,
}

/// Whether a user may log in.
#[derive(ToSchema)]
#[schema(as = UserState, rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a word")]
enum StateWord {
    Active,
    Suspended,
    Revoked,
}

/// A user.
#[derive(Serialize, ToSchema)]
pub(crate) struct User {
    #[schema(example = "usr_01h2xcejqtf2n")]
    id: String,
    /// The account; missing for users of the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "acc_01h2xcejqtf2n")]
    account: Option<AccountId>,
    login: String,
    name: String,
    #[schema(value_type = RoleWord)]
    role: String,
    #[schema(value_type = StateWord)]
    state: &'static str,
    /// Whether it has chosen a password.
    has_password: bool,
    /// Whether it has a second factor of any kind.
    second_factor: bool,
    /// Passkeys that it has.
    passkeys: i64,
    /// Whether somebody on the machine has said who it is, without which it books no money.
    vouched: bool,
    /// Recovery codes that are left.
    recovery_codes: usize,
    created_at: Moment,
    /// When it logged in the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    logged_in_at: Option<Moment>,
}

/// A link by which a person chooses a password.
#[derive(Serialize, ToSchema)]
pub(crate) struct Invitation {
    /// Its token, shown only now.
    #[schema(example = "sambac_invitation_…")]
    token: String,
    /// When it ends.
    expires_at: Moment,
}

/// A user that was made, with the invitation.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitedUser {
    #[serde(flatten)]
    user: User,
    invitation: Invitation,
}

/// A page of users.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserPage {
    data: Vec<User>,
    /// Give it as `cursor` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Which users.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListUsers {
    /// Entries of the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub(crate) limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

impl AddUser {
    pub(crate) fn order(self, account: Option<AccountId>) -> Result<NewUserOrder, Problem> {
        let Self { login, name, role } = self;
        Ok(NewUserOrder { login, name, role: role_of(&role)?, account })
    }
}

impl AddAnyUser {
    pub(crate) fn order(self) -> Result<NewUserOrder, Problem> {
        let Self { login, name, role, account } = self;
        AddUser { login, name, role }.order(account)
    }
}

impl UpdateUser {
    pub(crate) fn change(self) -> Result<UserChange, Problem> {
        let state = self.state.map(|word| {
            let wrong = || bad("/state", "is active, suspended or revoked");
            AccessState::from_word(&word).ok_or_else(wrong)
        });
        let role = self.role.map(|word| role_of(&word)).transpose()?;
        Ok(UserChange { name: self.name, role, state: state.transpose()? })
    }
}

impl ResetUser {
    pub(crate) fn resets_factor(&self) -> bool {
        self.second_factor.unwrap_or_default()
    }
}

impl User {
    pub(crate) fn new(row: UserRow) -> Self {
        let second_factor = row.has_factor();
        Self {
            id: row.id.to_string(),
            account: row.account_id,
            login: row.login,
            name: row.name,
            role: row.role,
            state: row.state.as_str(),
            has_password: row.password_hash.is_some(),
            second_factor,
            passkeys: row.passkeys,
            vouched: row.vouched,
            recovery_codes: row.recovery_hashes.len(),
            created_at: Moment(row.created_at),
            logged_in_at: row.logged_in_at.map(Moment),
        }
    }
}

impl Invitation {
    pub(crate) fn new(invited: &Invited) -> Self {
        Self { token: invited.token.expose_secret().to_owned(), expires_at: Moment(invited.expires_at) }
    }
}

impl InvitedUser {
    pub(crate) fn new(row: UserRow, invited: &Invited) -> Self {
        Self { user: User::new(row), invitation: Invitation::new(invited) }
    }
}

impl UserPage {
    pub(crate) fn new(mut rows: Vec<UserRow>, limit: u32) -> Self {
        let next_cursor = paging::cut(&mut rows, limit, |row| row.id.to_string());
        Self { data: rows.into_iter().map(User::new).collect(), next_cursor }
    }
}

fn role_of(word: &str) -> Result<Role, Problem> {
    let all = || Role::ALL.map(Role::as_str).join(", ");
    Role::parse(word).ok_or_else(|| bad("/role", &format!("is none of {}", all())))
}

fn bad(field: &str, why: &str) -> Problem {
    Problem::new(ErrorCode::InvalidRequest).at(field, why)
}
