//! Where billing events go, as configured.

use sambac_bus::amqp::BrokerUrl;
use sambac_engine::events::EventSettings;

use crate::config::Config;
use crate::exit::{Exit, Failure};

/// The broker and its exchange; `None` when no events are to be told.
pub(crate) fn settings(config: &Config) -> Result<Option<EventSettings>, Failure> {
    let Some(url) = &config.events.url else { return Ok(None) };
    let url: BrokerUrl =
        url.expose().parse().map_err(|error| Failure::because(Exit::Configuration, format!("events.url: {error}")))?;
    let exchange = config.events.exchange.trim().to_owned();
    if exchange.is_empty() || exchange.len() > usize::from(u8::MAX) {
        return Err(Failure::because(Exit::Configuration, "events.exchange: a name of 1 to 255 octets"));
    }
    Ok(Some(EventSettings { url, exchange }))
}
