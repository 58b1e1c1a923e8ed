//! Where the broker is, and with which password, which is never shown.

use std::fmt;
use std::str::FromStr;

use lapin::uri::{AMQPScheme, AMQPUri};

/// Seconds between the heartbeats that are asked for where the URL says nothing: a broker that is gone is noticed after two.
const HEARTBEAT_S: u16 = 15;

/// `amqp://user:password@host:5672/vhost`.
#[derive(Clone)]
pub struct BrokerUrl(AMQPUri);

/// The text is no such URL. It is not told what is in it: there may be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BrokerUrlError {
    /// Not a URL of a broker.
    #[error("a broker's URL is amqp://user:password@host:port/vhost")]
    Malformed,
    /// TLS.
    #[error(
        "amqps is not built in: let a proxy on this machine speak TLS to the broker, and name that proxy with amqp://"
    )]
    Tls,
}

impl BrokerUrl {
    pub(crate) const fn uri(&self) -> &AMQPUri {
        &self.0
    }
}

impl FromStr for BrokerUrl {
    type Err = BrokerUrlError;

    fn from_str(text: &str) -> Result<Self, BrokerUrlError> {
        let mut uri = AMQPUri::from_str(text).map_err(|_| BrokerUrlError::Malformed)?;
        if uri.scheme == AMQPScheme::AMQPS {
            return Err(BrokerUrlError::Tls);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        Ok(Self(uri))
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (authority, vhost) = (&self.0.authority, &self.0.vhost);
        write!(f, "amqp://{}:{}/{vhost}", authority.host, authority.port)
    }
}

impl fmt::Debug for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_user_and_password() {
        let url: BrokerUrl = "amqp://bank:5ecret@broker.example:5673/sms".parse().unwrap();
        for shown in [format!("{url}"), format!("{url:?}")] {
            assert_eq!(shown, "amqp://broker.example:5673/sms");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_being_told_again() {
        for text in ["", "broker", "http://bank:5ecret@broker", "amqp://bank:5ecret@broker:port"] {
            let error = text.parse::<BrokerUrl>().unwrap_err();
            assert_eq!(error, BrokerUrlError::Malformed, "{text}");
            assert!(!error.to_string().contains("5ecret"));
        }
        assert_eq!("amqps://broker.example".parse::<BrokerUrl>().unwrap_err(), BrokerUrlError::Tls);
    }
}
