//! How payments are taken.

use std::net::IpAddr;
use std::time::Duration;

use secrecy::SecretString;
use url::{Host, Url};

/// How payments are taken.
#[derive(Clone, Debug)]
pub struct PaymentSettings {
    /// Who takes them.
    pub provider: ProviderSettings,
    /// How far the time in a webhook's signature may be from ours.
    pub signature_tolerance: Duration,
    /// How long a payer has.
    pub expires_after: Duration,
    /// How long the provider may take to answer.
    pub timeout: Duration,
    /// Pauses before it is asked about an open payment again; the last one goes on until the payment expires.
    pub check_after: Vec<Duration>,
    /// How long after its expiry a payment is asked about of which the provider does not say what became of it.
    pub unknown_kept: Duration,
    /// What one administrator may book within 24 hours without another one's approval, in micros of whatever currency.
    pub transfer_alone_micros: i64,
    /// How long a bank transfer waits for the other one.
    pub transfer_expires_after: Duration,
}

/// Who takes payments.
#[derive(Clone, Debug)]
pub enum ProviderSettings {
    /// Nobody.
    None,
    /// Nobody: it is played what a provider does. The money that comes of it is none.
    Test,
    /// A provider with the interface of Stripe's PaymentIntents.
    Stripe {
        /// Where it is.
        url: ProviderUrl,
        /// Our key.
        key: SecretString,
        /// What its webhooks are signed with.
        webhook_secret: SecretString,
    },
}

/// The address of a provider: https, or this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderUrl(Url);

/// An address that no provider may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a payment provider's address must be https without a user, a query or a fragment (http on this machine only)")]
pub struct NotAProviderUrl;

impl Default for PaymentSettings {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let seconds = Duration::from_secs;
        Self {
            provider: ProviderSettings::None,
            signature_tolerance: minutes(5),
            expires_after: minutes(24 * 60),
            timeout: seconds(10),
            check_after: vec![seconds(5), seconds(15), minutes(1), minutes(5), minutes(15), minutes(60)],
            unknown_kept: minutes(7 * 24 * 60),
            transfer_alone_micros: 1_000_000_000,
            transfer_expires_after: minutes(7 * 24 * 60),
        }
    }
}

impl ProviderUrl {
    /// Reads it.
    ///
    /// # Errors
    /// What an address must be like, when this one is not.
    pub fn parse(text: &str) -> Result<Self, NotAProviderUrl> {
        let url = Url::parse(text).map_err(|_| NotAProviderUrl)?;
        let plain = url.username().is_empty() && url.password().is_none();
        let whole = url.query().is_none() && url.fragment().is_none();
        let here = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
            Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
            _ => false,
        };
        let safe = url.scheme() == "https" || url.scheme() == "http" && here;
        if safe && plain && whole && url.has_host() { Ok(Self(url)) } else { Err(NotAProviderUrl) }
    }

    /// An address below it.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_asked_over_https_or_on_this_machine() {
        for good in ["https://api.example.com", "https://api.example.com/pay/", "http://127.0.0.1:9", "http://[::1]:9"]
        {
            assert!(ProviderUrl::parse(good).is_ok(), "{good}");
        }
        let bad = [
            "http://api.example.com",
            "http://localhost:9",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "https://user:secret@api.example.com",
            "https://api.example.com/?a=b",
            "api.example.com",
        ];
        for bad in bad {
            assert_eq!(ProviderUrl::parse(bad), Err(NotAProviderUrl), "{bad}");
        }
        let url = ProviderUrl::parse("https://api.example.com/pay/").expect("a good one");
        assert_eq!(url.join("/v1/x"), "https://api.example.com/pay/v1/x");
    }
}
