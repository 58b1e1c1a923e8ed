//! What a batch would come to, without doing anything.

use std::sync::Arc;

use sambac_domain::error::ErrorCode;
use sambac_domain::id::{AccountId, ApiKeyId};
use sambac_domain::money::Money;
use sambac_domain::text::Encoding;

use super::BatchContent;
use super::begin::active;
use super::content::Common;
use crate::Engine;
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;
use crate::submit::{prepare, total_price};

/// Recipients that are looked at before others have their turn.
const CHUNK: usize = 100;

/// What a batch would come to.
#[derive(Debug)]
pub struct BatchQuote {
    /// Each recipient's message, or why it would be refused, in the order of the request.
    pub recipients: Vec<Result<QuotedRecipient, Refusal>>,
    /// For all messages that would be taken.
    pub price: Money,
    /// Whether the wallet covers that now.
    pub affordable: bool,
}

/// What a recipient's message would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotedRecipient {
    /// How it would be encoded.
    pub encoding: Encoding,
    /// Segments it takes.
    pub segments: u8,
    /// For all of them, in micros.
    pub price_micros: i64,
}

impl Engine {
    /// What [`Engine::begin_batch`] would lead to, by the prices and rules of now. What limits of rates and of spending say is seen only when it is
    /// done.
    ///
    /// # Errors
    /// What is wrong with all recipients, as [`Engine::begin_batch`].
    pub async fn quote_batch(
        &self,
        (account, api_key): (AccountId, ApiKeyId),
        content: &mut BatchContent,
    ) -> Result<BatchQuote, Refusal> {
        let now = self.0.clock.now();
        let common = self.checked(account, api_key, content, now)?;
        let snapshot = self.snapshot();
        let currency = active(&snapshot, account)?.tariff.currency();
        let (mut recipients, mut total) = (Vec::with_capacity(content.recipients.len()), 0_i64);
        for no in 0..content.recipients.len() {
            let quoted = self.quote_recipient(&snapshot, content, &common, no);
            total = total.saturating_add(quoted.as_ref().map_or(0, |quoted| quoted.price_micros));
            recipients.push(quoted);
            if no % CHUNK == 0 {
                tokio::task::yield_now().await;
            }
        }
        let affordable = self.balance(account).is_some_and(|balance| balance.allows(total));
        Ok(BatchQuote { recipients, price: Money { micros: total, currency }, affordable })
    }

    fn quote_recipient(
        &self,
        snapshot: &Arc<Snapshot>,
        content: &BatchContent,
        common: &Common,
        no: usize,
    ) -> Result<QuotedRecipient, Refusal> {
        let now = self.0.clock.now();
        let recipient = content.recipients.get(no).ok_or(ErrorCode::InvalidRequest)?;
        let draft = prepare(snapshot, content.request(common, recipient, (snapshot, now))?, now)?;
        Ok(QuotedRecipient {
            encoding: draft.body.encoding(),
            segments: draft.parts,
            price_micros: total_price(draft.price_micros, draft.segments)?,
        })
    }
}
