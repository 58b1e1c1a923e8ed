//! Profiles: how an account has its codes made and told, each under a name.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, OtpProfileId};
use sambac_domain::otp::OtpSettings;
use sambac_store::StoreError;
use sambac_store::rows::OtpProfileRow;

use super::start::unread;
use crate::Engine;
use crate::refusal::Refusal;

/// Profiles that one account may have.
const PROFILES_MAX: usize = 50;

impl Engine {
    /// This account's profiles, by name.
    ///
    /// # Errors
    /// [`ErrorCode::ServiceUnavailable`].
    pub async fn otp_profiles(&self, account: AccountId) -> Result<Vec<OtpProfileRow>, Refusal> {
        self.0.store.otp_profiles_of(account).await.map_err(unread)
    }

    /// Makes a profile, or gives one of this account's other settings. It holds for codes that are started from then on.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidRequest`], naming each setting that is not possible; [`ErrorCode::ChannelNotAvailable`];
    /// [`ErrorCode::NotFound`]; [`ErrorCode::Conflict`] when another one has the name, or there are too many.
    pub async fn put_otp_profile(
        &self,
        account: AccountId,
        id: Option<OtpProfileId>,
        name: &str,
        settings: &OtpSettings,
    ) -> Result<OtpProfileRow, Refusal> {
        check(name, settings)?;
        let _changing = self.0.account_changes.lock().await;
        let present = self.0.store.otp_profiles_of(account).await.map_err(unread)?;
        let now = self.0.clock.now();
        let (id, created_at) = match id {
            Some(id) => {
                present.iter().find(|row| row.id == id).map(|row| (id, row.created_at)).ok_or(ErrorCode::NotFound)?
            }
            None if present.len() >= PROFILES_MAX => {
                return Err(Refusal::new(ErrorCode::Conflict, "an account may have 50 profiles"));
            }
            None => (OtpProfileId::from_raw(self.0.ids.next(now)), now),
        };
        // Plain words and numbers always serialise.
        let settings = serde_json::to_string(settings).unwrap_or_default();
        let row = OtpProfileRow { id, account_id: account, name: name.to_owned(), settings, created_at };
        match self.0.store.upsert_otp_profile(&row).await {
            Ok(()) => {}
            Err(StoreError::Conflict("otp_profiles.name")) => {
                return Err(Refusal::new(ErrorCode::Conflict, "another profile has this name").at("/name"));
            }
            Err(error) => return Err(unread(error)),
        }
        self.reload().await;
        Ok(row)
    }

    /// Removes one of this account's profiles. Codes that were started with it go on as they are.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::ServiceUnavailable`].
    pub async fn remove_otp_profile(&self, account: AccountId, id: OtpProfileId) -> Result<(), Refusal> {
        let _changing = self.0.account_changes.lock().await;
        if !self.0.store.delete_otp_profile(account, id).await.map_err(unread)? {
            return Err(ErrorCode::NotFound.into());
        }
        self.reload().await;
        Ok(())
    }
}

fn check(name: &str, settings: &OtpSettings) -> Result<(), Refusal> {
    let mut faults: Vec<_> =
        settings.faults().into_iter().map(|fault| ("/settings".to_owned() + &fault.pointer, fault.detail)).collect();
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
        faults.push(("/name".to_owned(), "must have 1 to 64 letters, digits, hyphens and underscores".to_owned()));
    }
    if !faults.is_empty() {
        let refusal = Refusal::new(ErrorCode::InvalidRequest, "a field of the body is not valid");
        return Err(Refusal { faults, ..refusal });
    }
    let missing = settings.steps.iter().position(|step| !step.channel.is_available());
    match missing {
        Some(no) => Err(Refusal::from(ErrorCode::ChannelNotAvailable).at(format!("/settings/steps/{no}/channel"))),
        None => Ok(()),
    }
}
