//! Where webhooks may go: never to an address inside our own network.
//!
//! The check is made on the address that is connected to, in the resolver, so that a name that changes its mind between a
//! check and a connection gains nothing. Addresses written as such in the URL never reach the resolver and are checked when
//! the URL is registered and again before each delivery.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::snapshot::IpRange;

/// All of IPv6 that was given out for the public internet.
const PUBLIC_V6: &str = "2000::/3";
/// Ranges that are not the public internet: this host, private, shared, link-local, reserved, multicast, and what is in them by another way
/// of writing.
const FORBIDDEN: [&str; 29] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

/// How a name is resolved.
type Lookup = Arc<dyn Fn(String) -> Found + Send + Sync>;
type Found = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Decides about addresses.
#[derive(Clone)]
pub(super) struct Guard {
    public_v6: Option<IpRange>,
    forbidden: Arc<[IpRange]>,
    allowed: Arc<[IpRange]>,
    ports: Arc<[u16]>,
    lookup: Lookup,
}

/// Why a URL is no place for a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAllowed {
    /// It is not a URL.
    #[error("it is not a URL")]
    Malformed,
    /// It is not https.
    #[error("it must begin with https://")]
    NotHttps,
    /// It carries a user name or password.
    #[error("it must not carry a user name or password")]
    Credentials,
    /// It names an address that is not public.
    #[error("it names an address that is not on the public internet")]
    Address,
    /// Its port is not one of those that webhooks may use.
    #[error("its port is not one that webhooks may use")]
    Port,
    /// It is longer than 2,000 characters.
    #[error("it is longer than 2,000 characters")]
    TooLong,
}

impl Guard {
    pub(super) fn new(allowed: &[IpRange], ports: &[u16]) -> Self {
        Self {
            public_v6: IpRange::parse(PUBLIC_V6),
            forbidden: FORBIDDEN.iter().filter_map(|range| IpRange::parse(range)).collect(),
            allowed: allowed.into(),
            ports: ports.into(),
            lookup: Arc::new(|name| Box::pin(by_system(name))),
        }
    }

    /// The same with a resolver of one's own.
    #[cfg(test)]
    pub(super) fn resolving_by(self, lookup: Lookup) -> Self {
        Self { lookup, ..self }
    }

    /// Whether an address may be connected to.
    pub(super) fn permits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if self.allowed.iter().any(|range| range.contains(address)) {
            return true;
        }
        let is_given_out = address.is_ipv4() || self.public_v6.iter().any(|range| range.contains(address));
        is_given_out && !self.forbidden.iter().any(|range| range.contains(address))
    }

    /// Checks a URL before it is stored and before each delivery. Plain http is allowed only towards ranges that the
    /// installation has explicitly allowed, and there to any port.
    pub(super) fn check(&self, text: &str) -> Result<Url, NotAllowed> {
        if text.len() > 2_000 {
            return Err(NotAllowed::TooLong);
        }
        let url = Url::parse(text).map_err(|_| NotAllowed::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NotAllowed::Credentials);
        }
        let literal = match url.host().ok_or(NotAllowed::Malformed)? {
            Host::Ipv4(address) => Some(IpAddr::V4(address)),
            Host::Ipv6(address) => Some(IpAddr::V6(address)),
            Host::Domain(name) if is_local_name(name) => return Err(NotAllowed::Address),
            Host::Domain(_) => None,
        };
        if literal.is_some_and(|address| !self.permits(address)) {
            return Err(NotAllowed::Address);
        }
        let inside = literal.is_some_and(|address| self.allowed.iter().any(|range| range.contains(address)));
        if url.scheme() != "https" && !(url.scheme() == "http" && inside) {
            return Err(NotAllowed::NotHttps);
        }
        let is_open = url.port_or_known_default().is_some_and(|port| self.ports.contains(&port));
        if is_open || inside { Ok(url) } else { Err(NotAllowed::Port) }
    }
}

/// `localhost` and the like, whatever a resolver would say.
fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.ends_with(".local") || name.ends_with(".internal")
}

async fn by_system(name: String) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = (guard.lookup)(name.as_str().to_owned()).await?;
            let permitted: Vec<_> = found.into_iter().filter(|address| guard.permits(address.ip())).collect();
            if permitted.is_empty() {
                return Err(Box::from("the name leads to no address on the public internet"));
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard() -> Guard {
        Guard::new(&[], &[80, 443])
    }

    #[test]
    fn every_range_parses() {
        assert_eq!(guard().forbidden.len(), FORBIDDEN.len());
        assert!(guard().public_v6.is_some());
    }

    #[test]
    fn hostile_urls_are_refused() {
        let address = [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://0/",
            "https://10.1.2.3/",
            "https://172.31.255.255/",
            "https://192.168.1.1:8443/",
            "https://169.254.169.254/latest/meta-data/",
            "https://100.100.100.200/",
            "https://[::1]/",
            "https://[::]/",
            "https://[fec0::1]/",
            "https://[::ffff:0:a00:1]/",
            "https://[::ffff:0:7f00:1]/",
            "https://[3fff::1]/",
            "https://[5f00::1]/",
            "https://[4000::1]/",
            "https://[8000::1]/",
            "https://[feff::1]/",
            "https://[1::1]/",
            "https://[::1:0:0:0]/",
            "https://[2620:4f:8000::1]/",
            "https://192.31.196.1/",
            "https://192.52.193.1/",
            "https://192.175.48.1/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[::127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[2002:7f00:1::]/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://metadata.internal/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://１２７.0.0.1/",
        ];
        for url in address {
            assert_eq!(guard().check(url), Err(NotAllowed::Address), "{url}");
        }
        assert_eq!(guard().check("http://bank.example/"), Err(NotAllowed::NotHttps));
        assert_eq!(guard().check("ftp://bank.example/"), Err(NotAllowed::NotHttps));
        assert_eq!(guard().check("https://user:secret@bank.example/"), Err(NotAllowed::Credentials));
        assert_eq!(guard().check("bank.example"), Err(NotAllowed::Malformed));
    }

    #[test]
    fn public_urls_pass() {
        for url in ["https://bank.example/hooks?x=1", "https://bank.example:443/", "https://[2606:4700::1]:80/"] {
            assert!(guard().check(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn only_some_ports_are_open() {
        for url in ["https://bank.example:8443/", "https://bank.example:22/", "https://[2606:4700::1]:6379/"] {
            assert_eq!(guard().check(url), Err(NotAllowed::Port), "{url}");
        }
        assert!(Guard::new(&[], &[443, 8443]).check("https://bank.example:8443/").is_ok());
    }

    #[test]
    fn an_allowed_range_opens_itself_only_and_may_be_plain_http() {
        let guard = Guard::new(&[IpRange::parse("127.0.0.0/8").expect("a range")], &[443]);
        assert!(guard.check("http://127.0.0.1:9000/hook").is_ok());
        assert_eq!(guard.check("https://10.0.0.1/"), Err(NotAllowed::Address));
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_resolved() {
        use std::str::FromStr;
        let resolved = guard().resolve(Name::from_str("localhost").expect("a name")).await;
        assert!(resolved.is_err());
    }
}
