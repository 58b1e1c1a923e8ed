//! The broker that billing events go to, where there is one.

use sambac_bus::amqp::{BrokerFacts, probe};

use super::finding::Findings;
use crate::config::Config;
use crate::events;

pub(super) async fn look(config: &Config, findings: &mut Findings) {
    let settings = match events::settings(config) {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            return findings.skipped("broker", "none is configured (`events.url`): billing events are not published");
        }
        Err(error) => return findings.bad("broker", error.to_string(), "correct `events.url`"),
    };
    match probe(&settings.url, &settings.exchange, &config.mirror.queue).await {
        Ok(facts) => {
            findings.good("broker", format!("{} answers", settings.url));
            told(&facts, &settings.exchange, &config.mirror.queue, findings);
        }
        Err(error) => {
            let to_do =
                "start it, or correct `events.url`; events wait in the database until it is there, nothing is lost";
            findings.warning("broker", format!("{}: {error}", settings.url), to_do);
        }
    }
}

fn told(facts: &BrokerFacts, exchange: &str, queue: &str, findings: &mut Findings) {
    let found = if facts.is_blocked { "it takes nothing for now" } else { "it takes what it is given" };
    let to_do =
        "give it memory or room (`rabbitmq-diagnostics alarms` names what it lacks): events wait until it goes on";
    findings.check("broker's alarms", !facts.is_blocked, found, to_do);
    if facts.has_exchange {
        findings.good("exchange", exchange);
    } else {
        findings.skipped("exchange", format!("{exchange} is not there yet: the first start makes it"));
    }
    match facts.queue {
        None => findings.skipped("mirror's queue", format!("{queue} is not there: no `sambac mirror` was started")),
        Some(told) => {
            let found = format!("{queue}: {} wait, {} take from it", told.messages, told.consumers);
            let to_do = "start `sambac mirror`, or delete the queue: nobody takes from it, and it grows until the broker is full";
            findings.advise("mirror's queue", told.consumers > 0, found, to_do);
        }
    }
}
