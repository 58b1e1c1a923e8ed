//! `[payments]` of the configuration, as the engine takes it.
//!
//! Test money must not come to where real messages are sold: the test provider is refused when the public API listens for others
//! than this machine.

use std::time::Duration;

use sambac_domain::parse_micros;
use sambac_engine::payment::{PaymentSettings, ProviderSettings, ProviderUrl};
use secrecy::SecretString;

use crate::config::{Config, Payments};
use crate::exit::{Exit, Failure};

/// How the pauses between two questions about a payment grow, from the first one.
const PAUSES: [u64; 6] = [1, 3, 12, 60, 180, 720];

/// The engine's settings.
pub(crate) fn settings(config: &Config) -> Result<PaymentSettings, Failure> {
    let payments = &config.payments;
    let wrong = |why: String| Failure::because(Exit::Configuration, why);
    let transfer_alone_micros = parse_micros(&payments.transfer_alone_max)
        .map_err(|error| wrong(format!("payments.transfer_alone_max: {error}")))?;
    Ok(PaymentSettings {
        provider: provider(config).map_err(wrong)?,
        signature_tolerance: Duration::from_secs(payments.signature_tolerance_s),
        expires_after: Duration::from_secs(payments.expires_s),
        timeout: Duration::from_secs(payments.timeout_s.max(1)),
        check_after: PAUSES.map(|factor| Duration::from_secs(payments.check_s.max(1).saturating_mul(factor))).into(),
        transfer_alone_micros,
        transfer_expires_after: Duration::from_secs(payments.transfer_expires_s),
        ..PaymentSettings::default()
    })
}

fn provider(config: &Config) -> Result<ProviderSettings, String> {
    let Payments { provider, url, key, webhook_secret, .. } = &config.payments;
    match provider.as_str() {
        "" => Ok(ProviderSettings::None),
        "test" if config.http.listen.is_none_or(|address| address.ip().is_loopback()) => Ok(ProviderSettings::Test),
        "test" => Err("payments.provider: \"test\" makes money of nothing, and is refused where the public API listens for others \
            than this machine"
            .to_owned()),
        "stripe" => {
            let needed = |what: &str| format!("payments.{what} is needed for payments.provider = \"stripe\"");
            let secret = |given: &Option<crate::config::Secret>, what: &str| {
                let given = given.as_ref().map(|secret| secret.expose().to_owned()).filter(|text| !text.is_empty());
                given.map(SecretString::from).ok_or_else(|| needed(what))
            };
            let url = ProviderUrl::parse(url).map_err(|error| format!("payments.url: {error}"))?;
            let (key, webhook_secret) = (secret(key, "key")?, secret(webhook_secret, "webhook_secret")?);
            Ok(ProviderSettings::Stripe { url, key, webhook_secret })
        }
        other => Err(format!("payments.provider: there is no \"{other}\"; it is stripe, test or nothing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(provider: &str, listen: &str) -> Config {
        let mut config = Config::default();
        config.http.listen = listen.parse().ok();
        config.payments.provider = provider.to_owned();
        config.payments.transfer_alone_max = "1000".to_owned();
        config
    }

    #[test]
    fn the_test_provider_is_for_this_machine_only() {
        let on = |listen: &str| settings(&with("test", listen)).map(|settings| settings.provider);
        assert!(matches!(on("127.0.0.1:8080"), Ok(ProviderSettings::Test)));
        for open in ["0.0.0.0:8080", "192.0.2.1:80", "[::]:8080"] {
            assert!(on(open).is_err(), "{open}");
        }
    }

    #[test]
    fn a_provider_needs_its_address_and_secrets() {
        let mut config = with("stripe", "0.0.0.0:8080");
        config.payments.url = "https://api.example.com".to_owned();
        let told = provider(&config).expect_err("there is no key");
        assert!(told.contains("payments.key"), "{told}");
        assert!(provider(&with("paypal", "127.0.0.1:1")).expect_err("unknown").contains("paypal"));
        assert!(matches!(provider(&with("", "0.0.0.0:1")), Ok(ProviderSettings::None)));
    }
}
