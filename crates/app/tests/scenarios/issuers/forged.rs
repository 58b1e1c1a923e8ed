//! Tokens that must not be taken, each with what is wrong with it.

use std::net::SocketAddr;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::provider::{Provider, claims, header, now};
use super::{AUDIENCE, Over as _};

type Forged = Vec<(String, String)>;

/// All of them: `good` is believed for the bank, `other` for the shop, `thief` by nobody.
pub(super) fn all(good: &Provider, other: &Provider, thief: &Provider, platform: SocketAddr) -> Forged {
    let mut all = Forged::new();
    all.extend(by_header(good, thief));
    all.extend(by_claims(good, other, platform));
    all.extend(by_form(good));
    all.extend(by_signature(good, other, thief));
    all
}

fn named(list: Vec<(&str, String)>) -> Forged {
    list.into_iter().map(|(what, token)| (what.to_owned(), token)).collect()
}

/// What the header says.
fn by_header(good: &Provider, thief: &Provider) -> Forged {
    let base = claims(good);
    let with = |change: Value| good.token(&change.over(header("EdDSA")), &base);
    let keys = good.keys();
    let own = json!({ "kty": "OKP", "crv": "Ed25519", "x": thief.keys().x(), "kid": "mine" });
    let stolen =
        |change: Value| thief.token(&change.over(json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "mine" })), &base);
    let known = |change: Value| {
        thief.token(&change.over(json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": keys.id("EdDSA") })), &base)
    };
    let signed_as =
        |signs: &str, says: Value| keys.signed(signs, &says.over(header("EdDSA")).to_string(), &base.to_string());
    named(vec![
        ("alg none, signed", with(json!({ "alg": "none", "kid": keys.id("EdDSA") }))),
        ("alg nOnE", with(json!({ "alg": "nOnE", "kid": keys.id("EdDSA") }))),
        ("no alg", signed_as("EdDSA", json!({ "alg": null, "kid": keys.id("EdDSA") }))),
        ("alg is a list", signed_as("EdDSA", json!({ "alg": ["EdDSA"], "kid": keys.id("EdDSA") }))),
        ("alg in small letters", signed_as("EdDSA", json!({ "alg": "eddsa", "kid": keys.id("EdDSA") }))),
        ("RS512 by the RSA key", signed_as("RS256", json!({ "alg": "RS512", "kid": keys.id("RS256") }))),
        ("ES256K by the P-256 key", signed_as("ES256", json!({ "alg": "ES256K", "kid": keys.id("ES256") }))),
        ("RS256 said of an Ed25519 signature", signed_as("EdDSA", json!({ "alg": "RS256", "kid": keys.id("EdDSA") }))),
        ("EdDSA said of a P-256 signature", signed_as("ES256", json!({ "kid": keys.id("ES256") }))),
        ("PS256 said of a PKCS #1 signature", signed_as("RS256", json!({ "alg": "PS256", "kid": keys.id("RS256") }))),
        ("RS256 by a key that is for PS256", signed_as("RS256", json!({ "alg": "RS256", "kid": "pss-only" }))),
        ("a key for encryption", signed_as("RS256", json!({ "alg": "RS256", "kid": "encryption" }))),
        ("another key's kid", signed_as("EdDSA", json!({ "kid": keys.id("RS256") }))),
        ("no kid", signed_as("EdDSA", json!({ "kid": null }))),
        ("an empty kid", keys.signed("EdDSA", &header("EdDSA").to_string(), &base.to_string())),
        ("kid is a number", with(json!({ "kid": 1 }))),
        ("kid is unknown", with(json!({ "kid": "ed-99" }))),
        ("kid is a path", with(json!({ "kid": "../../../../../../dev/null" }))),
        ("kid is SQL", with(json!({ "kid": "' UNION SELECT 'key' --" }))),
        ("kid is a command", with(json!({ "kid": "| cat /etc/passwd" }))),
        ("kid is a URL", with(json!({ "kid": thief.jwks_url() }))),
        ("kid is long", with(json!({ "kid": "k".repeat(1_000) }))),
        ("jku of a thief", stolen(json!({ "jku": thief.jwks_url() }))),
        ("x5u of a thief", stolen(json!({ "x5u": thief.jwks_url() }))),
        ("jwk of a thief", stolen(json!({ "jwk": own }))),
        ("jku of a thief, kid of a good key", known(json!({ "jku": thief.jwks_url() }))),
        ("jwk of a thief, kid of a good key", known(json!({ "jwk": own }))),
        ("x5c of a thief", known(json!({ "x5c": ["MIIB"] }))),
        ("crit", with(json!({ "crit": ["exp"] }))),
        ("crit of b64", with(json!({ "crit": ["b64"], "b64": false }))),
        ("b64 without crit", with(json!({ "b64": false }))),
        ("typ of an ID token", with(json!({ "typ": "JWT" }))),
        ("typ of a log-out token", with(json!({ "typ": "logout+jwt" }))),
        ("no typ", with(json!({ "typ": null }))),
        ("typ is a number", with(json!({ "typ": 1 }))),
    ])
}

/// What the claims say.
fn by_claims(good: &Provider, other: &Provider, platform: SocketAddr) -> Forged {
    let with = |change: Value| good.token(&header("EdDSA"), &change.over(claims(good)));
    named(vec![
        ("iss is nobody's", with(json!({ "iss": "https://evil.example" }))),
        ("iss with a slash", with(json!({ "iss": format!("{}/", good.url()) }))),
        ("iss in capitals", with(json!({ "iss": good.url().to_ascii_uppercase() }))),
        ("no iss", with(json!({ "iss": null }))),
        ("iss is a list", with(json!({ "iss": [good.url()] }))),
        ("iss is another issuer's", with(json!({ "iss": other.url(), "tenant": "shop" }))),
        ("iss is ours", with(json!({ "iss": format!("http://{platform}"), "aud": format!("http://{platform}") }))),
        ("iss is suspended", with(json!({ "iss": "https://closed.example" }))),
        ("aud is another's", with(json!({ "aud": "https://sms.example.org" }))),
        ("aud is more", with(json!({ "aud": format!("{AUDIENCE}.evil.example") }))),
        ("aud is the platform's own", with(json!({ "aud": format!("http://{platform}") }))),
        ("aud is a list without us", with(json!({ "aud": ["https://a.example", "https://b.example"] }))),
        ("aud is a list of odd things", with(json!({ "aud": [AUDIENCE, 1] }))),
        ("aud is an object", with(json!({ "aud": { "0": AUDIENCE } }))),
        ("no aud", with(json!({ "aud": null }))),
        ("expired", with(json!({ "exp": now() - 31 }))),
        ("no exp", with(json!({ "exp": null }))),
        ("exp is a text", with(json!({ "exp": (now() + 300).to_string() }))),
        ("exp is a fraction", with(json!({ "exp": 1e300 }))),
        ("exp is negative", with(json!({ "exp": -1 }))),
        ("exp is beyond all time", with(json!({ "exp": u64::MAX }))),
        ("not yet valid", with(json!({ "nbf": now() + 60 }))),
        ("nbf is a text", with(json!({ "nbf": "0" }))),
        ("issued in the future", with(json!({ "iat": now() + 60 }))),
        ("no sub", with(json!({ "sub": null }))),
        ("an empty sub", with(json!({ "sub": "" }))),
        ("a sub of two lines", with(json!({ "sub": "a\nb" }))),
        ("a long sub", with(json!({ "sub": "a".repeat(1_000) }))),
        ("another account", with(json!({ "tenant": "shop" }))),
        ("no account", with(json!({ "tenant": null }))),
        ("a list of accounts", with(json!({ "tenant": ["bank"] }))),
        ("an account that is not there", with(json!({ "tenant": "acc_0000000000100" }))),
    ])
}

/// How it is written.
fn by_form(good: &Provider) -> Forged {
    let (keys, base) = (good.keys(), claims(good));
    let head = json!({ "kid": keys.id("EdDSA") }).over(header("EdDSA")).to_string();
    let token = good.token(&header("EdDSA"), &base);
    let parts: Vec<&str> = token.split('.').collect();
    let raw = |header: &str, claims: &str| keys.signed("EdDSA", header, claims);
    let twice = |text: &str, member: &str| text.replacen('{', &format!("{{{member},"), 1);
    let padded = format!("{}=.{}.{}", parts[0], parts[1], parts[2]);
    let huge = json!({ "x": "x".repeat(9_000) }).over(base.clone());
    named(vec![
        ("nothing", "e30".to_owned()),
        ("dots", "..".to_owned()),
        ("two parts", parts[..2].join(".")),
        ("four parts", format!("{token}.{}", parts[2])),
        ("five parts, as when encrypted", format!("{token}.{}.{}", parts[1], parts[2])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("no claims", format!("{}..{}", parts[0], parts[2])),
        ("padding", padded),
        ("as JSON", json!({ "payload": parts[1], "protected": parts[0], "signature": parts[2] }).to_string()),
        ("huge", good.token(&header("EdDSA"), &huge)),
        ("a header twice", raw(&twice(&head, r#""alg":"none""#), &base.to_string())),
        ("a claim twice", raw(&head, &twice(&base.to_string(), r#""tenant":"shop""#))),
        ("the claim exp twice", raw(&head, &twice(&base.to_string(), r#""exp":1"#))),
        ("claims are a list", raw(&head, "[]")),
        ("claims are a text", raw(&head, "\"claims\"")),
        ("claims are no JSON", raw(&head, "claims")),
        ("claims with something behind", raw(&head, &format!("{base} {{}}"))),
        ("claims nested without end", raw(&head, &format!("{}{}", "[".repeat(2_000), "]".repeat(2_000)))),
        ("a header that is no JSON", raw("header", &base.to_string())),
        ("a header with a byte order mark", raw(&format!("\u{feff}{head}"), &base.to_string())),
    ])
}

/// Who signed, and how.
fn by_signature(good: &Provider, other: &Provider, thief: &Provider) -> Forged {
    let (keys, base) = (good.keys(), claims(good));
    let token = good.token(&header("EdDSA"), &base);
    let (message, signature) = token.rsplit_once('.').unwrap_or_default();
    let octets = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    let signed = |signature: &[u8]| format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
    let changed = |at: usize| {
        let mut octets = octets.clone();
        octets[at] ^= 1;
        signed(&octets)
    };
    let (head, body) = message.split_once('.').unwrap_or_default();
    let shops = URL_SAFE_NO_PAD.encode(json!({ "sub": "someone-else" }).over(base.clone()).to_string());
    let rsa = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(keys.rsa.public_key());
    let rsa = rsa.map(|der| der.as_ref().to_vec()).unwrap_or_default();
    let symmetric = |secret: &[u8], kid: String| {
        let head = json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid }).to_string();
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(base.to_string()));
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    // The neutral element as key and as R, with S = 0, fits any message.
    let mut neutral = [0_u8; 64];
    neutral[0] = 1;
    let low = json!({ "kid": "identity" }).over(header("EdDSA")).to_string();
    let low = format!("{}.{}", URL_SAFE_NO_PAD.encode(low), URL_SAFE_NO_PAD.encode(base.to_string()));
    let known = json!({ "kid": keys.id("EdDSA") }).over(header("EdDSA"));
    let standard = STANDARD_NO_PAD.encode(other.keys().signature("RS256", message.as_bytes()));
    named(vec![
        ("a thief's signature", thief.token(&known, &base)),
        ("another issuer's signature", other.token(&known, &base)),
        ("truncated by an octet", signed(&octets[..63])),
        ("cut in half", signed(&octets[..32])),
        ("an octet more", signed(&[&octets[..], &[0]].concat())),
        ("its first bit changed", changed(0)),
        ("its last octet changed", changed(63)),
        ("of zeros", signed(&[0; 64])),
        ("S plus the order", signed(&plus_order(&octets))),
        ("the neutral element under a good key", signed(&neutral)),
        ("the neutral element under a key of small order", format!("{low}.{}", URL_SAFE_NO_PAD.encode(neutral))),
        ("other claims under the signature", format!("{head}.{shops}.{signature}")),
        ("another header under the signature", format!("{}.{body}.{signature}", URL_SAFE_NO_PAD.encode(low_header()))),
        ("HS256 with the RSA key", symmetric(&rsa, keys.id("RS256"))),
        ("HS256 with the Ed25519 key", symmetric(keys.ed.public_key().as_ref(), keys.id("EdDSA"))),
        ("HS256 with an empty secret", symmetric(b"", keys.id("EdDSA"))),
        ("HS256 with a secret out of the key set", symmetric(b"secret", "secret".to_owned())),
        ("of the other alphabet", format!("{message}.{}", standard + "+/")),
    ])
}

fn low_header() -> String {
    json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "rsa-0" }).to_string()
}

/// The same signature in another writing (RFC 8032, section 8.4): S plus the order of the group.
fn plus_order(signature: &[u8]) -> Vec<u8> {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut sum = signature.to_vec();
    let mut carry = 0_u16;
    for (octet, order) in sum[32..].iter_mut().zip(ORDER) {
        let total = u16::from(*octet) + u16::from(order) + carry;
        [*octet, _] = total.to_le_bytes();
        carry = total >> 8;
    }
    sum
}
