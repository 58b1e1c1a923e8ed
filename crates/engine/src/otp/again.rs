//! Sending a code again: on request, or because its next way begins. It stays the same code.

use std::time::Duration;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, ConnectorId, OtpId};
use sambac_domain::otp::OtpState;
use sambac_store::rows::OtpRow;
use secrecy::ExposeSecret as _;
use tokio::sync::oneshot;

use super::content::{OtpContent, Sending};
use super::start::{OtpView, price, unread};
use crate::Engine;
use crate::commit::{OtpSend, OtpWrite, Withdraw, Write};
use crate::refusal::Refusal;
use crate::submit::{Idempotency, Submitted};

/// By which way a code is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The same as last time.
    Same,
    /// The next one, because its client wants it.
    Next,
    /// The next one, because it is time.
    NextInTime,
}

impl Engine {
    /// Sends a code again, by the way by which it was sent last.
    ///
    /// # Errors
    /// A [`Refusal`]: [`ErrorCode::NotFound`], [`ErrorCode::OtpEnded`], [`ErrorCode::OtpTooSoon`], [`ErrorCode::OtpSendsUsedUp`], and
    /// all that a message may be refused with.
    pub async fn resend_otp(
        &self,
        account: AccountId,
        id: OtpId,
        idempotency: Option<Idempotency>,
    ) -> Result<OtpView, Refusal> {
        self.again(account, id, Way::Same, idempotency).await
    }

    /// Sends a code by its next way, without waiting for its time.
    ///
    /// # Errors
    /// As [`Engine::resend_otp`], and [`ErrorCode::NoNextChannel`].
    pub async fn next_otp(
        &self,
        account: AccountId,
        id: OtpId,
        idempotency: Option<Idempotency>,
    ) -> Result<OtpView, Refusal> {
        self.again(account, id, Way::Next, idempotency).await
    }

    /// Calls a code off. What of it waits with us is not sent.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::OtpEnded`], [`ErrorCode::ServiceUnavailable`].
    pub async fn cancel_otp(&self, account: AccountId, id: OtpId) -> Result<OtpView, Refusal> {
        let OtpView { sends, .. } = self.otp(account, id).await?;
        let (reply, answer) = oneshot::channel();
        let place = self.place().await?;
        if !self.0.write(Write::Otp(Box::new(OtpWrite::Cancel { id, account, reply, place }))).await {
            return Err(ErrorCode::ServiceUnavailable.into());
        }
        let row = answer.await.unwrap_or(Err(ErrorCode::ServiceUnavailable))?;
        let (done, withdrawn) = oneshot::channel();
        let messages = sends.iter().map(|send| send.id).collect();
        if self.0.write(Write::Withdraw(Withdraw { messages, done })).await {
            // What is with an operator already stays there.
            let _ = withdrawn.await;
        }
        self.0.otp.due.notify_one();
        Ok(OtpView { row, sends, price: None, replayed: false, sandbox_code: None })
    }

    pub(super) async fn again(
        &self,
        account: AccountId,
        id: OtpId,
        way: Way,
        idempotency: Option<Idempotency>,
    ) -> Result<OtpView, Refusal> {
        let row = self.0.store.otp(account, id).await.map_err(unread)?.ok_or(ErrorCode::NotFound)?;
        let submitted = self.send_again(&row, way, idempotency).await?;
        if submitted.replayed {
            return self.replayed_otp(account, submitted).await;
        }
        let view = self.otp(account, id).await?;
        Ok(OtpView { price: Some(price(submitted.price_micros, submitted.currency)), ..view })
    }

    /// The group commit looks once more whether it may be sent: this here is only the row as it was read.
    pub(super) async fn send_again(
        &self,
        row: &OtpRow,
        way: Way,
        idempotency: Option<Idempotency>,
    ) -> Result<Submitted, Refusal> {
        let now = self.0.clock.now();
        let (Some(salt), Some(sealed)) = (&row.salt, &row.content) else { return Err(ErrorCode::OtpEnded.into()) };
        if row.state != OtpState::Pending || row.expires_at <= now {
            return Err(ErrorCode::OtpEnded.into());
        }
        let content = self.otp_content(row.id, &sealed.0)?;
        let code = self.0.otp.keys.code(row.id, &salt.0, content.form).ok_or(ErrorCode::Internal)?;
        let step = if way == Way::Same { row.step } else { row.step.saturating_add(1) };
        let request = content.message(Sending {
            id: row.id,
            account_id: row.account_id,
            destination: row.destination,
            expires_at: row.expires_at,
            now,
            code: code.expose_secret(),
            step,
            idempotency,
        })?;
        let following = usize::from(step) + 1 < content.steps.len();
        let timer = following.then(|| content.steps[usize::from(step)].next_after_s);
        let next_after = timer.map(|seconds| Duration::from_secs(seconds.into()));
        let avoided = if way == Way::Same { Vec::new() } else { self.connectors_of_last(row).await? };
        let send = OtpSend::Again { id: row.id, profile: row.profile.clone(), way, step, next_after, avoided };
        let sent = self.submit_for(request, Some(send), &[]).await;
        sent.map_err(|refusal| match refusal.code {
            ErrorCode::OtpTooSoon => Refusal { retry_after: Some(row.resend_at.since(now)), ..refusal },
            _ => refusal,
        })
    }

    /// By which it went last: the next way takes another one, where there is one.
    async fn connectors_of_last(&self, row: &OtpRow) -> Result<Vec<ConnectorId>, Refusal> {
        let sent = self.0.store.message(row.account_id, row.message_id).await.map_err(unread)?;
        Ok(sent.map_or_else(Vec::new, |sent| sent.segments.iter().map(|segment| segment.connector_id).collect()))
    }

    fn otp_content(&self, id: OtpId, sealed: &[u8]) -> Result<OtpContent, Refusal> {
        let opened = self.0.settings.seal.open_once(id.raw(), sealed).ok();
        let content = opened.and_then(|octets| serde_json::from_slice(&octets).ok());
        content.ok_or_else(|| {
            tracing::error!(otp = %id, "what is kept of a one-time code cannot be read");
            ErrorCode::Internal.into()
        })
    }
}
