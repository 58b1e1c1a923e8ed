//! The key sets of issuers (RFC 7517): fetched when they are needed, kept for minutes, and asked for again when a token names a key
//! that is not known, but not more often than [`FLOOR`]. Without keys that are young enough nobody is believed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use sambac_domain::id::IssuerId;
use serde::Deserialize;
use tokio::time::Instant;
use url::{Host, Url};

use super::Issuer;
use crate::ClientError;

/// For how long a set is used without asking again.
const FRESH: Duration = Duration::from_secs(300);
/// For how long it is used when nobody answers.
const STALE_MAX: Duration = Duration::from_secs(3_600);
/// How often an issuer is asked at most.
const FLOOR: Duration = Duration::from_secs(2);
/// How long it may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Octets of a set at most.
const OCTETS_MAX: usize = 256 * 1024;
/// Keys of a set at most.
const KEYS_MAX: usize = 100;

/// The sets of all issuers.
pub(crate) struct KeySets {
    http: reqwest::Client,
    slots: Mutex<HashMap<IssuerId, Arc<Slot>>>,
}

/// The place of one issuer's set.
struct Slot {
    url: String,
    set: ArcSwapOption<KeySet>,
    /// When it was asked for the last time; held while it is.
    asked_at: tokio::sync::Mutex<Option<Instant>>,
}

struct KeySet {
    read_at: Instant,
    keys: Vec<PublicKey>,
}

struct PublicKey {
    kid: String,
    algorithms: Vec<Algorithm>,
    key: Arc<DecodingKey>,
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<serde_json::Value>,
}

/// Where a key set may be: https anywhere, http on this machine only.
///
/// # Errors
/// What is wrong with the URL.
pub fn checked_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("\"{text}\" is no URL: {error}"))?;
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
    if is_bare && is_safe { Ok(url) } else { Err(format!("\"{text}\" is not https, nor http on 127.0.0.1 or [::1]")) }
}

impl KeySets {
    /// With a client that follows nobody elsewhere.
    pub(crate) fn new() -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .user_agent(concat!("Sambac/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, slots: Mutex::default() })
    }

    /// The keys of this id that an issuer signs with by this algorithm.
    pub(super) async fn keys(&self, issuer: &Issuer, kid: &str, algorithm: Algorithm) -> Vec<Arc<DecodingKey>> {
        let slot = self.slot(issuer);
        let known = slot.keys(FRESH, kid, algorithm);
        if !known.is_empty() {
            return known;
        }
        slot.ask(&self.http, &issuer.row.name).await;
        slot.keys(STALE_MAX, kid, algorithm)
    }

    /// The slot of an issuer; another one when its set is elsewhere now.
    fn slot(&self, issuer: &Issuer) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let url = &issuer.row.jwks_url;
        let known = slots.get(&issuer.row.id).filter(|slot| slot.url == *url);
        known.cloned().unwrap_or_else(|| {
            let new = Arc::new(Slot { url: url.clone(), set: ArcSwapOption::empty(), asked_at: Default::default() });
            slots.insert(issuer.row.id, Arc::clone(&new));
            new
        })
    }
}

impl Slot {
    fn keys(&self, age_max: Duration, kid: &str, algorithm: Algorithm) -> Vec<Arc<DecodingKey>> {
        let set = self.set.load();
        let Some(set) = set.as_ref().filter(|set| set.read_at.elapsed() < age_max) else { return Vec::new() };
        let fits = |key: &&PublicKey| key.kid == kid && key.algorithms.contains(&algorithm);
        set.keys.iter().filter(fits).map(|key| Arc::clone(&key.key)).collect()
    }

    /// Asks for the set, unless it was asked for a moment ago: then what came of that is all there is.
    async fn ask(&self, http: &reqwest::Client, issuer: &str) {
        let mut asked_at = self.asked_at.lock().await;
        if asked_at.is_some_and(|at| at.elapsed() < FLOOR) {
            return;
        }
        match fetch(http, &self.url).await {
            Ok(keys) => self.set.store(Some(Arc::new(KeySet { read_at: Instant::now(), keys }))),
            Err(why) => tracing::warn!(issuer, why, "the key set of an issuer was not read"),
        }
        *asked_at = Some(Instant::now());
    }
}

