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
    #[error(
        "a broker's URL is amqp://user:password@host:port/vhost; a password's @ : / ? # are written %40 %3a %2f %3f %23"
    )]
    Malformed,
    /// TLS.
    #[error(
        "amqps is not built in: let a proxy on this machine speak TLS to the broker, and name that proxy with amqp://"
    )]
    Tls,
    /// Not a place of another node.
    #[error("another node of the broker is host or host:port")]
    Host,
}

impl BrokerUrl {
    pub(crate) const fn uri(&self) -> &AMQPUri {
        &self.0
    }
}

impl BrokerUrl {
    /// The same at another node of the broker's cluster: `host` or `host:port`.
    ///
    /// # Errors
    /// [`BrokerUrlError::Host`] when it is none.
    pub fn at(&self, place: &str) -> Result<Self, BrokerUrlError> {
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(|_| BrokerUrlError::Host)?),
            None => (place, self.0.authority.port),
        };
        let is_plain = |one: char| one.is_ascii_alphanumeric() || ".-_".contains(one);
        if host.is_empty() || !host.chars().all(is_plain) {
            return Err(BrokerUrlError::Host);
        }
        let mut uri = self.0.clone();
        (uri.authority.host, uri.authority.port) = (host.to_owned(), port);
        Ok(Self(uri))
    }
}

impl FromStr for BrokerUrl {
    type Err = BrokerUrlError;

    fn from_str(text: &str) -> Result<Self, BrokerUrlError> {
        if has_open_password(text) {
            return Err(BrokerUrlError::Malformed);
        }
        let mut uri = AMQPUri::from_str(text).map_err(|_| BrokerUrlError::Malformed)?;
        if uri.scheme == AMQPScheme::AMQPS {
            return Err(BrokerUrlError::Tls);
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT_S);
        Ok(Self(uri))
    }
}

/// Whether a password is not written as it must be in a URL: a part of it would be taken for the host, and shown.
fn has_open_password(text: &str) -> bool {
    let behind = text.split_once("://").map_or(text, |(_, behind)| behind);
    let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
    let (authority, rest) = behind.split_at(end);
    authority.matches('@').count() > 1 || rest.contains(['@', '#'])
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
    fn another_node_of_the_cluster_has_the_same_user() {
        let url: BrokerUrl = "amqp://bank:5ecret@one.example:5673/sms".parse().unwrap();
        let places = ["two.example", "two.example:5674"].map(|place| url.at(place).unwrap().to_string());
        assert_eq!(places, ["amqp://two.example:5673/sms", "amqp://two.example:5674/sms"]);
        assert_eq!(url.at("two").unwrap().uri().authority.userinfo.password, "5ecret");
        for place in ["", ":5672", "two:port", "amqp://two", "two/sms"] {
            assert_eq!(url.at(place).unwrap_err(), BrokerUrlError::Host, "{place}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_without_being_told_again() {
        let open =
            ["5@ecret", "5ecret#x", "5ecret/x", "1?x"].map(|password| format!("amqp://bank:{password}@broker/sms"));
        let none = ["", "broker", "http://bank:5ecret@broker", "amqp://bank:5ecret@broker:port"];
        for text in none.into_iter().chain(open.iter().map(String::as_str)) {
            let error = text.parse::<BrokerUrl>().unwrap_err();
            assert_eq!(error, BrokerUrlError::Malformed, "{text}");
            assert!(!error.to_string().contains("5ecret"));
        }
        assert_eq!("amqps://broker.example".parse::<BrokerUrl>().unwrap_err(), BrokerUrlError::Tls);
    }
}
