//! The evidence of a verification: what a bank keeps to show later that this code was right, for this payment, at this moment.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sambac_domain::otp::OtpState;
use sambac_store::rows::{OtpRow, OtpSendRow};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::start::unread;
use crate::Engine;
use crate::refusal::Refusal;

/// The `typ` of its header: nothing else that we sign passes for it.
const KIND: &str = "otp-receipt+jwt";

/// What is signed. Times are seconds since 1970; digests are SHA-256, base64url.
#[derive(Serialize)]
struct Evidence {
    iss: &'static str,
    /// The code.
    sub: String,
    account: String,
    /// When it was right.
    iat: i64,
    verified_at: String,
    started_at: String,
    attempts: u32,
    /// Of the code's id, a vertical bar and the number with its plus.
    number_sha256: String,
    /// Of the code's id and what it is bound to; missing when that is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_sha256: Option<String>,
    /// The messages that told it.
    messages: Vec<String>,
}

impl Engine {
    /// The same for a code whose messages are not read yet.
    ///
    /// # Errors
    /// As [`Engine::sign`], and [`ErrorCode::ServiceUnavailable`](sambac_domain::ErrorCode).
    pub async fn otp_receipt(&self, row: &OtpRow) -> Result<Option<String>, Refusal> {
        let sends = self.0.store.otp_sends(row.id).await.map_err(unread)?;
        self.otp_evidence(row, &sends).await
    }

    /// The signed evidence of a code that was right, as a compact JWS; `None` for one that was not.
    ///
    /// # Errors
    /// As [`Engine::sign`].
    pub async fn otp_evidence(&self, row: &OtpRow, sends: &[OtpSendRow]) -> Result<Option<String>, Refusal> {
        let (OtpState::Verified, Some(verified_at)) = (row.state, row.ended_at) else { return Ok(None) };
        let number = Sha256::digest(format!("{}|{:#}", row.id, row.destination));
        let evidence = Evidence {
            iss: "sambac",
            sub: row.id.to_string(),
            account: row.account_id.to_string(),
            iat: verified_at.as_secs(),
            verified_at: verified_at.rfc3339(),
            started_at: row.created_at.rfc3339(),
            attempts: row.attempts,
            number_sha256: URL_SAFE_NO_PAD.encode(number),
            payment_sha256: row.link_hash.as_ref().map(|hash| URL_SAFE_NO_PAD.encode(hash)),
            messages: sends.iter().map(|send| send.id.to_string()).collect(),
        };
        self.sign(KIND, &evidence).await.map(Some)
    }
}
