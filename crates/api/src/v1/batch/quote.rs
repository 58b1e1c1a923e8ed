//! What a dry run of a batch answers.

use sambac_domain::text::Encoding;
use sambac_engine::batch::{BatchQuote, QuotedRecipient};
use sambac_engine::refusal::Refusal;
use serde::Serialize;
use utoipa::ToSchema;

use super::RecipientError;
use crate::shown::{self, Price};

/// What would become of the batch.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchQuote)]
pub(crate) struct Quote {
    /// Always true.
    #[schema(example = true)]
    dry_run: bool,
    /// Recipients whose messages would be taken.
    accepted: usize,
    /// Recipients that would be refused; each tells why.
    refused: usize,
    /// For all messages that would be taken.
    price: Price,
    /// Whether your balance covers it now.
    #[schema(example = true)]
    affordable: bool,
    /// Each recipient, in the order of the request.
    recipients: Vec<QuotedTo>,
}

/// What would become of a recipient.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchQuoteRecipient)]
struct QuotedTo {
    /// Which one, from 0.
    index: usize,
    /// How its message would be encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<shown::TextEncoding>)]
    encoding: Option<Encoding>,
    /// The segments that it would be sent in.
    #[serde(skip_serializing_if = "Option::is_none")]
    segments: Option<u8>,
    /// For all segments.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Price>,
    /// Why it would be refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RecipientError>,
}

impl From<BatchQuote> for Quote {
    fn from(quote: BatchQuote) -> Self {
        let accepted = quote.recipients.iter().filter(|one| one.is_ok()).count();
        let currency = quote.price.currency;
        let told = |(index, one): (usize, Result<QuotedRecipient, Refusal>)| {
            let nothing = QuotedTo { index, encoding: None, segments: None, price: None, error: None };
            match one {
                Ok(QuotedRecipient { encoding, segments, price_micros }) => QuotedTo {
                    encoding: Some(encoding),
                    segments: Some(segments),
                    price: Some(Price::new(price_micros, currency)),
                    ..nothing
                },
                Err(refusal) => QuotedTo { error: Some(RecipientError::of(refusal, index)), ..nothing },
            }
        };
        Self {
            dry_run: true,
            accepted,
            refused: quote.recipients.len() - accepted,
            price: quote.price.into(),
            affordable: quote.affordable,
            recipients: quote.recipients.into_iter().enumerate().map(told).collect(),
        }
    }
}
