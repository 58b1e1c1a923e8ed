//! New versions, and what is decided on them: by another key than the one that they were made with.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, ApiKeyId, TemplateId};
use sambac_domain::template::TemplateDefinition;
use sambac_store::StoreError;
use sambac_store::rows::{TemplateRow, TemplateState};

use crate::Engine;
use crate::refusal::Refusal;

/// Versions of all templates that one account may have.
const VERSIONS_MAX: i64 = 2_000;
/// Characters of a reason.
const REASON_CHARS_MAX: usize = 500;

impl Engine {
    /// Makes a new version of a template. It is not used before somebody else has approved it.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidRequest`], naming everything that is wrong; [`ErrorCode::Conflict`] when there are too many versions;
    /// [`ErrorCode::ServiceUnavailable`].
    pub async fn add_template(
        &self,
        (account, api_key): (AccountId, ApiKeyId),
        name: &str,
        definition: &TemplateDefinition,
    ) -> Result<TemplateRow, Refusal> {
        check(name, definition)?;
        let store = &self.0.store;
        let _changing = self.0.account_changes.lock().await;
        if store.count_templates(account).await.map_err(unread)? >= VERSIONS_MAX {
            let detail = format!("an account may have {VERSIONS_MAX} versions of templates");
            return Err(Refusal::new(ErrorCode::Conflict, detail));
        }
        let latest = store.templates_of(account, name, None, 1).await.map_err(unread)?;
        let now = self.0.clock.now();
        let row = TemplateRow {
            id: TemplateId::from_raw(self.0.ids.next(now)),
            account_id: account,
            name: name.to_owned(),
            version: latest.first().map_or(0, |row| row.version).saturating_add(1),
            // Texts and types always serialise.
            definition: serde_json::to_string(definition).unwrap_or_default(),
            state: TemplateState::Pending,
            created_by: api_key,
            created_at: now,
            decided_by: None,
            decided_at: None,
            reason: String::new(),
        };
        store.add_template(&row).await.map_err(unread)?;
        Ok(row)
    }

    /// Approves a version, or refuses it, with another key than the one it was made with (four eyes); or retires an approved one.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::FourEyes`], [`ErrorCode::WrongState`] when it was decided on already,
    /// [`ErrorCode::ServiceUnavailable`].
    pub async fn decide_template(
        &self,
        (account, api_key): (AccountId, ApiKeyId),
        id: TemplateId,
        state: TemplateState,
        reason: &str,
    ) -> Result<TemplateRow, Refusal> {
        let row = self.template(account, id).await?;
        let from = if state == TemplateState::Retired { TemplateState::Approved } else { TemplateState::Pending };
        if from == TemplateState::Pending && row.created_by == api_key {
            let detail = "a template is decided on with another key than the one that it was made with";
            return Err(Refusal::new(ErrorCode::FourEyes, detail));
        }
        if reason.chars().count() > REASON_CHARS_MAX {
            return Err(Refusal::new(ErrorCode::InvalidRequest, "is longer than 500 characters").at("/reason"));
        }
        let (decided_by, decided_at) = (Some(api_key), Some(self.0.clock.now()));
        let decided = TemplateRow { state, decided_by, decided_at, reason: reason.to_owned(), ..row };
        if !self.0.store.decide_template(&decided, from).await.map_err(unread)? {
            let now = self.template(account, id).await?.state.as_str();
            return Err(Refusal::new(ErrorCode::WrongState, format!("it is {now}")));
        }
        self.reload().await;
        Ok(decided)
    }

    /// One of this account's versions.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::ServiceUnavailable`].
    pub async fn template(&self, account: AccountId, id: TemplateId) -> Result<TemplateRow, Refusal> {
        self.0.store.template(account, id).await.map_err(unread)?.ok_or_else(|| ErrorCode::NotFound.into())
    }
}

fn check(name: &str, definition: &TemplateDefinition) -> Result<(), Refusal> {
    let mut faults = definition.faults();
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
        faults.push(("/name".to_owned(), "must have 1 to 64 letters, digits, hyphens and underscores".to_owned()));
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Refusal { faults, ..Refusal::new(ErrorCode::InvalidRequest, "a field of the body is not valid") })
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that map_err wants")]
fn unread(error: StoreError) -> Refusal {
    tracing::error!(%error, "a template was not read or written");
    ErrorCode::ServiceUnavailable.into()
}
