//! From which address a call comes: that of the connection, or what a proxy that is trusted says in its header.
//!
//! Only one header is believed, the one that the proxies are known to write: a client may send the other one along. Of its
//! entries the last one that is no trusted proxy's counts, as anybody can write those before it. What cannot be read is no address,
//! and where a list of addresses is kept nobody gets in without one.

use std::net::{IpAddr, SocketAddr};

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use sambac_engine::snapshot::IpRange;

/// The other end of the connection that a request came over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The header in which proxies tell whom they speak for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For: 192.0.2.43, 198.51.100.17`
    #[default]
    XForwardedFor,
    /// `Forwarded: for=192.0.2.43` (RFC 7239)
    Forwarded,
}

/// The proxies in front of us, whose word on addresses is taken.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    trusted: Vec<IpRange>,
    header: ForwardedHeader,
}

impl ForwardedHeader {
    /// The header of that name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::XForwardedFor, Self::Forwarded]
            .into_iter()
            .find(|header| header.name().as_str().eq_ignore_ascii_case(name))
    }

    fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => header::FORWARDED,
        }
    }
}

impl Proxies {
    /// Those with addresses in `trusted`; without any, headers are nothing.
    pub fn new(trusted: Vec<IpRange>, header: ForwardedHeader) -> Self {
        Self { trusted, header }
    }

    /// Where a request comes from; `None` when nobody knows.
    pub(crate) fn origin(&self, parts: &Parts) -> Option<IpAddr> {
        let Peer(peer) = *parts.extensions.get::<Peer>()?;
        let peer = peer.to_canonical();
        if self.is_trusted(peer) { self.told(&parts.headers, peer) } else { Some(peer) }
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|range| range.contains(address))
    }

    /// From the end, where the nearest proxy writes. A proxy that tells of nobody speaks for itself.
    fn told(&self, headers: &HeaderMap, peer: IpAddr) -> Option<IpAddr> {
        let mut last = peer;
        for value in headers.get_all(self.header.name()).iter().rev() {
            for entry in value.to_str().ok()?.rsplit(',') {
                last = match self.header {
                    ForwardedHeader::XForwardedFor => address(entry)?,
                    ForwardedHeader::Forwarded => forwarded_for(entry)?,
                };
                if !self.is_trusted(last) {
                    return Some(last);
                }
            }
        }
        Some(last)
    }
}

/// The `for` of one element of `Forwarded`. One that is hidden (`unknown`, `_name`) is no address.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(value.trim().trim_matches('"'))
}

/// An address, with a port or without; IPv6 in brackets or not.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = || text.trim_start_matches('[').trim_end_matches(']').parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    plain().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn origin(header: ForwardedHeader, peer: &str, headers: &[(&str, &str)]) -> Option<String> {
        let trusted = ["10.0.0.0/8", "2001:db8::/64"].iter().map(|text| IpRange::parse(text).unwrap()).collect();
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(Peer(peer.parse().unwrap()));
        Proxies::new(trusted, header).origin(&parts).map(|address| address.to_string())
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let told = [("x-forwarded-for", "192.0.2.1")];
        let of = |peer, headers| origin(ForwardedHeader::XForwardedFor, peer, headers);
        assert_eq!(of("198.51.100.9", &told).as_deref(), Some("198.51.100.9"));
        assert_eq!(of("10.0.0.1", &told).as_deref(), Some("192.0.2.1"));
        assert_eq!(of("::ffff:10.0.0.1", &told).as_deref(), Some("192.0.2.1"), "a proxy over IPv6 that is IPv4");
        assert_eq!(of("10.0.0.1", &[]).as_deref(), Some("10.0.0.1"), "it speaks for itself");
    }

    #[test]
    fn what_a_client_writes_before_its_own_address_is_nothing() {
        let of = |headers| origin(ForwardedHeader::XForwardedFor, "10.0.0.1", headers);
        assert_eq!(
            of(&[("x-forwarded-for", "10.9.9.9, 203.0.113.5, 192.0.2.1, 10.0.0.2")]).as_deref(),
            Some("192.0.2.1")
        );
        let two = [("x-forwarded-for", "203.0.113.5"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(of(&two).as_deref(), Some("192.0.2.1"), "two headers are one list");
        assert_eq!(
            of(&[("forwarded", "for=203.0.113.5")]).as_deref(),
            Some("10.0.0.1"),
            "the other header is not read"
        );
    }

    #[test]
    fn what_cannot_be_read_is_no_address() {
        let of = |value| origin(ForwardedHeader::XForwardedFor, "10.0.0.1", &[("x-forwarded-for", value)]);
        for value in ["unknown", "", "192.0.2.1, ", "192.0.2.999", "192.0.2.1;10.0.0.1"] {
            assert_eq!(of(value), None, "{value}");
        }
        let forwarded = |value| origin(ForwardedHeader::Forwarded, "10.0.0.1", &[("forwarded", value)]);
        for value in ["for=unknown", "for=_hidden", "by=192.0.2.1", "192.0.2.1"] {
            assert_eq!(forwarded(value), None, "{value}");
        }
    }

    #[test]
    fn addresses_are_read_in_every_form() {
        let of = |value| origin(ForwardedHeader::XForwardedFor, "10.0.0.1", &[("x-forwarded-for", value)]);
        for value in ["192.0.2.1", " 192.0.2.1:4711 ", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:4711"] {
            assert_eq!(of(value).as_deref(), Some("192.0.2.1"), "{value}");
        }
        let forwarded = |value| origin(ForwardedHeader::Forwarded, "2001:db8::1", &[("forwarded", value)]);
        assert_eq!(forwarded("for=192.0.2.1;proto=https").as_deref(), Some("192.0.2.1"));
        assert_eq!(forwarded("proto=https; For=\"[2001:db8:cafe::17]:4711\"").as_deref(), Some("2001:db8:cafe::17"));
        assert_eq!(forwarded("for=203.0.113.5, for=192.0.2.1, for=10.0.0.9").as_deref(), Some("192.0.2.1"));
    }
}
