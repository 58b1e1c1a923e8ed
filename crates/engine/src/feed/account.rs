//! The events that tell of the account itself: `balance.low`, `account.suspended`, `account.resumed`.

use sambac_bus::AccountNews;
use sambac_domain::Micros;
use serde::Serialize;

#[derive(Serialize)]
struct Event {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Data,
}

#[derive(Serialize)]
struct Data {
    account: String,
    /// What was in the wallet then.
    available: String,
    /// From which amount on it counts as low.
    #[serde(skip_serializing_if = "Option::is_none")]
    low_balance: Option<String>,
    currency: String,
}

/// The event's body.
pub(crate) fn body(news: &AccountNews) -> String {
    let event = Event {
        kind: news.event.as_str(),
        timestamp: news.at.rfc3339(),
        data: Data {
            account: news.account_id.to_string(),
            available: Micros(news.available_micros).to_string(),
            low_balance: news.low_balance_micros.map(|micros| Micros(micros).to_string()),
            currency: news.currency.to_string(),
        },
    };
    // A struct of texts always serialises.
    serde_json::to_string(&event).unwrap_or_default()
}
