//! What clients tell of codes: whether their persons have used them. It is the best word there is on whether messages arrive, and for
//! codes that a client makes itself and sends as plain messages the only one.

use sambac_domain::class::TrafficClass;
use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, MessageId, OtpId};
use sambac_domain::number::Msisdn;
use sambac_store::rows::OtpUseRow;
use tokio::sync::oneshot;

use super::start::{OtpView, unread};
use crate::Engine;
use crate::commit::{OtpWrite, Write};
use crate::refusal::Refusal;
use crate::submit::country_of;

/// Of what is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A code of ours.
    Otp(OtpId),
    /// A message with a code of the client's own.
    Message(MessageId),
}

impl Engine {
    /// Keeps whether a code was used; the last word counts. A message that is paid for by its verification is paid for when it was.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], also when it is another account's; [`ErrorCode::WrongState`] for a message that is no one-time
    /// password; [`ErrorCode::ServiceUnavailable`].
    pub async fn otp_used(&self, account: AccountId, of: Told, is_used: bool) -> Result<(), Refusal> {
        let (row, to) = match of {
            Told::Otp(id) => self.use_of_otp(account, id, is_used).await?,
            Told::Message(id) => self.use_of_message(account, id, is_used).await?,
        };
        let message = row.id;
        let (done, stored) = oneshot::channel();
        let told = self.0.write(Write::Otp(Box::new(OtpWrite::Used { row, done }))).await;
        if !told || stored.await.is_err() {
            return Err(ErrorCode::ServiceUnavailable.into());
        }
        if is_used {
            self.0.otp.guards.verified(account, to, self.0.clock.now());
        }
        if is_used && matches!(of, Told::Message(_)) && !self.verified(message).await {
            return Err(ErrorCode::ServiceUnavailable.into());
        }
        Ok(())
    }

    async fn use_of_otp(&self, account: AccountId, id: OtpId, is_used: bool) -> Result<(OtpUseRow, Msisdn), Refusal> {
        let OtpView { row, .. } = self.otp(account, id).await?;
        let to = row.destination;
        let used = OtpUseRow {
            id: row.message_id,
            account_id: account,
            country: row.country,
            mcc_mnc: row.mcc_mnc,
            is_used,
            sent_at: row.created_at,
            at: self.0.clock.now(),
        };
        Ok((used, to))
    }

    async fn use_of_message(
        &self,
        account: AccountId,
        id: MessageId,
        is_used: bool,
    ) -> Result<(OtpUseRow, Msisdn), Refusal> {
        let row = self.0.store.message(account, id).await.map_err(unread)?.ok_or(ErrorCode::NotFound)?.row;
        if row.class != TrafficClass::Otp {
            return Err(Refusal::new(ErrorCode::WrongState, "the message is not of the class otp"));
        }
        let country = country_of(self.snapshot().networks.lookup(row.destination));
        let used = OtpUseRow {
            id,
            account_id: account,
            country: country.map_or_else(String::new, |country| country.to_string()),
            mcc_mnc: row.mcc_mnc,
            is_used,
            sent_at: row.accepted_at,
            at: self.0.clock.now(),
        };
        Ok((used, row.destination))
    }
}
