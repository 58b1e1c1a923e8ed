//! Where Redis is, and with which password, which is never shown.

use std::fmt;
use std::str::FromStr;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo};

/// `redis://user:password@host:6379/0`, or `rediss://` for TLS.
#[derive(Clone)]
pub struct RedisUrl {
    host: String,
    port: u16,
    is_tls: bool,
    login: RedisConnectionInfo,
}

/// The text is no such URL. It is not told what is in it: there may be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a Redis URL is redis://user:password@host:port/number, or rediss:// for TLS")]
pub struct RedisUrlError;

impl RedisUrl {
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) const fn login(&self) -> &RedisConnectionInfo {
        &self.login
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Whether it is on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.host == "localhost" || self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for RedisUrl {
    type Err = RedisUrlError;

    fn from_str(text: &str) -> Result<Self, RedisUrlError> {
        let (rest, is_tls) = match (text.strip_prefix("rediss://"), text.strip_prefix("redis://")) {
            (Some(rest), _) => (rest, true),
            (None, Some(rest)) => (rest, false),
            (None, None) => return Err(RedisUrlError),
        };
        // What the library knows to ask for there would turn certificates off, or change the protocol.
        if rest.contains(['?', '#']) {
            return Err(RedisUrlError);
        }
        let info: ConnectionInfo = format!("redis://{rest}").into_connection_info().map_err(|_| RedisUrlError)?;
        match info.addr() {
            ConnectionAddr::Tcp(host, port) if !host.is_empty() => {
                let login = info.redis_settings().clone().set_lib_name("sambac", env!("CARGO_PKG_VERSION"));
                Ok(Self { host: host.clone(), port: *port, is_tls, login })
            }
            _ => Err(RedisUrlError),
        }
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "rediss" } else { "redis" };
        let (host, port, number) = (&self.host, self.port, self.login.db());
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}/{number}")
        } else {
            write!(f, "{scheme}://{host}:{port}/{number}")
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_user_and_password() {
        for (text, shown) in [
            ("redis://bank:5ecret@redis.example", "redis://redis.example:6379/0"),
            ("rediss://:5ecret@redis.example:6380/2", "rediss://redis.example:6380/2"),
            ("redis://[::1]:7000", "redis://[::1]:7000/0"),
        ] {
            let url: RedisUrl = text.parse().unwrap();
            assert_eq!((format!("{url}"), format!("{url:?}")), (shown.to_owned(), shown.to_owned()));
        }
        let url: RedisUrl = "rediss://bank:5%40cret@redis.example".parse().unwrap();
        assert_eq!((url.login().username(), url.login().password()), (Some("bank"), Some("5@cret")));
        assert!(url.is_tls() && !url.is_local());
        assert!("redis://127.0.0.1".parse::<RedisUrl>().unwrap().is_local());
    }

    #[test]
    fn what_is_no_url_is_refused_without_being_told_again() {
        for text in [
            "",
            "redis",
            "redis://",
            "http://bank:5ecret@redis.example",
            "redis://bank:5ecret@redis.example:port",
            "redis://bank:5ecret@redis.example/first",
            "rediss://bank:5ecret@redis.example/#insecure",
            "unix:///run/5ecret",
        ] {
            let error = text.parse::<RedisUrl>().expect_err(text);
            assert!(!error.to_string().contains("5ecret"), "{text}");
        }
    }
}