async fn fetch(http: &reqwest::Client, url: &str) -> Result<Vec<PublicKey>, String> {
    let url = checked_url(url)?;
    let mut response = http.get(url).send().await.map_err(|error| error.without_url().to_string())?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(format!("it answers {}", response.status().as_u16()));
    }
    let mut octets = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url().to_string())? {
        octets.extend_from_slice(&chunk);
        if octets.len() > OCTETS_MAX {
            return Err("it is too long".to_owned());
        }
    }
    let published: Published = serde_json::from_slice(&octets).map_err(|_| "it is no key set".to_owned())?;
    Ok(published.keys.into_iter().take(KEYS_MAX).filter_map(public_key).collect())
}

/// A key that we can verify with; `None` for all others, which may be there for others.
fn public_key(published: serde_json::Value) -> Option<PublicKey> {
    let jwk: Jwk = serde_json::from_value(published).ok()?;
    let is_for_signatures = jwk.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let kid = jwk.common.key_id.clone().filter(|kid| !kid.is_empty() && is_for_signatures)?;
    let all: &[(Algorithm, KeyAlgorithm)] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => {
            &[(Algorithm::RS256, KeyAlgorithm::RS256), (Algorithm::PS256, KeyAlgorithm::PS256)]
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            &[(Algorithm::ES256, KeyAlgorithm::ES256)]
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 && is_of_full_order(&key.x) => {
            &[(Algorithm::EdDSA, KeyAlgorithm::EdDSA)]
        }
        _ => return None,
    };
    let said = jwk.common.key_algorithm;
    let fitting = all.iter().filter(|(_, word)| said.is_none_or(|said| said == *word));
    let algorithms: Vec<_> = fitting.map(|(algorithm, _)| *algorithm).collect();
    let key = Arc::new(DecodingKey::from_jwk(&jwk).ok()?);
    (!algorithms.is_empty()).then_some(PublicKey { kid, algorithms, key })
}

/// Points of Ed25519 whose order is 8 or less, in all their writings, without the bit of the sign: under such a key signatures can be
/// made that hold for any message (RFC 8032, section 5.1; "Taming the many EdDSAs", table 5).
const SMALL_ORDER: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

fn is_of_full_order(x: &str) -> bool {
    let Ok(mut octets) = URL_SAFE_NO_PAD.decode(x) else { return false };
    if octets.len() != 32 {
        return false;
    }
    if let Some(last) = octets.last_mut() {
        *last &= 0x7f;
    }
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    !SMALL_ORDER.contains(&hex.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    /// Keys are taken for what they are for; secrets, other curves and keys of small order are not.
    #[test]
    fn only_public_keys_for_signatures_are_taken() {
        let taken = |key: serde_json::Value| public_key(key).map(|key| key.algorithms.len());
        assert_eq!(taken(json!({ "kty": "OKP", "crv": "Ed25519", "x": X, "kid": "1" })), Some(1));
        assert_eq!(taken(json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "1", "use": "sig" })), Some(2));
        assert_eq!(taken(json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "1", "alg": "PS256" })), Some(1));
        for refused in [
            json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "1", "alg": "HS256" }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": X }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": X, "kid": "1", "use": "enc" }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": X, "kid": "1", "alg": "RS256" }),
            json!({ "kty": "OKP", "crv": "Ed25519", "x": "AQAB", "kid": "1" }),
            json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "1", "alg": "RS512" }),
            json!("a key"),
        ] {
            assert_eq!(taken(refused.clone()), None, "{refused}");
        }
        for hex in SMALL_ORDER {
            let octets: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect();
            let x = URL_SAFE_NO_PAD.encode(&octets);
            assert_eq!(taken(json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": "1" })), None, "{hex}");
        }
    }

    #[test]
    fn a_key_set_is_fetched_safely_or_not_at_all() {
        for good in
            ["https://login.example.com/jwks", "https://10.0.0.1/jwks", "http://127.0.0.1:8000/", "http://[::1]/x"]
        {
            assert!(checked_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://login.example.com/jwks",
            "http://localhost/jwks",
            "http://10.0.0.1/",
            "file:///etc/passwd",
            "jwks",
            "https://user@login.example.com/",
            "https://login.example.com/#x",
            "http://127.0.0.1.example.com/",
        ] {
            assert!(checked_url(bad).is_err(), "{bad}");
        }
    }
}
