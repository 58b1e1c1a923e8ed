//! A JSON Web Token in its compact form (RFC 7515, section 7.1), read strictly and not believed yet.
//!
//! What is ambiguous is no token: a member that comes twice, padding, bits left over, an extension that we do not know (`crit`,
//! `b64`). Where its header says that keys are to be had (`jku`, `x5u`, `jwk`, `x5c`) is not read.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use sambac_domain::Timestamp;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Octets of a token at most.
const OCTETS_MAX: usize = 8 * 1024;
/// Octets of a `kid` at most.
const KID_OCTETS_MAX: usize = 256;

/// A token of good form.
pub(crate) struct Compact<'a> {
    signed: &'a str,
    signature: &'a str,
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: String,
    /// Its `typ` in lower case, without `application/`; empty when there is none.
    pub(crate) kind: String,
    pub(crate) claims: Map<String, Value>,
}

/// When a token holds: [`Compact::times`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) expires_at: Timestamp,
}

impl<'a> Compact<'a> {
    /// Reads one; `None` when it has not the form, or is signed by nothing that we take.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > OCTETS_MAX {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        if signature.is_empty() || claims.contains('.') {
            return None;
        }
        let mut header = object(header)?;
        if header.contains_key("crit") || header.contains_key("b64") || header.contains_key("enc") {
            return None;
        }
        let algorithm = algorithm(header.get("alg")?.as_str()?)?;
        let kind = match header.remove("typ") {
            None => String::new(),
            Some(kind) => kind.as_str()?.to_ascii_lowercase(),
        };
        let Value::String(kid) = header.remove("kid")? else { return None };
        let kind = kind.strip_prefix("application/").unwrap_or(&kind).to_owned();
        let fits = (1..=KID_OCTETS_MAX).contains(&kid.len());
        fits.then_some(Self { signed, signature, algorithm, kid, kind, claims: object(claims)? })
    }

    /// Whether `key` has signed it.
    pub(crate) fn is_signed_by(&self, key: &DecodingKey) -> bool {
        let signed = jsonwebtoken::crypto::verify(self.signature, self.signed.as_bytes(), key, self.algorithm);
        signed.unwrap_or(false)
    }

    /// A claim that is a text.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    /// Whether it is for `audience`, alone or among others.
    pub(crate) fn is_for(&self, audience: &str) -> bool {
        match self.claims.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(all)) => {
                all.iter().all(Value::is_string) && all.iter().any(|one| one.as_str() == Some(audience))
            }
            _ => false,
        }
    }

    /// Until when it holds; `None` when it does not hold at `now`, for clocks that differ by at most `leeway_s`.
    pub(crate) fn times(&self, now: Timestamp, leeway_s: i64) -> Option<Times> {
        let now_s = now.as_secs();
        let ends_s = self.seconds("exp")??.checked_add(leeway_s)?;
        let begins_s = [self.seconds("nbf")?, self.seconds("iat")?].into_iter().flatten().max();
        let holds = now_s < ends_s && begins_s.is_none_or(|begins_s| begins_s.saturating_sub(leeway_s) <= now_s);
        holds.then(|| Times { expires_at: Timestamp::from_secs(ends_s) })
    }

    /// A claim that is a moment, in seconds: `None` when it is no moment, `Some(None)` when it is not there.
    fn seconds(&self, claim: &str) -> Option<Option<i64>> {
        match self.claims.get(claim) {
            None => Some(None),
            Some(value) => value.as_i64().filter(|seconds| (0..=SECONDS_MAX).contains(seconds)).map(Some),
        }
    }
}

/// The year 9999; what is later is no moment.
const SECONDS_MAX: i64 = 253_402_300_799;

/// Signatures that we take: none of them has a secret that who verifies knows, too.
fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "EdDSA" => Some(Algorithm::EdDSA),
        "ES256" => Some(Algorithm::ES256),
        "RS256" => Some(Algorithm::RS256),
        "PS256" => Some(Algorithm::PS256),
        _ => None,
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let octets = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice::<Unique>(&octets).ok().map(|object| object.0)
}

/// An object in which no member comes twice.
struct Unique(Map<String, Value>);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member comes twice"));
            }
        }
        Ok(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    const HEADER: &str = r#"{"alg":"EdDSA","kid":"1","typ":"application/AT+jwt","jku":"https://evil.example"}"#;

    /// A token is read, whatever its header says of keys elsewhere.
    #[test]
    fn a_token_of_good_form_is_read() {
        let text = token(HEADER, r#"{"aud":["x","here"],"exp":100,"nbf":40}"#);
        let read = Compact::parse(&text).expect("a token");
        assert_eq!((read.algorithm, read.kid.as_str(), read.kind.as_str()), (Algorithm::EdDSA, "1", "at+jwt"));
        assert!(read.is_for("here") && read.is_for("x") && !read.is_for("xhere"));
        let holds = |second, leeway| read.times(Timestamp::from_secs(second), leeway).is_some();
        assert_eq!([39, 40, 99, 100].map(|second| holds(second, 0)), [false, true, true, false]);
        assert_eq!([9, 10, 129, 130].map(|second| holds(second, 30)), [false, true, true, false]);
    }

    /// What two readers could take for two different things is no token.
    #[test]
    fn what_is_ambiguous_is_no_token() {
        for (header, claims) in [
            (r#"{"alg":"EdDSA","alg":"none","kid":"1"}"#, "{}"),
            (HEADER, r#"{"sub":"a","sub":"b"}"#),
            (r#"{"alg":"EdDSA","kid":"1","crit":["exp"]}"#, "{}"),
            (r#"{"alg":"EdDSA","kid":"1","b64":false}"#, "{}"),
            (r#"{"alg":"EdDSA","kid":1}"#, "{}"),
            (r#"{"alg":"EdDSA"}"#, "{}"),
            (r#"{"alg":"HS256","kid":"1"}"#, "{}"),
            (r#"{"alg":"none","kid":"1"}"#, "{}"),
            (r#"{"alg":"eddsa","kid":"1"}"#, "{}"),
            (HEADER, "[]"),
            (HEADER, "{} {}"),
        ] {
            assert!(Compact::parse(&token(header, claims)).is_none(), "{header} {claims}");
        }
        let good = token(HEADER, "{}");
        for bad in ["", ".", "..", &good[1..], &format!("{good}="), &format!("{good}.x"), &good.replace("c2ln", "")] {
            assert!(Compact::parse(bad).is_none_or(|read| read.signature.ends_with('=')), "{bad}");
        }
        let huge = token(HEADER, &format!("{{\"x\":\"{}\"}}", "a".repeat(OCTETS_MAX)));
        assert!(Compact::parse(&huge).is_none());
    }

    #[test]
    fn a_moment_is_a_whole_number_of_seconds() {
        for claims in [
            r#"{}"#,
            r#"{"exp":"100"}"#,
            r#"{"exp":100.5}"#,
            r#"{"exp":-1}"#,
            r#"{"exp":100,"nbf":"0"}"#,
            r#"{"exp":9223372036854775807}"#,
            r#"{"exp":null}"#,
            r#"{"exp":100,"iat":51}"#,
        ] {
            let text = token(HEADER, claims);
            assert_eq!(Compact::parse(&text).expect("a token").times(Timestamp::from_secs(50), 0), None, "{claims}");
        }
    }
}
