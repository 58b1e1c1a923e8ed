//! Checking a code. Whatever is wrong reads alike and takes alike: each check, also of a code that does not exist, is counted in one
//! commit before it is answered.

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, OtpId};
use sambac_domain::otp::{Link, normalised};
use sambac_store::rows::OtpRow;
use tokio::sync::oneshot;

use crate::Engine;
use crate::commit::{OtpCheck, OtpWrite, Write};
use crate::refusal::Refusal;

/// A code that was right.
#[derive(Clone, Debug)]
pub struct VerifiedOtp {
    /// Its row, as it is stored now.
    pub row: OtpRow,
}

/// Stands for every id that is none.
const NO_ID: OtpId = OtpId::from_raw(0);

impl Engine {
    /// Tries a code; `None` for an id that cannot be one. The attempt is counted durably before this answers.
    ///
    /// # Errors
    /// [`ErrorCode::OtpNotVerified`], whatever is the matter with code or id; [`ErrorCode::ServiceUnavailable`], when nothing was
    /// counted.
    pub async fn check_otp(
        &self,
        account: AccountId,
        id: Option<OtpId>,
        code: &str,
        link: Option<&Link>,
    ) -> Result<VerifiedOtp, Refusal> {
        let id = id.unwrap_or(NO_ID);
        let hash = self.0.otp.keys.hash(id, &normalised(code), link);
        let place = self.place().await?;
        let (reply, answer) = oneshot::channel();
        let check = OtpWrite::Check(OtpCheck { id, account, hash, reply, place });
        if !self.0.write(Write::Otp(Box::new(check))).await {
            return Err(ErrorCode::ServiceUnavailable.into());
        }
        let row = answer.await.unwrap_or(Err(ErrorCode::ServiceUnavailable))?;
        self.0.otp.guards.verified(row.account_id, row.destination, self.0.clock.now());
        self.0.otp.due.notify_one();
        Ok(VerifiedOtp { row })
    }
}
