//! Tokens that an issuer outside has signed.

use std::sync::Arc;
use std::time::Duration;

use crate::Engine;
use crate::token::{Compact, Holder, Verified};

/// By how much clocks may differ, in seconds.
const LEEWAY_S: i64 = 30;
/// For how long a token is believed without being looked at again: its key may leave the issuer's set.
const BELIEVED_FOR: Duration = Duration::from_secs(10);
/// Characters of a subject at most.
const SUBJECT_CHARS_MAX: usize = 128;

impl Engine {
    /// What a token of a configured issuer says; `None` when it is none, or does not hold now.
    pub(crate) async fn foreign_token(&self, token: &Compact<'_>) -> Option<Verified> {
        let (snapshot, now) = (self.snapshot(), self.0.clock.now());
        let issuer = snapshot.issuers.get(token.text("iss")?).filter(|issuer| issuer.is_active())?;
        if !issuer.settings.takes(&token.kind, token.algorithm) || !token.is_for(&issuer.row.audience) {
            return None;
        }
        let times = token.times(now, LEEWAY_S)?;
        let subject = token.text("sub").filter(|subject| is_plain(subject))?;
        let keys = self.0.callers.key_sets.keys(issuer, &token.kid, token.algorithm).await;
        if !keys.iter().any(|key| token.is_signed_by(key)) {
            return None;
        }
        let account = issuer.account(&token.claims, &snapshot)?;
        let subject = Arc::from(format!("issuer {} {subject}", issuer.row.name));
        let holder = Holder::Issuer { issuer: Arc::clone(issuer), account, subject };
        let expires_at = times.expires_at.min(now.saturating_add(BELIEVED_FOR));
        Some(Verified { holder, scopes: issuer.scopes(&token.claims), expires_at })
    }
}

/// It is written into the audit log.
fn is_plain(subject: &str) -> bool {
    !subject.is_empty() && subject.chars().count() <= SUBJECT_CHARS_MAX && !subject.chars().any(char::is_control)
}
